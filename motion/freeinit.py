"""FreeInit (arXiv 2312.07537): sample again from noise whose low frequencies come from the clip sampled before.

In training even the noisiest frames keep a trace of the clip, mostly in the low frequencies; noise drawn for sampling
has none. FreeInit closes that gap: the sampled clip is noised to the last timestep, its low frequencies over frames,
height and width are kept, the high ones are drawn anew, and the sampling starts again from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_ITERATIONS = 100
CLIP = (0, 2, 3)
"""Frames, height and width of (frames, channels, height, width)."""


class FreeInitError(ValueError):
    """FreeInit cannot run; the message says what to change."""


@dataclass(frozen=True)
class FreeInitOptions:
    """How often a clip is sampled and what is kept each time.

    Raises:
        FreeInitError: a number out of range.
    """

    iterations: int = 3
    """Samplings in all; 1 is plain sampling."""
    filter: str = "gaussian"
    """One of `FILTERS`."""
    d_s: float = 0.25
    """Where the filter stops in the picture, 1 being the highest frequency there is."""
    d_t: float = 0.25
    """The same over the frames."""
    order: int = 4
    """Of the Butterworth filter: higher is steeper."""
    seed_step: int = 1
    """Added to the seed at each iteration, for the noise the high frequencies are taken from."""

    def __post_init__(self) -> None:
        if self.filter not in FILTERS:
            raise FreeInitError(f"There is no filter {self.filter!r}. Choose one of {', '.join(FILTERS)}.")
        ranges = (("iterations", 1, MOST_ITERATIONS), ("d_s", 0, 1), ("d_t", 0, 1), ("order", 1, 100))
        for name, low, high in ranges:
            value = getattr(self, name)
            if not low <= value <= high:
                raise FreeInitError(f"{name} is {value:g}; it must lie between {low} and {high}.")


Filter = Callable[[Tensor, Tensor, Tensor, int], Tensor]

FILTERS: dict[str, Filter] = {
    "gaussian": lambda t, y, x, order: torch.exp(-_squared(t, y, x) / 2),
    "butterworth": lambda t, y, x, order: 1 / (1 + _squared(t, y, x) ** order),
    "ideal": lambda t, y, x, order: _squared(t, y, x) <= 1,
    "box": lambda t, y, x, order: torch.maximum(torch.maximum(t, y), x) <= 1,
}
"""What passes, from 0 to 1: exp(-D^2/2), 1/(1+D^2n), D <= 1, and each of the three alone <= 1.

D is the distance from the frequency 0, in each direction in units of the frequency where the filter stops.
"""


def _squared(t: Tensor, y: Tensor, x: Tensor) -> Tensor:
    return t**2 + y**2 + x**2


def low_pass(shape: Sequence[int], options: FreeInitOptions) -> Tensor:
    """A filter in the order of ``torch.fft.rfftn``.

    Args:
        shape: frames, channels, height, width.

    Returns:
        float32 (frames, 1, height, width // 2 + 1), 1 where all passes. A stop frequency of 0 lets nothing pass.
    """
    frames, _, height, width = shape
    if options.d_s == 0 or options.d_t == 0:
        return torch.zeros(frames, 1, height, width // 2 + 1)
    # torch counts in cycles per sample, of which half a cycle is the most there can be
    t, y, x = (2 * torch.fft.fftfreq(frames).abs(), 2 * torch.fft.fftfreq(height).abs(), 2 * torch.fft.rfftfreq(width))
    grid = (t[:, None, None] / options.d_t, y[:, None] / options.d_s, x / options.d_s)
    return FILTERS[options.filter](*grid, options.order).float()[:, None]


def diffused(x0: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """A clip noised to a timestep, at unit variance: sqrt(a) x0 + sqrt(1 - a) noise.

    With sigma = sqrt((1 - a) / a), the noise level in k-diffusion's units, that is (x0 + sigma noise) / sqrt(1 +
    sigma^2). Multiplied by sqrt(1 + sigma^2) again, as samplers do with their noise, it is what they start from.
    """
    return (x0 + sigma * noise) / (1 + sigma**2) ** 0.5


def mixed(low: Tensor, high: Tensor, filter: Tensor) -> Tensor:
    """Low frequencies of one clip, high ones of another: F^-1(H F(low) + (1 - H) F(high)).

    By linearity this is high + F^-1(H F(low - high)), one transform there and one back.
    """
    passed = torch.fft.rfftn(low - high, dim=CLIP) * filter
    return high + torch.fft.irfftn(passed, s=[high.shape[axis] for axis in CLIP], dim=CLIP)


def reinitialized(x0: Tensor, initial: Tensor, fresh: Tensor, sigma: float, filter: Tensor) -> Tensor:
    """The noise of the next iteration.

    Args:
        x0: the clip sampled before, as the model sees it.
        initial: the noise of the first iteration. Always this one: it is the only one that is Gaussian throughout, as
            noise is in training.
        fresh: the noise the high frequencies are taken from.
        sigma: noise level of the last timestep, in k-diffusion's units.
        filter: from `low_pass`.
    """
    return mixed(diffused(x0, initial, sigma), fresh, filter)
