"""Files that are whole or not there, whoever is killed and however full the disk is.

A file is written in a folder of ``work`` beside its place, ``settled`` there, and gets its name in ``naming``.
"""

from .naming import numbered, publish
from .settled import is_full, settle, write_settled
from .work import WORK_PREFIX, sweep, sweep_tree, taken, work_folder

__all__ = [
    "WORK_PREFIX",
    "is_full",
    "numbered",
    "publish",
    "settle",
    "sweep",
    "sweep_tree",
    "taken",
    "work_folder",
    "write_settled",
]
