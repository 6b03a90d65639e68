"""What a clip is worth in numbers, and clips side by side.

``pictures`` checks what came, ``errors`` says what is wrong with it, and ``scores`` are what comes out. By embeddings:
``cosine``. Against a ground truth: ``fidelity``, and with networks from files ``perceptual`` and ``features``, whose
distance is in ``frechet``. Of the clip alone: ``flow`` finds where pixels go, ``warping`` follows them, ``steps`` does
so for a whole clip, and ``movement``, ``direction`` and ``flicker`` read it. ``measure`` is all that needs no weights,
``report`` writes results down, ``table`` those of many clips, and ``comparing`` puts clips into one picture.
"""

from .comparing import (
    BACKGROUND,
    GAP,
    LAYOUTS,
    MODES,
    MOTION,
    Part,
    check_together,
    compared,
    difference,
    fitted,
    flow_picture,
    tiled,
)
from .cosine import domain_similarity, frame_smoothness, text_alignment
from .direction import expected_flow, motion_direction
from .errors import EvaluationError
from .features import Network, load_network, starts, video_distance
from .fidelity import psnr, ssim
from .flicker import temporal_flicker
from .flow import optical_flow, resized_flow, scaled_down
from .frechet import frechet_distance
from .measure import measure_alone, measure_fidelity
from .movement import camera_shake, frozen_frames, loop_closure, motion_magnitude, warping_error
from .perceptual import BACKBONES, Perceptual, backbone_of, check_large_enough, read_perceptual
from .pictures import as_pictures, blocks, brightness, check_alike
from .report import describe_result, shown
from .scores import HIGHER, METRICS, NEITHER, Metric, Result, Score, ordered
from .steps import Steps, look_at_steps
from .table import PAPER, Cell, ResultsTable, TableRow, tabulate, titled
from .warping import fetched, visible, warping_errors

__all__ = [
    "BACKBONES",
    "BACKGROUND",
    "GAP",
    "HIGHER",
    "LAYOUTS",
    "METRICS",
    "MODES",
    "MOTION",
    "NEITHER",
    "PAPER",
    "Cell",
    "EvaluationError",
    "Metric",
    "Network",
    "Part",
    "Perceptual",
    "Result",
    "ResultsTable",
    "Score",
    "Steps",
    "TableRow",
    "as_pictures",
    "backbone_of",
    "blocks",
    "brightness",
    "camera_shake",
    "check_alike",
    "check_large_enough",
    "check_together",
    "compared",
    "describe_result",
    "difference",
    "domain_similarity",
    "expected_flow",
    "fetched",
    "fitted",
    "flow_picture",
    "frame_smoothness",
    "frechet_distance",
    "frozen_frames",
    "load_network",
    "look_at_steps",
    "loop_closure",
    "measure_alone",
    "measure_fidelity",
    "motion_direction",
    "motion_magnitude",
    "optical_flow",
    "ordered",
    "psnr",
    "read_perceptual",
    "resized_flow",
    "scaled_down",
    "shown",
    "ssim",
    "starts",
    "tabulate",
    "temporal_flicker",
    "text_alignment",
    "tiled",
    "titled",
    "video_distance",
    "visible",
    "warping_error",
    "warping_errors",
]
