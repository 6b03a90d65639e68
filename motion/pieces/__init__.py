"""A clip that goes through in pieces, so that memory does not grow with its length.

``plan`` says which frames each piece has. ``levels`` are frames as files have them; a ``store`` keeps the finished ones
in a folder that has a ``lock``, and ``joined`` reads them as one clip again. ``settings`` tell whose pieces they are.
"""

from .joined import Joined
from .levels import Frames, levels
from .plan import Piece, PiecesError, Plan, plan_pieces, plan_problem
from .settings import differences, key_of
from .store import Store, Unfinished, unfinished

__all__ = [
    "Frames",
    "Joined",
    "Piece",
    "PiecesError",
    "Plan",
    "Store",
    "Unfinished",
    "differences",
    "key_of",
    "levels",
    "plan_pieces",
    "plan_problem",
    "unfinished",
]
