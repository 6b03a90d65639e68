"""What the frames of clips see in pictures of their characters while all of it is learnt.

`nodes.host.character.Reading` does this for a sampling: some pictures for all frames. Here every clip has a picture of
its own, or none, and gradients go through it to whatever read the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from einops import repeat
from torch import Tensor

from ..character import LayerName, Marked, attend, self_attention, with_mark
from ..options import READING

OVERRIDE = "optimized_attention_override"


@dataclass(eq=False)
class Looking:
    """One call of the model; what the host calls is in `nodes.host.character.reading`."""

    unet: Any
    read: Mapping[LayerName, Tensor]
    """(pictures, pixels, channels) by place, a picture for each clip that looks at one."""
    looks: Sequence[bool]
    """Whether each clip does."""
    frames: int
    """Of a clip."""
    place: LayerName | None = None
    """Of the self-attention that comes next."""
    inner: Any = None
    """The attention function of the call."""

    def into(self, options: dict[str, Any]) -> None:
        """Have the host ask for every self-attention."""
        self.inner = options[OVERRIDE]
        options |= {READING: self, OVERRIDE: attend, "patches": with_mark(options["patches"])}

    def mark(self, n: Tensor, context: Tensor, value: Tensor, extra: Mapping[str, Any]) -> Marked:
        """Remember where the next self-attention is; keys and values are left to the layer."""
        self.place = (*extra["block"], extra["block_index"])
        return n, None, None

    def check_attended(self) -> None:
        """Nobody else is there to take an attention away."""

    def attend(self, func: Any, q: Tensor, k: Tensor, v: Tensor, *rest: Any, **more: Any) -> Tensor:
        """An attention of the model, (clips * frames, tokens, channels) each; a self-attention sees the pictures."""
        place, self.place = self.place, None
        if place is None:
            return self.inner(func, q, k, v, *rest, **more)
        layer, read = self_attention(self.unet, place), self.read[place].to(q)
        keys, values = (
            repeat(part, "n t c -> (n f) t c", f=self.frames) for part in (layer.to_k(read), layer.to_v(read))
        )
        looking, alone = self._rows(q.device)
        seen = self.inner(
            func, q[looking], torch.cat([k[looking], keys], 1), torch.cat([v[looking], values], 1), *rest, **more
        )
        if not len(alone):
            return seen
        unseen = self.inner(func, q[alone], k[alone], v[alone], *rest, **more)
        return torch.cat([seen, unseen])[torch.cat([looking, alone]).argsort()]

    def _rows(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Rows of clips that look at a picture, and the others."""
        looks = torch.tensor(self.looks, device=device).repeat_interleave(self.frames)
        return looks.nonzero().flatten(), (~looks).nonzero().flatten()
