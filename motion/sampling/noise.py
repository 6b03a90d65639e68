"""Noise of a clip: what the frames' noises have to do with each other, and layers of noise over one another.

Noise has the shape (frames, channels, height, width) and is drawn in float32 on the CPU, so that a seed means the same
on every machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..values import Mask, in_picture

SEEDS = 2**64
"""Seeds run from 0 to here and begin again."""


class NoiseError(ValueError):
    """Noise cannot be made; the message says which setting to change."""


def drawn_together(shape: Sequence[int], seed: int, skip: int = 0) -> Tensor:
    """Standard normal noise of a whole clip from one generator, as ComfyUI draws it; ``skip`` frames are left out."""
    frames, *frame = shape
    noise = torch.randn((frames + skip, *frame), generator=_generator(seed))
    return noise[skip:].clone() if skip else noise


def drawn_by_frame(shape: Sequence[int], seed: int, skip: int = 0) -> Tensor:
    """Standard normal noise with a generator for each frame, seeded with seed + number of the frame, as A1111 does."""
    frames, *frame = shape
    return torch.stack([torch.randn(frame, generator=_generator(seed + skip + n)) for n in range(frames)])


def repeated(noise: Tensor, length: int) -> Tensor:
    """The first ``length`` frames over and over: e(f) = e(f mod length)."""
    return noise[torch.arange(noise.shape[0]) % length]


def freenoise(noise: Tensor, length: int, overlap: int, seed: int) -> Tensor:
    """Noise rescheduling of FreeNoise (arXiv 2310.15169, section 3.2).

    The first window keeps its noise. Every further stretch of s = length - overlap frames is a shuffle of the s frames
    one window earlier, e(f + length .. f + length + s) = shuffle(e(f .. f + s)) for f = 0, s, 2s, ..., so that windows
    of one length see much the same noise without repeating it.
    """
    generator, stretch, frames = _generator(seed), length - overlap, noise.shape[0]
    rescheduled = noise.clone()
    for start in range(0, frames - length, stretch):
        count = min(stretch, frames - length - start)
        order = start + torch.randperm(count, generator=generator)
        rescheduled[start + length : start + length + count] = rescheduled[order]
    return rescheduled


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed % SEEDS)


SEEDINGS = {"comfy": drawn_together, "auto1111": drawn_by_frame}
"""How noise is drawn from a seed."""


@dataclass(frozen=True)
class NoiseOptions:
    """How the noise of a clip is drawn and arranged.

    Raises:
        NoiseError: an option that gives no noise.
    """

    noise_type: str = "default"
    """One of `KINDS`."""
    seeding: str = "comfy"
    """One of `SEEDINGS`."""
    batch_offset: int = 0
    """Frames of noise to skip."""
    seed_offset: int = 0
    """Added to the seed."""
    context_length: int = 16
    """Frames of a window, for repeated_context and FreeNoise."""
    context_overlap: int = 4
    """Frames shared by windows, for FreeNoise."""

    def __post_init__(self) -> None:
        for name, value, known in (("noise type", self.noise_type, KINDS), ("seeding", self.seeding, SEEDINGS)):
            if value not in known:
                raise NoiseError(f"There is no {name} {value!r}. Choose one of {', '.join(known)}.")
        if self.batch_offset < 0:
            raise NoiseError(f"batch_offset is {self.batch_offset}; it counts frames to skip. Set it to 0 or more.")
        if self.context_length < 1:
            raise NoiseError(f"context_length is {self.context_length}; a window has at least 1 frame, 16 is usual.")
        if self.noise_type == "FreeNoise" and not 0 <= self.context_overlap < self.context_length:
            raise NoiseError(
                f"context_overlap is {self.context_overlap}, but windows of {self.context_length} frames leave room "
                f"for 0 to {self.context_length - 1}. Set it as in the context windows; a quarter is usual."
            )

    @property
    def is_plain_draw(self) -> bool:
        """Whether what it arranges is what ComfyUI draws from the same seed."""
        return self.seeding == "comfy" and self.batch_offset == 0 and self.seed_offset == 0

    def made(self, shape: Sequence[int], seed: int, drawn: Tensor | None = None) -> Tensor:
        """The noise.

        Args:
            shape: frames, channels, height, width.
            seed: of the sampler.
            drawn: what ComfyUI drew from this seed, not drawn again where that would be the same.
        """
        seed = seed + self.seed_offset
        if drawn is None or not self.is_plain_draw:
            drawn = SEEDINGS[self.seeding](shape, seed, self.batch_offset)
        return KINDS[self.noise_type](drawn, self, seed)


KINDS: dict[str, Callable[[Tensor, NoiseOptions, int], Tensor]] = {
    "default": lambda noise, options, seed: noise,
    "constant": lambda noise, options, seed: repeated(noise, 1),
    "empty": lambda noise, options, seed: torch.zeros_like(noise),
    "repeated_context": lambda noise, options, seed: repeated(noise, options.context_length),
    "FreeNoise": lambda noise, options, seed: freenoise(noise, options.context_length, options.context_overlap, seed),
}
"""How drawn noise is arranged over the frames, from the noise, the options and the seed."""

Amount = float | Tensor
"""A number, or (frames or 1, 1, height, width)."""

METHODS: dict[str, Callable[[Tensor, Tensor, Amount, float], Tensor]] = {
    "normalized_sum": lambda under, over, a, balance: ((1 - a) * under + a * over) / ((1 - a) ** 2 + a**2) ** 0.5,
    "replace": lambda under, over, a, balance: (1 - a) * under + a * over,
    "add": lambda under, over, a, balance: under + a * over,
    "add_weighted": lambda under, over, a, balance: (1 - balance * a) * under + a * over,
}
"""How a layer goes over what is under it, with a its weight times its mask.

normalized_sum keeps the variance of independent noises at 1, (1-a)^2 + a^2 divided by itself; with a constant layer
it is the mixed noise of PYoCo (arXiv 2305.10474). The others change the variance wherever a is neither 0 nor 1.
"""
LARGEST_WEIGHT = 10.0


@dataclass(frozen=True, eq=False)
class NoiseLayer:
    """One more noise and how it goes over those before.

    Raises:
        NoiseError: a weight that mixes nothing.
    """

    options: NoiseOptions = field(default_factory=NoiseOptions)
    method: str = "normalized_sum"
    """One of `METHODS`."""
    weight: float = 0.5
    balance: float = 1.0
    """add_weighted only: how much of what is under it the layer takes away."""
    seed: int | None = None
    """None for the sampler's."""
    mask: Mask | None = None
    """Where in the picture and at which frames."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise NoiseError(f"There is no method {self.method!r}. Choose one of {', '.join(METHODS)}.")
        most = LARGEST_WEIGHT if self.method.startswith("add") else 1.0
        if not 0.0 <= self.weight <= most:
            raise NoiseError(f"weight is {self.weight:g}; with {self.method} it must lie between 0 and {most:g}.")
        if not 0.0 <= self.balance <= LARGEST_WEIGHT:
            raise NoiseError(f"balance is {self.balance:g}; it must lie between 0 and {LARGEST_WEIGHT:g}.")

    def over(self, under: Tensor, seed: int) -> Tensor:
        """The layer over noise; ``seed`` is its own or the sampler's."""
        frames, _, *size = under.shape
        amount: Amount = self.weight
        if self.mask is not None:
            mask = self.mask.over(range(frames), (size[0], size[1]), None, {})
            amount = self.weight * in_picture(mask, (size[0], size[1]))
        return METHODS[self.method](under, self.options.made(under.shape, seed), amount, self.balance)


@dataclass(frozen=True)
class ClipNoise:
    """The noise of a clip and the layers over it, the lowest first."""

    options: NoiseOptions = field(default_factory=NoiseOptions)
    layers: tuple[NoiseLayer, ...] = ()

    def made(self, shape: Sequence[int], seed: int, shift: int = 0, drawn: Tensor | None = None) -> Tensor:
        """The noise of a sampling.

        Args:
            shape: frames, channels, height, width.
            seed: of the sampler.
            shift: added to every seed, also to those of layers that have their own.
            drawn: what ComfyUI drew from seed + shift, if it is there.

        Returns:
            (frames, channels, height, width) on the CPU, float32 unless it is ``drawn``.
        """
        noise = self.options.made(shape, seed + shift, drawn)
        for layer in self.layers:
            noise = layer.over(noise, (seed if layer.seed is None else layer.seed) + shift)
        return noise
