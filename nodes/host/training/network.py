"""A UNet of the host with temporal layers, as a trainer knows networks."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Protocol

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from einops import rearrange, repeat
from torch import Tensor, nn

from ....motion.temporal import LoraModel, MotionModel
from ....motion.training import NONE, NOTHING, SPATIAL, TEMPORAL
from ....motion.values import ONE
from ..options import MOTION
from ..sampling import Call
from ..temporal import HANDLER, ActingLora, Layer, Runtime, anchors_of, pool_output
from .handler import LearningHandler, learning_options
from .image_lora import BesideWeights


class Shown(Protocol):
    """What a network is shown beside noise and text."""

    def into(self, options: dict[str, Any], frames: int, context: Tensor, more: Mapping[str, Tensor]) -> None:
        """Put what acts in one call into the host's ``transformer_options``.

        Args:
            context: (clips, tokens, width), on the device and in the dtype of the call.
            more: see `motion.clips.Batch.more`.
        """
        ...


class HostNetwork:
    """The copy of an image model, and what acts in it.

    Args:
        copied: loaded.
        parameters: what is learnt; see `motion.training.Network`.
        motion: temporal layers, None for pictures.
        rows: adjusts their position tables.
        loras: MotionLoRAs beside them.
        beside: low-rank layers beside the image model's weights.
        checkpointing: save memory for time.
        shown: what it looks at besides.
        dtype: of its activations, None for that of the copy's weights.
    """

    handler: ClassVar[Any] = HANDLER
    """What runs the layers of the UNet."""

    def __init__(
        self,
        copied: ModelPatcher,
        parameters: Mapping[str, nn.Parameter],
        motion: MotionModel | None = None,
        rows: Tensor | None = None,
        loras: Sequence[LoraModel] = (),
        beside: BesideWeights | None = None,
        checkpointing: bool = True,
        shown: Shown | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.parameters = parameters
        self._unet: Any = copied.model.diffusion_model
        self._dtype: torch.dtype = dtype or next(self._unet.parameters()).dtype
        self._shown = shown
        self._device: torch.device = copied.load_device
        self.anchors = anchors_of(self._unet)
        self._motion, self._rows, self._loras, self._beside = motion, rows, loras, beside
        self._checkpointing = checkpointing

    def predict(
        self,
        noisy: Tensor,
        timesteps: Tensor,
        context: Tensor,
        without: frozenset[str] = NONE,
        fixed: frozenset[str] = NONE,
        more: Mapping[str, Tensor] = NOTHING,
    ) -> Tensor:
        """What the UNet predicts, float32; see `motion.training.Network`."""
        clips, _, frames, _, _ = noisy.shape
        x = rearrange(noisy, "b c f h w -> (b f) c h w").to(self._device, self._dtype)
        times = repeat(timesteps.to(self._device), "b -> (b f)", f=frames)
        context = context.to(self._device, self._dtype)
        texts = repeat(context, "b n d -> (b f) n d", f=frames)
        saves = self._checkpointing and torch.is_grad_enabled()
        options = learning_options(LearningHandler(self.handler, saves, self._acting(without, fixed)))
        self.insert(options, clips, frames, without)
        with self._computing():
            if self._shown is not None:
                self._shown.into(options, frames, context, more)
            predicted = self._unet(x, times, context=texts, transformer_options=options)
        return rearrange(predicted.float(), "(b f) c h w -> b c f h w", f=frames)

    def insert(self, options: dict[str, Any], clips: int, frames: int, without: frozenset[str]) -> None:
        """Put into the options of a call what acts between the layers of the UNet."""
        if self._motion is None:
            return
        acting = tuple(ActingLora(lora, ONE) for lora in self._loras) if TEMPORAL not in without else ()
        layer = Layer(self._motion, rows=self._rows, acting=acting)
        call = Call(clips, frames, range(frames), frames)
        options[MOTION] = Runtime(call, self.anchors, (layer,), self._motion.format.pool_resnets)
        if self._motion.format.pool_resnets:
            options["wrappers"] = {WrappersMP.DIFFUSION_MODEL: {MOTION: [pool_output]}}

    def _acting(self, without: frozenset[str], fixed: frozenset[str]) -> Callable[[], AbstractContextManager[None]]:
        beside = self._beside
        if beside is None:
            return nullcontext
        return lambda: beside.acting(SPATIAL not in without, SPATIAL in fixed)

    def _computing(self) -> AbstractContextManager[Any]:
        """What is learnt is float32 and computed with in the dtype of the rest."""
        if self._dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, self._dtype)
