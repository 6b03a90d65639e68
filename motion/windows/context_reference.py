"""Cross-window reference: windows of a long clip look at one of them, so that all of them show the same.

A clip that is sampled in windows drifts apart, because no window knows what another one draws. The layers of the image
model are shown a reference window as well, in one or both of two ways (the "reference-only" control, applied between
the windows of one step):

- attention: spatial self-attention takes keys and values from its own frame and from the frame of the same place in
  the reference window, Attention(Q x, K [x, r], V [x, r]) with r = s b + (1 - s) x, where b is what the layer saw there
  and s the strength. Self-attention over its own tokens twice is plain self-attention, so s = 0 changes nothing.
- adain (arXiv 1703.06868): dev(b) (x - mean(x)) / dev(x) + mean(b), with mean and standard deviation of each channel
  over the picture. The strength mixes it with x.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..values import Strength, plain

MODES = ("first", "sliding", "indexes")
WAYS = ("attention", "adain", "attention+adain")
LONGEST = 100_000
"""Characters of a list of frames."""
_FRAME = re.compile(r"[0-9]{1,9}")
EPSILON = 1e-6
"""Added to a variance, so that a channel which is the same everywhere has a standard deviation to divide by."""


class WindowReferenceError(ValueError):
    """Settings that cannot work; the message says which one to change."""


class Reader(NamedTuple):
    """A layer that may see the reference window."""

    layer: tuple[str | int, ...]
    """Side and number of its UNet block; for a self-attention also its number in the block."""
    width: int
    """Channels."""
    level: int
    """How often the picture is halved there."""


@dataclass(frozen=True)
class ReferenceOptions:
    """Which windows are the reference, and how the others see it.

    Raises:
        WindowReferenceError: a setting out of range, or unknown.
    """

    mode: str = "first"
    """first: the first window of a step, for all others. sliding: after so many windows the next one. indexes: a window
    that holds a listed frame, from then on."""
    width: int = 2
    """sliding only: windows that share a reference, the reference counted."""
    frames: tuple[int, ...] = ()
    """indexes only: numbers of frames, from 0."""
    by: str = "attention"
    style_fidelity: float = 1.0
    """How much of plain sampling the unconditional prediction keeps."""
    reference_weight: float = 1.0
    """Part of the layers that see the reference, the widest first."""

    def __post_init__(self) -> None:
        for name, value, known in (("mode", self.mode, MODES), ("by", self.by, WAYS)):
            if value not in known:
                raise WindowReferenceError(f"{name} is {value!r}. Choose one of {', '.join(known)}.")
        if self.width < 2:
            raise WindowReferenceError(
                f"sliding_width is {self.width}; a window and its reference are 2. Set it to 2 or more."
            )
        for name, share in (("style_fidelity", self.style_fidelity), ("reference_weight", self.reference_weight)):
            if not 0.0 <= share <= 1.0:
                raise WindowReferenceError(f"{name} is {share}; it must lie between 0 and 1.")
        if self.mode == "indexes" and not self.frames:
            raise WindowReferenceError("indexes is empty. Write the numbers of some frames, for example 0, 32, 64.")


def parse_frames(text: str) -> tuple[int, ...]:
    """Read numbers of frames with commas between them.

    Raises:
        WindowReferenceError: something else.
    """
    if len(text) > LONGEST:
        raise WindowReferenceError(f"indexes has {len(text)} characters, more than all frames of a clip. Name fewer.")
    parts = [part for part in re.split(r"[\s,;]+", plain(text).strip("[]() \t\r\n")) if part]
    for part in parts:
        if _FRAME.fullmatch(part) is None:
            raise WindowReferenceError(
                f"indexes: {part[:40]!r} is no number of a frame. Write numbers from 0 with commas between them, for "
                "example 0, 32, 64."
            )
    return tuple(map(int, parts))


def sources(windows: Sequence[Sequence[int]], options: ReferenceOptions) -> list[int | None]:
    """The number of the window that each window of a step sees, None for the first.

    Windows are sampled in order. The first one is always a reference; one that becomes the next sees the one before. Of
    windows that overlap only the first that holds a listed frame becomes one.

    Args:
        windows: numbers of the frames of each window, in the order of the plan.
    """
    listed, current, seen = set(options.frames), None, []
    for number, window in enumerate(windows):
        seen.append(current)
        held = listed.intersection(window)
        listed -= held
        due = {"first": False, "sliding": number % (options.width - 1) == 0, "indexes": bool(held)}[options.mode]
        if current is None or due:
            current = number
    return seen


def widest(readers: Sequence[Reader], share: float) -> list[Reader]:
    """The widest layers: of n, those whose rank i / n is below a share; as wide ones keep their order."""
    ranked = sorted(readers, key=lambda reader: -reader.width)
    return [reader for rank, reader in enumerate(ranked) if rank / len(ranked) < share]


def matching(frames: int, reference: int) -> list[int]:
    """The frame of the reference window for each frame of a window: the one at its place, or the last one."""
    return [min(frame, reference - 1) for frame in range(frames)]


def blend(own: Tensor, other: Tensor, strength: Strength) -> Tensor:
    """(1 - s) own + s other; a tensor strength is broadcast."""
    return torch.lerp(own, other, strength.to(own) if isinstance(strength, Tensor) else strength)


def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel over the picture, float32.

    Args:
        x: (frames, channels, height, width).

    Returns:
        Two (frames, channels, 1, 1) tensors.
    """
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0, keepdim=True)
    return mean, (variance + EPSILON).sqrt()


def adain(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Give x the mean and the standard deviation of other frames, see `statistics` (arXiv 1703.06868, equation 8)."""
    own_mean, own_deviation = statistics(x)
    return ((x.float() - own_mean) * (deviation / own_deviation) + mean).to(x.dtype)
