"""SparseCtrl on a conditioning: pictures at some frames of the clip, looked up for the frames of each call."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import comfy.model_management as management
import comfy.utils
import torch
from comfy.latent_formats import SD15
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from einops import rearrange
from torch import Tensor

from ....motion.control import RGB, Placement, SparseError, pictures_of
from ..images import PIXELS
from ..options import VIEWS
from ..sampling import Call, Now, timing_of
from ..temporal import Layer, Runtime, Strengths, views_now
from .network import SparseWeights
from .timed import Outputs
from .windowed import FollowsClip


class SparseControl(FollowsClip):
    """A SparseCtrl and its pictures. The host's own Apply ControlNet spreads the pictures over the clip."""

    def __init__(
        self,
        loaded: SparseWeights,
        strengths: Strengths | None = None,
        placement: Placement | None = None,
        nearest: bool = True,
    ) -> None:
        """Make a control without pictures.

        Args:
            strengths: of the motion layers.
            placement: where the pictures go; by default evenly from the first frame to the last.
            nearest: a window without a picture takes the nearest one.
        """
        super().__init__()
        self.loaded = loaded
        self.strengths = strengths or Strengths()
        self.placement = placement or Placement()
        self.nearest = nearest
        self.latent_format = SD15() if loaded.model.reads == RGB else None
        self._sampling: Any = None
        # shared by the copies that windows make of it
        self._read: dict[tuple[int, int], Tensor] = {}

    def set_cond_hint(
        self,
        cond_hint: Tensor,
        strength: float = 1.0,
        timestep_percent_range: tuple[float, float] = (0.0, 1.0),
        vae: Any = None,
        extra_concat: Sequence[Tensor] = (),
    ) -> "SparseControl":
        """Called by nodes that apply a control; ``cond_hint`` is (pictures, channels, height, width), 0 to 1.

        Raises:
            SparseError: no VAE for a SparseCtrl that reads latents, or pictures without colours.
            PlacementError: their number does not fit the indexes.
        """
        if self.latent_format is not None and vae is None:
            raise SparseError(
                f"{self.loaded.file} reads pictures through a VAE. Connect the VAE of the checkpoint to vae."
            )
        self.placement.check_pictures(cond_hint.shape[0])
        return super().set_cond_hint(_colours(cond_hint), strength, timestep_percent_range, vae, [])

    def check_clip(self, frames: int, at_once: int) -> None:
        """Stop on clips that the pictures or the position tables do not fit.

        Raises:
            PlacementError: a picture has no frame.
            SparseError: too many frames come at once.
        """
        self.placement.frames(self.cond_hint_original.shape[0], frames)
        motion = self.loaded.model.motion
        if motion is not None and at_once > motion.max_frames and not self.strengths.effect.never:
            raise SparseError(
                f"{self.loaded.file} can number at most {motion.max_frames} frames at once, but {at_once} were asked "
                f"for. Lower the batch size of the latent to {motion.max_frames} or less, or put a Sliding Context "
                "node with context_length 16 before the sampler."
            )

    def get_control(
        self, x_noisy: Tensor, t: Tensor, cond: Any, batched_number: int, transformer_options: dict[str, Any]
    ) -> Any:
        """Same signature as the host's; ``t`` is the noise level of each row of ``x_noisy``."""
        arguments = (x_noisy, t, cond, batched_number, transformer_options)
        before = None if self.previous_controlnet is None else self.previous_controlnet.get_control(*arguments)
        if self.timestep_range is not None and not self.timestep_range[0] >= t[0] >= self.timestep_range[1]:
            return before
        call = Call.of(transformer_options, x_noisy.shape[0])
        views = transformer_options.get(VIEWS)
        self.check_clip(call.total, min(call.frames, views.length) if views else call.frames)
        timing = timing_of(transformer_options, self._sampling)
        now = Now(timing, lambda: float(t[0]))
        seen = views_now(now, call.frames, views, x_noisy.device)
        runtime = Runtime(call, {}, tuple(self._layers(now)), views=seen, masks=timing.masks)
        hint = self._hint(x_noisy, call)
        context = cond.get("crossattn_controlnet", cond["c_crossattn"]).to(hint)
        control: Outputs = self.loaded.model(
            hint.repeat(batched_number, 1, 1, 1), self._sampling.timestep(t).float(), context, runtime.run
        )
        return self.control_merge(control, before, output_dtype=None)

    def _layers(self, now: Now) -> Iterator[Layer]:
        effect = now.strength(self.strengths.effect)
        if not effect.is_zero and self.loaded.model.motion is not None:
            yield Layer(self.loaded.model.motion, now.value(self.strengths.scale), effect)

    def _hint(self, x_noisy: Tensor, call: Call) -> Tensor:
        """What the network reads for each frame of a call, zero where there is no picture."""
        pictures = self._pictures((x_noisy.shape[2], x_noisy.shape[3]), x_noisy.device)
        placed = {frame: n for n, frame in enumerate(self.placement.frames(pictures.shape[0], call.total))}
        hint = pictures.new_zeros(call.together, *pictures.shape[1:])
        for start in range(0, call.together, call.frames):
            window = call.numbers[start : start + call.frames]
            for index, picture in pictures_of(window, placed, self.nearest).items():
                hint[start + index] = pictures[picture]
        return hint

    def _pictures(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """The pictures in the size of a latent with a mask of ones, worked out once a sampling."""
        if size not in self._read:
            height, width = (PIXELS * length for length in size)
            pictures = self.cond_hint_original
            if pictures.shape[-2:] != (height, width):
                pictures = comfy.utils.common_upscale(pictures, width, height, "lanczos", "center")
            if self.latent_format is not None:
                pictures = self._encoded(pictures, size)
            network, patcher = self.loaded.model, self.loaded.patcher
            dtype = management.unet_manual_cast(network.dtype, patcher.load_device) or network.dtype
            pictures = torch.cat([pictures, torch.ones_like(pictures[:, :1])], dim=1)
            self._read[size] = pictures.to(device, dtype)
        return self._read[size]

    def _encoded(self, pictures: Tensor, size: tuple[int, int]) -> Tensor:
        loaded = [model for model in management.loaded_models(only_currently_used=True) if model is not None]
        latents = self.vae.encode(rearrange(pictures, "n c h w -> n h w c"))
        # what is being sampled may have made room for the VAE
        management.load_models_gpu(loaded)
        if tuple(latents.shape[1:]) != (4, *size):
            raise SparseError(
                f"The VAE gives latents of {list(latents.shape[1:])}, but {self.loaded.file} reads {[4, *size]}. "
                "Connect the VAE of the SD1.5 checkpoint."
            )
        return SD15().process_in(latents)

    def pre_run(self, model: Any, percent_to_timestep_function: Callable[[float], float]) -> None:
        """Called by the host before a sampling.

        Raises:
            SparseError: it was made for another base model.
        """
        check_base(model, self.loaded)
        super().pre_run(model, percent_to_timestep_function)
        self._sampling = model.model_sampling
        self._read = {}

    def cleanup(self) -> None:
        """Called by the host after a sampling."""
        super().cleanup()
        self._sampling = None
        self._read = {}

    def get_models(self) -> list[Any]:
        """Models for the host to load."""
        return [*super().get_models(), self.loaded.patcher]

    def copy(self) -> "SparseControl":
        """The same again, for nodes that apply it."""
        again = SparseControl(self.loaded, self.strengths, self.placement, self.nearest)
        self.copy_to(again)
        return again

    def placed(self, placement: Placement, nearest: bool) -> "SparseControl":
        """The same with its pictures at other frames."""
        again = SparseControl(self.loaded, self.strengths, placement, nearest)
        self.copy_to(again)
        return again

    def deepclone_multigpu(self, load_device: Any, autoregister: bool = False) -> "SparseControl":
        """The same with its weights on another device."""
        clone = self.copy()
        clone.loaded = replace(self.loaded, patcher=self.loaded.patcher.deepclone_multigpu(load_device))
        if autoregister:
            self.multigpu_clones[load_device] = clone
        return clone


def _colours(pictures: Tensor) -> Tensor:
    """Three channels: grey becomes colour, transparency is left out."""
    channels = pictures.shape[1]
    if channels not in (1, 3, 4):
        raise SparseError(f"The pictures have {channels} channels; they must have 1, 3 or 4. Connect other pictures.")
    return pictures.repeat(1, 3, 1, 1) if channels == 1 else pictures[:, :3]


def check_base(model: Any, loaded: SparseWeights) -> None:
    """Refuse image models of another kind.

    Raises:
        SparseError: it is none that this SparseCtrl was made for.
    """
    unet, network = model.diffusion_model, loaded.model
    context = model.model_config.unet_config.get("context_dim")
    widths = tuple(unet.model_channels * mult for mult in unet.channel_mult) if isinstance(unet, UNetModel) else ()
    if widths != network.widths or context != network.context:
        raise SparseError(
            f"{loaded.file} is made for SD1.5, but the checkpoint is another kind of model "
            f"({type(model.model_config).__name__}). Load an SD1.5 checkpoint, or remove Apply SparseCtrl."
        )
