"""The frames of one piece of a video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from ....motion.pieces import PiecesError, plan_pieces
from ....motion.video import Choice
from ..notices import progress
from ..video import count_frames, encode, progress_reporter, read_frames
from .record import Pieces, Task

PIECES, IMAGES, LATENT, FIRST, FRAMES, MASK, RATE = range(7)
"""The outputs of Video in Pieces."""


@dataclass(frozen=True)
class Read:
    """What Video in Pieces gives."""

    pieces: Pieces
    images: Tensor | None
    """(frames, height, width, 3) in 0..1, None for a copy whose images nobody takes."""
    latent: Mapping[str, Any] | None
    mask: Tensor | None


def cut(video: Any, choice: Choice, size: tuple[int, int], per_piece: int, overlap: int) -> Pieces:
    """Plan the pieces of a video; this is the first one.

    Args:
        size: width and height of the frames, 0 where it follows from the other one or from the video.

    Raises:
        PiecesError: a piece that is not longer than what it shares with the next one.
        VideoFramesError: the video cannot be read.
    """
    progress("Counting the frames of the video")
    whole = count_frames(video, choice, *size)
    plan = plan_pieces(whole.frames, per_piece, overlap)
    return Pieces(video, choice, whole, plan, plan.pieces[0])


def of_task(task: Task) -> Pieces:
    """The piece that a task begins with."""
    pieces = task.run.pieces
    return replace(pieces, piece=pieces.plan.pieces[task.todo[0]])


def read_piece(pieces: Pieces, vae: Any, taken: frozenset[int] | None) -> Read:
    """Read a piece, and encode it if there is a VAE.

    Args:
        taken: the outputs that somebody takes; None if that is not known.
    """
    every, piece = pieces.choice.every, pieces.piece
    here = replace(pieces.choice, skip=pieces.choice.skip + piece.first * every, count=piece.frames)
    clip = read_frames(pieces.video, here, pieces.whole.width, pieces.whole.height)
    if clip.images.shape[0] != piece.frames:
        raise PiecesError(
            f"Frame {piece.first + clip.images.shape[0]} of {pieces.whole.frames} cannot be read any more. Has the "
            "video changed? Queue again."
        )
    images = clip.images if taken is None or IMAGES in taken else None
    mask = clip.mask if taken is None or MASK in taken else None
    latent = None
    if vae is not None and (taken is None or LATENT in taken):
        samples = encode(vae, clip.images, 0, progress_reporter())
        # a sampler draws the noise of a frame by this number, so that it is the same in both pieces that have the frame
        latent = {"samples": samples, "batch_index": list(range(piece.first, piece.end))}
    if taken is None:
        return Read(pieces, images, latent, mask)
    made = (images, mask, None if latent is None else latent["samples"])
    return Read(replace(pieces, made=tuple(each for each in made if each is not None)), images, latent, mask)
