"""Clips that are longer than a motion module sees at once.

``plan`` cuts a clip into overlapping windows, ``drawing`` shows a plan, ``context_reference`` says which windows see
which, and ``reuse`` is the plain way to make them agree.
"""

from .context_reference import (
    MODES,
    WAYS,
    Reader,
    ReferenceOptions,
    WindowReferenceError,
    adain,
    blend,
    matching,
    parse_frames,
    sources,
    statistics,
    widest,
)
from .drawing import draw_plan
from .plan import FUSES, SCHEDULES, Window, WindowError, WindowOptions, is_needed, plan_windows
from .reuse import reuse_first

__all__ = [
    "FUSES",
    "MODES",
    "SCHEDULES",
    "WAYS",
    "Reader",
    "ReferenceOptions",
    "Window",
    "WindowError",
    "WindowOptions",
    "WindowReferenceError",
    "adain",
    "blend",
    "draw_plan",
    "is_needed",
    "matching",
    "parse_frames",
    "plan_windows",
    "reuse_first",
    "sources",
    "statistics",
    "widest",
]
