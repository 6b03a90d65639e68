"""The layers of a UNet while something is learnt: one at a time, their activations made again when they are needed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer, attention_pytorch
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ..temporal import PATCH

OVERRIDE = "optimized_attention_override"


class LearningHandler:
    """Runs each layer with the temporal layers behind it as sampling does, as one segment of gradient checkpointing.

    Args:
        inner: what sampling runs them with, such as `nodes.host.temporal.HANDLER`.
        saves: whether activations inside of a layer are dropped and made again for its gradients (arXiv 1604.06174).
        acting: what acts while a layer runs, entered each time, because it runs twice.
    """

    def __init__(self, inner: Any, saves: bool, acting: Callable[[], AbstractContextManager[None]]) -> None:
        self._inner, self._saves, self._acting = inner, saves, acting

    def __call__(
        self, layer: Any, x: Tensor, emb: Tensor, context: Tensor | None, options: dict[str, Any], *rest: Any
    ) -> Tensor:
        """As the host calls it for each layer."""
        # as they are now: by the second time the host has written other blocks into them
        patches = {**options["patches"], PATCH: [((ResBlock, SpatialTransformer), self._inner)]}
        now = {**options, "patches": patches}

        def run(x: Tensor, emb: Tensor, context: Tensor | None) -> Tensor:
            with self._acting():
                return self._inner(layer, x, emb, context, dict(now), *rest)

        result = checkpoint(run, x, emb, context, use_reentrant=False) if self._saves else run(x, emb, context)
        if isinstance(layer, SpatialTransformer):
            options["transformer_index"] = options.get("transformer_index", 0) + 1
        return result  # type: ignore[return-value]


def learning_options(handler: LearningHandler) -> dict[str, Any]:
    """The host's ``transformer_options`` for a call; every attention is torch's own, others have no gradients."""
    return {
        "patches": {PATCH: [((ResBlock, SpatialTransformer), handler)]},
        OVERRIDE: lambda _, *args, **options: attention_pytorch(*args, **options),
    }
