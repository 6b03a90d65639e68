"""Clips that are made when they are read, and networks that are arithmetic."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from kinema.motion.clips import Cache, Choosing, Clip, Footage, Prepared, Preparing, prepare_clips, prepare_texts
from kinema.motion.clips.identity import key_of
from torch import Tensor

CHOOSING = Choosing(frames=4, stride=2, views=2)
SIZE = (16, 16)


@dataclass
class Made:
    """Frames whose red is their number by 100 and whose green goes from left to right."""

    length: int

    def frames(self, numbers: Sequence[int]) -> Tensor:
        """(frames, 20, 24, 3)."""
        made = torch.zeros(len(numbers), 20, 24, 3)
        made[..., 0] = torch.tensor(numbers).view(-1, 1, 1) / 100
        made[..., 1] = torch.linspace(0, 1, 24)
        return made


@dataclass
class Reader:
    """Opens clips, and counts what is asked of it."""

    lengths: dict[str, int] = field(default_factory=dict)
    faults: dict[str, BaseException] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    encoded: int = 0
    footage: dict[str, Footage] = field(default_factory=dict)

    @contextmanager
    def open(self, clip: Clip) -> Iterator[Footage]:
        """A clip by its name."""
        self.opened[clip.source] += 1
        try:
            if clip.source in self.faults:
                raise self.faults[clip.source]
            yield self.footage.get(clip.source) or Made(self.lengths.get(clip.source, 30))
        finally:
            self.closed[clip.source] += 1

    def encode(self, frames: Tensor) -> Tensor:
        """(frames, height, width, 3) to (3, frames, height / 8, width / 8)."""
        self.encoded += 1
        return torch.nn.functional.avg_pool2d(frames.movedim(3, 1), 8).movedim(0, 1)

    def preparing(self, choosing: Choosing = CHOOSING) -> Preparing:
        """All that clips go through."""
        return Preparing(lambda clip: key_of("test", name=clip.source), self.open, self.encode, "vae", choosing, SIZE)


def encode_text(caption: str) -> Tensor:
    """(5, 6)."""
    return torch.full((5, 6), float(len(caption)))


def clips(count: int, repeats: int = 1) -> list[Clip]:
    """Clips with captions of as many letters as their number."""
    return [Clip(f"clip {number}", "x" * number, repeats, name=f"{number}.mp4") for number in range(count)]


def prepared(folder: Path, some: list[Clip], reader: Reader | None = None) -> tuple[Cache, Prepared]:
    """Clips and their captions on the disk."""
    kept = Cache(folder)
    made = prepare_clips(some, kept, (reader or Reader()).preparing())
    prepare_texts([clip.caption for clip in some], kept, encode_text, "clip")
    return kept, made
