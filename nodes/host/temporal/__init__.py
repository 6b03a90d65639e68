"""Motion models inside a running UNet.

``motion`` loads their files and ``companion`` is what may accompany them, such as a ``lora``. ``runtime`` runs the
temporal layers, ``norms`` has the group norms that some formats pool over frames, ``fit`` says where the layers have
their place. ``adapter`` patches the image model's own weights.
"""

from .adapter import apply_adapter
from .companion import Acting, Clip, Companion, WeightedCompanion
from .fit import anchors_of, check_fit
from .lora import ActingLora, LoraWeights, MotionLora
from .motion import LoadedMotion, MotionWeights, MusePoseWeights, load_motion
from .norms import pooled_output, pooled_resblock
from .runtime import (
    HANDLER,
    PATCH,
    Anchors,
    Attached,
    Layer,
    MotionWrapper,
    Runtime,
    Strengths,
    companion_patchers,
    last_block,
    other_handler,
    pool_output,
    views_now,
)

__all__ = [
    "HANDLER",
    "PATCH",
    "Acting",
    "ActingLora",
    "Anchors",
    "Attached",
    "Clip",
    "Companion",
    "Layer",
    "LoadedMotion",
    "LoraWeights",
    "MotionLora",
    "MotionWeights",
    "MotionWrapper",
    "MusePoseWeights",
    "Runtime",
    "Strengths",
    "WeightedCompanion",
    "anchors_of",
    "apply_adapter",
    "check_fit",
    "companion_patchers",
    "last_block",
    "load_motion",
    "other_handler",
    "pool_output",
    "pooled_output",
    "pooled_resblock",
    "views_now",
]
