"""One call of the model, as far as what acts on its frames needs to know it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

from .timing import Now


class Moment(NamedTuple):
    """One call of the model within a sampling."""

    now: Now
    base: Any
    """The host's model, which knows the scale of its latents and what it computes in."""
    x: Tensor
    """The noisy latents of the call."""
    numbers: Sequence[int]
    """Each frame's number in the whole clip, of all windows that come in this call."""
    total: int
    """Frames of the whole clip."""
