"""Which frames of a clip each piece has."""

from dataclasses import dataclass

import numpy as np


class PiecesError(ValueError):
    """A clip that cannot go through in pieces; the message says why."""


@dataclass(frozen=True)
class Piece:
    """Frames that follow one another."""

    number: int
    """From 0."""
    first: int
    frames: int

    @property
    def end(self) -> int:
        """The frame behind its last one."""
        return self.first + self.frames


@dataclass(frozen=True)
class Plan:
    """The pieces of a clip, in order; each shares some frames with the next one."""

    pieces: tuple[Piece, ...]
    overlap: int

    @property
    def frames(self) -> int:
        """Of the whole clip."""
        return self.pieces[-1].end

    def weights(self, piece: Piece) -> np.ndarray:
        """How much of each frame of a piece goes into the clip, before those of all pieces are made to sum to 1.

        Where two pieces share frames one fades into the other in equal steps, and no frame is of one piece alone.
        """
        at = np.arange(piece.frames, dtype=np.float32)
        steps = np.float32(self.overlap + 1)
        weights = np.ones(piece.frames, np.float32)
        if piece.number > 0:
            weights = np.minimum(weights, (at + 1) / steps)
        if piece.number < len(self.pieces) - 1:
            weights = np.minimum(weights, (piece.frames - at) / steps)
        return weights


def plan_pieces(frames: int, per_piece: int, overlap: int) -> Plan:
    """As few pieces as go, of nearly the same length, so that the last one is not a short one.

    Args:
        frames: of the clip.
        per_piece: at most so many in a piece.
        overlap: frames that a piece shares with the next one.

    Raises:
        PiecesError: pieces that do not get on, or a clip without frames.
    """
    problem = plan_problem(per_piece, overlap)
    if problem is not None:
        raise PiecesError(problem)
    if frames < 1:
        raise PiecesError("The clip has no frames.")
    count = max(1, -(-(frames - overlap) // (per_piece - overlap)))
    length, longer = divmod(frames + (count - 1) * overlap, count)
    pieces: list[Piece] = []
    first = 0
    for number in range(count):
        pieces.append(Piece(number, first, length + (number < longer)))
        first = pieces[-1].end - overlap
    return Plan(tuple(pieces), overlap)


def plan_problem(per_piece: int | None, overlap: int | None) -> str | None:
    """What is wrong with settings, None if nothing is or, before a run, if one of them is connected."""
    if per_piece is None or overlap is None or overlap < per_piece:
        return None
    return (
        f"overlap is {overlap} and frames_per_piece {per_piece}: a piece must be longer than what it shares with the "
        f"next one. Set overlap below {per_piece}."
    )
