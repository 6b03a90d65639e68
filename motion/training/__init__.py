"""Learning from clips.

A ``trainer`` takes a ``network`` and batches, and gives losses; ``settings`` say how, ``objectives`` what is minimised,
``noising`` how clips become noisy and what is predicted, ``drawing`` which random numbers there are, ``rates`` and
``optimisers`` how weights change. Its ``state`` is put down in ``checkpoints``. What can be learnt begins as
``low_rank`` layers or as ``modules``, from clips or from ``single`` frames; it is looked at in clips of
``ddim``, and saved as ``published`` files. What can go wrong is one of ``errors``.
"""

from .checkpoints import Checkpoints
from .ddim import sampled
from .drawing import Draws
from .errors import DivergedError, TrainingError, is_out_of_memory, out_of_memory
from .low_rank import ImageLora, learnable_lora, new_motion_lora
from .modules import VERSIONS, new_motion_module
from .network import NONE, NOTHING, SPATIAL, TEMPORAL, Network
from .noising import EPSILON, PREDICTIONS, VELOCITY, Noising
from .objectives import Denoising, DualPath, Objective
from .optimisers import OPTIMISERS, optimiser_problem
from .published import image_lora_tensors, motion_lora_tensors, motion_module_tensors, publish_weights
from .rates import SCHEDULES as RATE_SCHEDULES
from .settings import BRAIN, HALF, PRECISIONS, SINGLE, Settings
from .single import Picked, picked_frames, single_frames
from .state import Curve, State
from .trainer import Step, Trainer

__all__ = [
    "BRAIN",
    "EPSILON",
    "HALF",
    "NONE",
    "NOTHING",
    "OPTIMISERS",
    "PRECISIONS",
    "PREDICTIONS",
    "RATE_SCHEDULES",
    "SINGLE",
    "SPATIAL",
    "TEMPORAL",
    "VELOCITY",
    "VERSIONS",
    "Checkpoints",
    "Curve",
    "Denoising",
    "DivergedError",
    "Draws",
    "DualPath",
    "ImageLora",
    "Network",
    "Noising",
    "Objective",
    "Picked",
    "Settings",
    "State",
    "Step",
    "Trainer",
    "TrainingError",
    "image_lora_tensors",
    "is_out_of_memory",
    "learnable_lora",
    "motion_lora_tensors",
    "motion_module_tensors",
    "new_motion_lora",
    "new_motion_module",
    "optimiser_problem",
    "out_of_memory",
    "picked_frames",
    "publish_weights",
    "sampled",
    "single_frames",
]
