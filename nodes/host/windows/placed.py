"""Windows on the device of a sampling: their frames and weights go there once, and no step waits for them."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from ....motion.windows import Window


class Placed:
    """The frames and weights of the windows of one sampling."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._frames: dict[Window, Tensor] = {}
        self._weights: dict[Window, Tensor] = {}
        self._left: dict[tuple[int, ...], Tensor] = {}

    def put(self, windows: Iterable[Window]) -> None:
        """Bring those that are not there yet, all of them together."""
        new = [window for window in dict.fromkeys(windows) if window not in self._frames]
        if not new:
            return
        frames = torch.tensor([frame for window in new for frame in window.frames]).to(self._device)
        weights = torch.tensor([weight for window in new for weight in window.weights]).to(self._device)
        ends = list(accumulate(len(window.frames) for window in new))
        for window, start, end in zip(new, [0, *ends], ends, strict=False):
            self._frames[window], self._weights[window] = frames[start:end], weights[start:end]

    def begun(self, clip: Tensor, left: Sequence[int]) -> Tensor:
        """What predictions are added to: nothing yet, but for frames that no window holds, which are as in the clip."""
        result, key = torch.zeros_like(clip), tuple(left)
        if key:
            if key not in self._left:
                self._left[key] = torch.tensor(key).to(self._device)
            result.index_copy_(0, self._left[key], clip.index_select(0, self._left[key]))
        return result

    def picked(self, clip: Tensor, windows: Sequence[Window]) -> Tensor:
        """The frames of some windows, one window after the other."""
        rows = [self._frames[window] for window in windows]
        return clip.index_select(0, rows[0] if len(rows) == 1 else torch.cat(rows))

    def add(self, result: Tensor, prediction: Tensor, windows: Sequence[Window]) -> None:
        """Add the predictions of one call to the clip; window after window, as if each had come alone."""
        for window, part in zip(windows, prediction.chunk(len(windows)), strict=True):
            weights = self._weights[window].to(result.dtype)
            result.index_add_(0, self._frames[window], part * weights[:, None, None, None])
