"""Image models whose frames read one another, in the host's UNets.

``one_shot`` puts a Tune-A-Video file, or a model in training, on an image model; ``runtime`` is what acts in each call
of it, and ``checks`` looks at the clip before. ``inversion`` finds the noise of a clip with the host's samplers.
"""

from .inversion import SCHEDULERS, Inverted, Way, invert, told
from .one_shot import OneShotWeights, apply_one_shot, attach_training, load_one_shot, new_one_shot
from .runtime import HANDLER, Tuned, pool_tuned_output

__all__ = [
    "HANDLER",
    "SCHEDULERS",
    "Inverted",
    "OneShotWeights",
    "Tuned",
    "Way",
    "apply_one_shot",
    "attach_training",
    "invert",
    "load_one_shot",
    "new_one_shot",
    "pool_tuned_output",
    "told",
]
