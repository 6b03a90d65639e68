"""What happens from each frame of a clip to the next, worked out once for all that is measured of it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .flow import optical_flow, scaled_down
from .pictures import blocks, brightness
from .warping import visible, warping_errors

AT_ONCE = 4
"""Steps that are worked on together."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The motion of a clip, in pictures of a size in which it is looked for."""

    forwards: Tensor
    """(frames - 1, 2, height, width) flow to the next frame, in pixels of these sizes."""
    seen: Tensor
    """(frames - 1, 1, height, width): which pixels are still visible in the next frame."""
    errors: Tensor
    """(frames - 1,) warping errors."""
    scale: float
    """Pixels of the clip to one of these."""


def look_at_steps(clip: Tensor, after: Callable[[int], None] = lambda _: None) -> Steps:
    """Find the flow of every step, forwards and back.

    Args:
        clip: (frames, 3, height, width) in 0..1.
        after: called with the number of steps that are done.
    """
    small = scaled_down(clip)
    grey = brightness(small)
    flows: list[Tensor] = []
    seen: list[Tensor] = []
    errors: list[Tensor] = []
    for part in blocks(len(clip) - 1, AT_ONCE):
        now, then = grey[part], grey[part.start + 1 : part.stop + 1]
        forwards, backwards = optical_flow(now, then), optical_flow(then, now)
        flows.append(forwards)
        seen.append(visible(forwards, backwards))
        errors.append(warping_errors(small[part], small[part.start + 1 : part.stop + 1], forwards, backwards))
        after(part.stop)
    return Steps(torch.cat(flows), torch.cat(seen), torch.cat(errors), clip.shape[-1] / small.shape[-1])
