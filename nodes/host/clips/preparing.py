"""Clips through the host's VAE and their captions through its text encoder, onto the disk."""

from functools import partial
from typing import Any

from torch import Tensor

from ....motion.clips import (
    Cache,
    ClipsError,
    Contents,
    Prepared,
    Preparing,
    Split,
    prepare_clips,
    prepare_texts,
    split,
    text_key,
)
from ..notices import notice
from ..video import encode, progress_reporter
from .clips import Clips
from .kept import training_cache
from .training import TrainingClips
from .weights import text_identity, vae_identity

TEXT_WIDTH = 768
"""Of a token of Stable Diffusion 1.5."""
HELD_OUT = 0.1
"""Part of the clips to validate with."""


def prepare_training(clips: Clips, vae: Any, clip: Any, held_out: float = HELD_OUT) -> TrainingClips:
    """Have everything on the disk that a training reads.

    It goes on where it was stopped. Clips that cannot be used are listed.

    Args:
        vae, clip: of the host.
        held_out: part of the clips to validate with, 0 for none.

    Raises:
        ClipsError: no clip can be used, a network is missing or makes nothing of use, or the disk is full.
        FramesError: the VAE is one of a video model.
    """
    _check(vae, clip)
    folder = training_cache()
    cache, contents, encoder = Cache(folder), Contents(folder), text_identity(clip)
    # of nothing yet: a text encoder that does not fit is told before clips are encoded
    prepare_texts((), cache, partial(_text, clip), encoder)
    _check_width(cache.read(text_key("", encoder)).shape[-1])
    how = Preparing(
        partial(clips.reader.content, contents=contents),
        clips.open,
        partial(_latents, vae),
        vae_identity(vae),
        clips.choosing,
        clips.size,
    )
    prepared = prepare_clips(clips.catalogue.clips, cache, how, progress_reporter())
    captions = (sample.caption for sample in prepared.samples)
    prepare_texts(captions, cache, partial(_text, clip), encoder, progress_reporter())
    parts = split(prepared.samples, held_out)
    _tell(clips, prepared)
    about = "\n".join([*_left_out(clips), prepared.told(), _told(parts), f"cache: {cache.told()}, in {folder}"])
    return TrainingClips(parts.learnt, parts.held_out, cache, encoder, clips.choosing.frames, clips.size, about, clips)


def _check(vae: Any, clip: Any) -> None:
    if vae is None:
        raise ClipsError("There is no VAE: the checkpoint has none. Connect one from Load VAE.")
    if clip is None:
        raise ClipsError("There is no text encoder: the checkpoint has none. Connect one from Load CLIP.")


def _check_width(width: int) -> None:
    if width != TEXT_WIDTH:
        raise ClipsError(
            f"The text encoder gives {width} numbers a token, and that of Stable Diffusion 1.5 {TEXT_WIDTH}; training "
            "works with Stable Diffusion 1.5. Connect the VAE and the CLIP of the checkpoint that is trained with."
        )


def _latents(vae: Any, frames: Tensor) -> Tensor:
    """(frames, height, width, 3) to (channels, frames, height, width)."""
    return encode(vae, frames, 0, lambda _done, _of: None).movedim(0, 1)


def _text(clip: Any, caption: str) -> Tensor:
    """(tokens, width)."""
    conditioning = clip.encode_from_tokens_scheduled(clip.tokenize(caption), show_pbar=False)
    if len(conditioning) != 1:
        raise ClipsError(
            "The text encoder changes during the sampling, by hooks. Connect one without them: a training has one "
            "text for each clip."
        )
    return conditioning[0][0][0]


def _told(parts: Split) -> str:
    return f"{len(parts.learnt)} to learn from, {len(parts.held_out)} held out to validate with"


def _left_out(clips: Clips) -> list[str]:
    return [f"left out: {skipped}" for skipped in clips.catalogue.skipped[:10]]


def _tell(clips: Clips, prepared: Prepared) -> None:
    left_out = (*clips.catalogue.skipped, *prepared.skipped)
    if left_out:
        notice(f"{len(left_out)} clips are left out, such as {left_out[0]}")
