"""A run through all pieces, from where an earlier one ended."""

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ....motion.pieces import Frames, Joined, PiecesError, Store, differences, key_of, unfinished
from .. import folders
from ..notices import notice, progress
from ..video import Decoded, whole_sound
from .forgetting import forget
from .identity import settings_of
from .loop import beside, copies, find_loop
from .reading import LATENT
from .record import Pieces, Run, Task

FOLDER = "kinema_pieces"
AT_ONCE = 8
"""Frames to look at together that are in memory already."""
SPARE = 64 << 20
"""Bytes that the disk must have beside the pieces."""


def begin(hidden: Any, pieces: Pieces, deep: bool, temporary: bool) -> Run:
    """Find the nodes between the two and the pieces that are there already.

    Args:
        hidden: of Save Pieces, with the host's ``dynprompt`` and ``unique_id``.
        deep: keep frames in 16 bits.
        temporary: keep them where the server removes them when it starts.

    Raises:
        PiecesError: nothing that could be done piece by piece, or no room.
    """
    loop = find_loop(hidden.dynprompt, hidden.unique_id)
    start, inputs = (hidden.dynprompt.get_node(node)["inputs"] for node in (loop.start, loop.end))
    if LATENT in loop.taken and start.get("vae") is None:
        raise PiecesError("Video in Pieces has no latent without a VAE. Connect its vae.")
    if inputs.get("samples") is not None and inputs.get("vae") is None:
        raise PiecesError("Save Pieces cannot decode samples without a VAE. Connect its vae.")
    kind = np.dtype(np.uint16 if deep else np.uint8)
    settings = settings_of(hidden.dynprompt, loop, pieces, kind.name)
    try:
        place = root(temporary)
    except OSError as error:
        raise PiecesError(f"The folder for the pieces cannot be made ({error.strerror}).") from error
    folder = place / key_of({**settings, "node": loop.end})
    store = Store(folder, pieces.plan, kind, loop.end, settings)
    return Run(loop, pieces, store)


def tell(run: Run) -> None:
    """Say what is there already, and what else lies there, before anything is made.

    Raises:
        PiecesError: no room for what is to come.
    """
    store, count = run.store, len(run.pieces.plan.pieces)
    missing = store.missing()
    if store.damaged:
        notice(f"{_listed(store.damaged)} of {count} was damaged and is made again.")
    there = [number for number in range(count) if number not in missing]
    if there:
        notice(f"{_listed(there)} of {count} {'was' if len(there) == 1 else 'were'} there already.", logging.INFO)
    else:
        _tell_others(run)
    check_room(run, missing)


def _tell_others(run: Run) -> None:
    others = [each for each in unfinished(run.store.folder.parent) if each.folder != run.store.folder and each.pieces]
    mine = next((each for each in others if each.node == run.loop.end), None)
    if mine is not None:
        changed = differences(mine.settings, run.store.settings)
        notice(
            f"Begins anew, because {changed}. {mine.pieces} of {mine.of} pieces of the run before are in {mine.folder} "
            f"({_size(mine.size)}). Set it back and queue again to go on with them, or delete the folder."
        )
    elif others:
        size = _size(sum(each.size for each in others))
        notice(
            f"Pieces of {len(others)} unfinished clips are in {run.store.folder.parent} ({size}); delete those you "
            "do not go on with.",
            logging.INFO,
        )


def check_room(run: Run, missing: tuple[int, ...]) -> None:
    """See whether the pieces that are still to be made fit on the disk.

    Raises:
        PiecesError: they do not.
    """
    whole, store = run.pieces.whole, run.store
    height, width, channels = store.shape or (whole.height, whole.width, 3)
    frames = sum(run.pieces.plan.pieces[number].frames for number in missing)
    needed, disk = frames * height * width * channels * store.kind.itemsize, store.folder.parent.parent
    free = shutil.disk_usage(disk).free
    if missing and needed + SPARE > free:
        raise PiecesError(
            f"{frames} frames of {width}x{height} take {_size(needed)} until the clip is whole, but {_size(free)} are "
            f"free on the disk that holds {disk}. Free some space, or lower frames, width and height."
        )


def keep(hidden: Any, run: Run, pieces: Pieces, pictures: Frames, at_once: int) -> None:
    """Put a piece on the disk, and let go of what only this piece needed.

    Raises:
        PiecesError: it has not the frames that belong to it, or there is no room.
    """
    run.store.write(pieces.piece.number, pictures, at_once)
    pieces.release()
    if hidden.unique_id != run.loop.end:
        forget(beside(run.loop, hidden.unique_id))
    progress(f"{pieces.piece.number + 1} of {len(run.pieces.plan.pieces)} pieces")


def pictures_of(samples: Any, vae: Any, images: Any, frames_per_batch: int) -> tuple[Frames, int]:
    """The frames of a piece, and how many of them to ask for together.

    Raises:
        PiecesError: nothing came.
    """
    if samples is not None:
        decoded = Decoded(vae, samples, frames_per_batch)
        return decoded, decoded.at_once
    if images is None:
        raise PiecesError("No frames came to Save Pieces: what is connected to it gave nothing for this piece.")
    return images, frames_per_batch or AT_ONCE


def go_on(hidden: Any, run: Run, todo: tuple[int, ...], finishing: bool) -> tuple[dict[str, Any], Any]:
    """Copies of the nodes for the pieces that are left, and a link to what the last of them gives."""
    half = len(todo) // 2
    parts = [(part, last) for part, last in ((todo[:half], False), (todo[half:], finishing)) if part]
    tasks = [Task(run, part, last) for part, last in parts]
    told = [(task, task.piece is not None) for task in tasks]
    return copies(hidden.dynprompt, run.loop, told, run.pieces, ("audio",))


def clip_of(run: Run) -> Joined:
    """The whole clip, once every piece is there."""
    return Joined(run.store)


def sound_of(run: Run) -> Any:
    """The sound of the whole clip."""
    return whole_sound(run.pieces.video, run.pieces.choice, run.pieces.whole)


def done(run: Run) -> None:
    """Remove the pieces of a clip that is saved."""
    try:
        run.store.remove()
    except OSError as error:
        notice(f"The clip is saved, but its pieces in {run.store.folder} cannot be removed ({error.strerror}).")


def root(temporary: bool) -> Path:
    """The folder that pieces are kept in."""
    return Path(folders.temporary_folder() if temporary else folders.output_folder()) / FOLDER


def _listed(numbers: list[int]) -> str:
    """``Pieces 1-7 and 9``."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in ranges]
    listed = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    return f"{'Pieces' if len(set(numbers)) > 1 else 'Piece'} {listed}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
