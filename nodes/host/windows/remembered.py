"""Attention replacements that remember one call of the model and use it for the whole clip.

Self-attention guidance is one. Without windows a call holds all frames; with windows only those of the last one would
be remembered. So each replacement is called once more behind the windows, with what the frames of all windows gave it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor

from ....motion.windows import Window, WindowError
from .closures import has_in_common, name_of, rebinds
from .refused import guidance_functions

ATTENTIONS = ("attn1", "attn2")
Layer = tuple[str, Any]
"""Which attention, and the host's name of the place."""


class Seen(NamedTuple):
    """What a replacement was given for the frames of the whole clip."""

    parts: list[Tensor]
    """Queries, keys and values: (conditionings, frames of the clip, tokens, channels)."""
    extra: Mapping[str, Any]
    """The options of a call with the same conditionings."""


class Remembered:
    """What attention replacements are given in one prediction of a clip, window by window."""

    def __init__(self, model_options: Mapping[str, Any], windows: Sequence[Window], frames: int) -> None:
        """Look for replacements that keep something.

        Args:
            windows: those of the step.
            frames: of the clip.
        """
        self._replaced = model_options["transformer_options"].get("patches_replace", {})
        guidances = list(guidance_functions(model_options))
        self._patches = {
            (kind, place): patch
            for kind in ATTENTIONS
            for place, patch in self._replaced.get(kind, {}).items()
            if rebinds(patch) or has_in_common(patch, guidances)
        }
        self._frames = frames
        self._owners = owners(windows) if self._patches else {}
        self._seen: dict[tuple[Layer, Any], Seen] = {}

    @property
    def acts(self) -> bool:
        """Whether there are any."""
        return bool(self._patches)

    def told(self, group: Sequence[Window]) -> dict[str, Any]:
        """What the ``transformer_options`` of a call with these windows have instead of the model's own."""
        if not self._patches:
            return {}
        held = [(window, frame) for window in group for frame in window.frames]
        rows = {frame: row for row, (window, frame) in enumerate(held) if self._owners[frame] is window}
        changed = {kind: dict(places) for kind, places in self._replaced.items()}
        for kind, place in self._patches:
            changed[kind][place] = partial(self._listen, (kind, place), rows)
        return {"patches_replace": changed}

    def recall(self) -> None:
        """Give each replacement a call with the whole clip, as it would have come without windows."""
        for (layer, _), seen in self._seen.items():
            self._patches[layer](*(part.flatten(0, 1) for part in seen.parts), dict(seen.extra))
        self._seen.clear()

    def _listen(
        self, layer: Layer, rows: Mapping[int, int], q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]
    ) -> Tensor:
        """Host patch ``attn1`` or ``attn2`` replace: keep what it is given, and let the node's own one do the work.

        Args:
            rows: for each frame that counts most in this call, its row within a conditioning.
        """
        count = len(extra["cond_or_uncond"])
        given = [part.unflatten(0, (count, -1)) for part in (q, k, v)]
        key = (layer, tuple(extra["uuids"]))
        if key not in self._seen:
            whole = [part.new_zeros(count, self._frames, *part.shape[2:]) for part in given]
            self._seen[key] = Seen(whole, extra)
        for whole, part in zip(self._seen[key].parts, given, strict=True):
            if whole.shape[2:] != part.shape[2:]:
                raise WindowError(
                    f"{name_of(self._patches[layer])} remembers the attention of the whole clip, and another node "
                    "makes that of windows differ in size. Take one of the two out of the workflow."
                )
            whole[:, list(rows)] = part[:, list(rows.values())]
        return self._patches[layer](q, k, v, extra)


def owners(windows: Sequence[Window]) -> dict[int, Window]:
    """For each frame the window in which it counts most, the first of several."""
    heaviest: dict[int, tuple[float, Window]] = {}
    for window in windows:
        for frame, weight in zip(window.frames, window.weights, strict=True):
            if frame not in heaviest or weight > heaviest[frame][0]:
                heaviest[frame] = (weight, window)
    return {frame: window for frame, (_, window) in heaviest.items()}
