"""Clips and captions through the networks and onto the disk, as far as they are not there yet."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from torch import Tensor

from .cache import Cache
from .catalogue import Clip
from .choosing import Choosing, View, held_out
from .errors import ClipsError
from .identity import latents_key, text_key
from .opened import NAMED, NONE_USABLE, Footage, Opened, UnusableClipError, kept_length
from .skipping import Skipped, Skips, readable

SHOWN = 60
"""Letters of a caption in a message."""
CHOOSING = Choosing()


@dataclass(frozen=True)
class Sample:
    """A clip that is prepared."""

    content: str
    """What it is: copies of a clip have the same."""
    views: tuple[str, ...]
    """The keys of its latents, at least one."""
    caption: str
    repeats: int = 1
    name: str = ""
    source: str = ""
    """Of the clip in its catalogue."""


@dataclass(frozen=True)
class Prepared:
    """Clips that can be learnt from, at least one."""

    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...] = ()
    short: tuple[str, ...] = ()
    """Names of clips that are shorter than a window, so that their frames are nearer to each other than was asked."""
    still: tuple[str, ...] = ()
    """Names of clips in which nothing moves, because they have one frame."""

    def told(self, most: int = 10) -> str:
        """What is prepared and what is not, in lines."""
        clips, parts = len(self.samples), sum(len(sample.views) for sample in self.samples)
        lines = [f"{clips} clip{'s' * (clips > 1)}, {parts} view{'s' * (parts > 1)} of {'them' if clips > 1 else 'it'}"]
        about = (
            (self.short, "shorter than the frames times the stride: their frames lie closer together"),
            (self.still, "of one frame, which teaches standing still"),
        )
        lines += [f"{len(names)} {what} ({', '.join(map(readable, names[:NAMED]))})" for names, what in about if names]
        lines += [f"left out: {skipped}" for skipped in self.skipped[:most]]
        more = len(self.skipped) - most
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


@dataclass(frozen=True)
class Split:
    """Clips to learn from, and clips to validate with."""

    learnt: tuple[Sample, ...]
    held_out: tuple[Sample, ...]


def split(samples: Sequence[Sample], part: float, seed: int = 0) -> Split:
    """Hold clips out, as `held_out` says; copies of a clip are on one side."""
    held = held_out((sample.content for sample in samples), part, seed)
    return Split(
        tuple(sample for sample in samples if sample.content not in held),
        tuple(sample for sample in samples if sample.content in held),
    )


@dataclass(frozen=True)
class Preparing:
    """How clips become latents."""

    content: Callable[[Clip], str]
    """What a clip is, as `Contents.of`."""
    open: Callable[[Clip], AbstractContextManager[Footage]]
    encode: Callable[[Tensor], Tensor]
    """From (frames, height, width, 3) in 0..1 to latents (channels, frames, height, width), not scaled yet."""
    encoder: str
    """What ``encode`` is, such as a hash of its weights."""
    choosing: Choosing = CHOOSING
    size: tuple[int, int] = (256, 256)
    """Height and width in pixels."""

    def key(self, content: str, view: View) -> str:
        """The key of the latents of a view."""
        return latents_key(content, view, self.size, self.encoder)


def prepare_clips(
    clips: Sequence[Clip], cache: Cache, how: Preparing, told: Callable[[int, int], None] = lambda _done, _of: None
) -> Prepared:
    """Have the latents of clips in a cache.

    Stopped at any moment and called again it goes on where it was; memory does not grow with the length of clips. What
    reading a clip raises is why that clip is left out; what ``encode`` and ``told`` raise ends it all.

    Args:
        told: is called before each clip with its number and how many there are.

    Raises:
        ClipsError: no clip can be used, or the disk is full.
    """
    skips, samples = Skips(), []
    short: list[str] = []
    still: list[str] = []
    with cache:
        for number, clip in enumerate(clips):
            told(number, len(clips))
            try:
                with Opened(clip, how.open) as opened:
                    content = opened.content(how.content)
                    length = kept_length(content, opened, cache)
                    shown = opened.views(content, length, how.choosing)
                    for view in shown:
                        if how.key(content, view) not in cache:
                            cache.add(how.key(content, view), _encoded(how, opened.pictures(view, how.size)))
            except UnusableClipError as error:
                skips.add(clip.name or clip.source, str(error))
                continue
            keys = tuple(how.key(content, view) for view in shown)
            samples.append(Sample(content, keys, clip.caption, clip.repeats, clip.name, clip.source))
            if shown[0].is_still:
                still.append(clip.name)
            elif how.choosing.is_short(length):
                short.append(clip.name)
    told(len(clips), len(clips))
    prepared = Prepared(tuple(samples), skips.told(), tuple(short), tuple(still))
    if not samples:
        raise ClipsError(" ".join([NONE_USABLE, *map(str, prepared.skipped[:NAMED])]))
    return prepared


def _encoded(how: Preparing, frames: Tensor) -> Tensor:
    latents = how.encode(frames)
    if latents.ndim != 4 or latents.shape[1] != frames.shape[0]:
        raise ClipsError(
            f"The VAE makes latents of {'x'.join(map(str, latents.shape))} from {frames.shape[0]} frames. Motion "
            "modules need one of each frame; connect the VAE of the image model they belong to."
        )
    if not bool(latents.isfinite().all()):
        raise UnusableClipError("the VAE makes values that are no numbers of it, as some do in 16 bits")
    return latents


def prepare_texts(
    captions: Iterable[str],
    cache: Cache,
    encode: Callable[[str], Tensor],
    encoder: str,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> None:
    """Have captions, and the empty one, in a cache as the text encoder reads them.

    Args:
        encode: a caption to (tokens, width).
        encoder: what ``encode`` is, such as a hash of its weights.
        told: is called before each caption with its number and how many are to be made.

    Raises:
        ClipsError: the disk is full, or a text becomes what is no numbers.
    """
    missing = [text for text in dict.fromkeys(("", *captions)) if text_key(text, encoder) not in cache]
    with cache:
        for number, caption in enumerate(missing):
            told(number, len(missing))
            text = encode(caption)
            if text.ndim != 2:
                raise ClipsError(f"A caption becomes {'x'.join(map(str, text.shape))} numbers, not tokens by width.")
            if not bool(text.isfinite().all()):
                raise ClipsError(
                    f"The text encoder gives values that are no numbers for {readable(caption[:SHOWN])!r}. Run it "
                    "in 32 bits."
                )
            cache.add(text_key(caption, encoder), text)
    told(len(missing), len(missing))
