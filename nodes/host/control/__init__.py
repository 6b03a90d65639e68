"""ControlNets over a clip.

``timed`` changes how strongly one acts, ``windowed`` cuts its pictures to context windows, ``network`` is that of
SparseCtrl, ``control`` looks its pictures up, ``apply`` puts it on conditionings, and ``checks`` looks at all of them
before a sampling.
"""

from .apply import apply_sparse
from .checks import check_controls, controls_of
from .control import SparseControl
from .network import SparseWeights
from .timed import ControlStrength, time_controls
from .windowed import WindowControls

__all__ = [
    "ControlStrength",
    "SparseControl",
    "SparseWeights",
    "WindowControls",
    "apply_sparse",
    "check_controls",
    "controls_of",
    "time_controls",
]
