"""Clips that go through the host's graph in pieces.

``loop`` finds the nodes between the two and copies them, with the ``record`` that goes over the wire. ``reading`` makes
the frames of a piece. ``identity`` tells what they depend on, ``forgetting`` has the host let go of what is done with,
and ``saving`` goes through all pieces.
"""

from .loop import AFTER, AT_ONCE
from .reading import cut, of_task, read_piece
from .record import Pieces, Run, Task, task_of
from .saving import begin, check_room, clip_of, done, go_on, keep, pictures_of, sound_of, tell

__all__ = [
    "AFTER",
    "AT_ONCE",
    "Pieces",
    "Run",
    "Task",
    "begin",
    "check_room",
    "clip_of",
    "cut",
    "done",
    "go_on",
    "keep",
    "of_task",
    "pictures_of",
    "read_piece",
    "sound_of",
    "task_of",
    "tell",
]
