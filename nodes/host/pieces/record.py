"""What goes over the wire from Video in Pieces to Save Pieces, and what their copies are told."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ....motion.pieces import Piece, Plan, Store
from ....motion.video import Choice
from ..video import Whole
from .loop import TASK, Loop


@dataclass(frozen=True, eq=False)
class Pieces:
    """A video and which piece of it this is."""

    video: Any
    """The host's VIDEO."""
    choice: Choice
    """Of the whole clip."""
    whole: Whole
    plan: Plan
    piece: Piece
    made: tuple[Tensor, ...] = field(default=(), repr=False)
    """What was made for this piece alone and nobody needs afterwards."""

    def release(self) -> None:
        """Let go of what was made for this piece.

        The host keeps every output until the end of the run. These are read by the nodes between the two alone, which
        are done. Whoever still looks into one finds it empty; views of it keep what they show.
        """
        for tensor in self.made:
            tensor.set_(tensor.new_empty(0).untyped_storage())


@dataclass(frozen=True, eq=False)
class Run:
    """One run through all pieces."""

    loop: Loop
    pieces: Pieces
    store: Store


@dataclass(frozen=True, eq=False)
class Task:
    """What copies of the nodes are for: one piece, or to see to it that several are made."""

    run: Run
    todo: tuple[int, ...]
    finishing: bool
    """Whether the clip is whole when they are made."""

    @property
    def piece(self) -> int | None:
        """The number of the piece to make, None to have several made."""
        return self.todo[0] if len(self.todo) == 1 else None


def task_of(hidden: Any) -> Task | None:
    """The task of the node that runs, None if it is the one a person sees, which makes the first piece.

    Args:
        hidden: with the host's ``dynprompt`` and ``unique_id``.
    """
    task = hidden.dynprompt.get_node(hidden.unique_id)["inputs"].get(TASK)
    # over HTTP any text may come under that name
    return task if isinstance(task, Task) else None
