"""A clip from a network that is being trained, to look at.

DDIM (arXiv 2010.02502) without noise of its own, from the last noise level on ("trailing"), with classifier-free
guidance.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from .drawing import Draws
from .network import NOTHING, Network
from .noising import EPSILON, Noising


@torch.no_grad()
def sampled(
    network: Network,
    noising: Noising,
    context: Tensor,
    empty: Tensor,
    shape: Sequence[int],
    steps: int = 20,
    guidance: float = 7.5,
    seed: int = 0,
    between: Callable[[], None] = lambda: None,
    more: Mapping[str, Tensor] = NOTHING,
) -> Tensor:
    """Latents of clips, of a shape (clips, channels, frames, height, width).

    Args:
        context, empty: (clips, tokens, width), a text for each clip and what stands for none.
        guidance: 1 asks the network once a step.
        between: is called before each step, and may raise.
        more: what else the network is shown, with a text and without.
    """
    kept = noising.kept.to(context.device)
    x = Draws(seed, 0).normal(shape, "sampled", context)
    times = [round(len(noising) * (steps - number) / steps) - 1 for number in range(steps)]
    for time, after in zip(times, [*times[1:], -1], strict=True):
        between()
        timesteps = torch.full((shape[0],), time)
        predicted = network.predict(x, timesteps, context, more=more)
        if guidance != 1.0:
            without = network.predict(x, timesteps, empty, more=more)
            predicted = without + guidance * (predicted - without)
        signal, share = float(kept[time].sqrt()), float((1.0 - kept[time]).sqrt())
        if noising.prediction == EPSILON:
            clean, noise = (x - share * predicted) / signal, predicted
        else:
            clean, noise = signal * x - share * predicted, signal * predicted + share * x
        left = kept[after] if after >= 0 else torch.ones((), dtype=kept.dtype)
        x = float(left.sqrt()) * clean + float((1.0 - left).sqrt()) * noise
    return x
