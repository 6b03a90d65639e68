"""FreeInit (arXiv 2312.07537): sample a clip again from noise that keeps the low frequencies of the clip before.

A video model is trained on noised clips, whose last timestep still shows the coarse layout of the clip, and sampled
from pure noise, which shows none. FreeInit noises the sampled clip back to the last timestep, keeps its low frequencies
in space and time, and takes the high ones from new noise.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_ITERATIONS = 100
FRAMES, HEIGHT, WIDTH = AXES = (0, 2, 3)
"""Frequencies are those over frames, height and width; channels stay apart."""
FILTERS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "gaussian": lambda axes, _order: torch.exp(-0.5 * axes.square().sum(0)),
    "butterworth": lambda axes, order: 1.0 / (1.0 + axes.square().sum(0) ** order),
    "ideal": lambda axes, _order: (axes.square().sum(0) <= 1.0).float(),
    "box": lambda axes, _order: (axes <= 1.0).all(0).float(),
}
"""How much of a frequency passes. ``axes`` is the frequency along (frames, height, width) in units of the stop
frequencies, ``order`` the steepness of butterworth."""


class FreeInitError(ValueError):
    """FreeInit cannot run like this; the message says what to change."""


@dataclass(frozen=True)
class FreeInitOptions:
    """How often to sample, and which frequencies to keep.

    Raises:
        FreeInitError: a setting that means nothing.
    """

    iterations: int = 3
    """Samplings in all, 1 is plain sampling."""
    filter: str = "gaussian"
    """One of `FILTERS`."""
    d_s: float = 0.25
    """Stop frequency in the picture, as a part of the highest there is."""
    d_t: float = 0.25
    """Stop frequency over the frames."""
    order: int = 4
    """Steepness of butterworth."""
    seed_step: int = 1
    """How far the seeds of the new noise of two iterations are apart."""

    def __post_init__(self) -> None:
        if self.filter not in FILTERS:
            raise FreeInitError(f"There is no filter {self.filter!r}. Choose one of {', '.join(FILTERS)}.")
        bounds = {"iterations": (1, MOST_ITERATIONS), "d_s": (0, 1), "d_t": (0, 1), "order": (1, 100)}
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise FreeInitError(f"{name} is {value}; it must lie between {low} and {high}.")


def low_pass(shape: Sequence[int], options: FreeInitOptions) -> Tensor:
    """What passes of each frequency of a clip, as `torch.fft.rfftn` over `AXES` lays them out.

    Args:
        shape: (frames, channels, height, width).

    Returns:
        (frames, 1, height, width // 2 + 1) in 0..1; all 0 if a stop frequency is.
    """
    if options.d_s == 0.0 or options.d_t == 0.0:
        return torch.zeros(shape[FRAMES], 1, shape[HEIGHT], shape[WIDTH] // 2 + 1)
    # cycles per sample reach 1/2, so twice that is a part of the highest frequency
    along_frames = 2.0 * torch.fft.fftfreq(shape[FRAMES]).abs() / options.d_t
    along_height = 2.0 * torch.fft.fftfreq(shape[HEIGHT]).abs() / options.d_s
    along_width = 2.0 * torch.fft.rfftfreq(shape[WIDTH]) / options.d_s
    axes = torch.stack(torch.meshgrid(along_frames, along_height, along_width, indexing="ij"))
    return FILTERS[options.filter](axes, options.order)[:, None]


def mixed(low: Tensor, high: Tensor, filter: Tensor) -> Tensor:
    """The low frequencies of one clip and the high ones of another: F⁻¹(H F(low) + (1 - H) F(high))."""
    # the transform is linear: one of the difference is enough
    spectrum = torch.fft.rfftn((low - high).float(), dim=AXES) * filter
    sizes = [low.shape[axis] for axis in AXES]
    return high + torch.fft.irfftn(spectrum, s=sizes, dim=AXES).to(high)


def diffused(x0: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """A clip noised to a noise level, √ᾱ x0 + √(1 - ᾱ) ε, of about unit variance; ᾱ = 1 / (1 + σ²)."""
    return (x0 + sigma * noise) / math.sqrt(1.0 + sigma**2)


def reinitialized(x0: Tensor, initial: Tensor, fresh: Tensor, sigma: float, filter: Tensor) -> Tensor:
    """The noise of the next iteration.

    Args:
        x0: the clip sampled last, in the model's scale.
        initial: the noise of the first iteration; the paper noises the clip with it again.
        fresh: new noise for the high frequencies.
        sigma: noise level of the last timestep.
        filter: from `low_pass`.
    """
    return mixed(diffused(x0, initial, sigma), fresh, filter)
