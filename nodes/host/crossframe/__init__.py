"""Image models whose frames read one another, in the host's UNets.

``one_shot`` puts a Tune-A-Video file, or a model in training, on an image model; ``runtime`` is what acts in each call
of it, and ``checks`` looks at the clip before. ``inversion`` finds the noise of a clip with the host's samplers. Of
Text2Video-Zero, ``across`` lets frames read the first one, ``looking`` looks at the clip before, and ``latent_motion``
makes noisy latents that move.
"""

from .across import CrossFrame, read_across
from .inversion import SCHEDULERS, Inverted, Way, invert, told
from .latent_motion import MotionLatents, MotionWay, motion_latents, told_motion
from .one_shot import OneShotWeights, apply_one_shot, attach_training, load_one_shot, new_one_shot
from .runtime import HANDLER, Tuned, pool_tuned_output

__all__ = [
    "HANDLER",
    "SCHEDULERS",
    "CrossFrame",
    "Inverted",
    "MotionLatents",
    "MotionWay",
    "OneShotWeights",
    "Tuned",
    "Way",
    "apply_one_shot",
    "attach_training",
    "invert",
    "load_one_shot",
    "motion_latents",
    "new_one_shot",
    "pool_tuned_output",
    "read_across",
    "told",
    "told_motion",
]
