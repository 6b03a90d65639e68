"""The temporal layers of AnimateDiff and what changes them.

``transformer`` is one temporal transformer, and ``mixing`` what it is told: ``positions`` that may be adjusted,
``lowrank`` terms beside its linear layers, ``steering`` by a camera, ``views`` of a part of the frames. ``pia``, and
``lcm`` on ``residual`` blocks, read a picture, which ``fitting`` brings to the size of the clip. ``module`` puts it all
together from a file, ``info`` describes it. ``lora_files`` and ``lora_layers`` are MotionLoRAs, ``adapter`` is the
domain adapter.
"""

from .adapter import AdapterError, check_adapter
from .fitting import CROP, FITS, fitted, told_fit
from .info import describe
from .lcm import DRIFT
from .lora_files import LoraError, LoraFile, LowRank, Target, read_lora
from .lora_layers import LoraModel, fit, load_lora_model
from .lowrank import LowRankLinear, Term
from .mixing import Mixing
from .module import MotionModel, load_motion_model, stack_rows
from .pia import FIRST_LAYERS, PRESETS, affinities
from .positions import PositionAdjustment, position_matrix
from .residual import ResidualBlock
from .steering import Steering
from .transformer import TemporalAttention, TemporalTransformer, pooled_norm, sinusoidal_positions
from .views import View, placed_views

__all__ = [
    "CROP",
    "DRIFT",
    "FIRST_LAYERS",
    "FITS",
    "PRESETS",
    "AdapterError",
    "LoraError",
    "LoraFile",
    "LoraModel",
    "LowRank",
    "LowRankLinear",
    "Mixing",
    "MotionModel",
    "PositionAdjustment",
    "ResidualBlock",
    "Steering",
    "Target",
    "TemporalAttention",
    "TemporalTransformer",
    "Term",
    "View",
    "affinities",
    "check_adapter",
    "describe",
    "fit",
    "fitted",
    "load_lora_model",
    "load_motion_model",
    "placed_views",
    "pooled_norm",
    "position_matrix",
    "read_lora",
    "sinusoidal_positions",
    "stack_rows",
    "told_fit",
]
