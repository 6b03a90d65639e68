"""The two UNets of Animate Anyone as ComfyUI model patchers."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import comfy.ops
import comfy.sd
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_base import BaseModel
from comfy.model_patcher import ModelPatcher
from einops import rearrange
from torch import Tensor, nn

from ....motion.character import DENOISING, REFERENCE, CharacterError, UnetFile, check_unet, recognise_unet
from ....motion.formats import check_weight, read_weights, shapes_of
from ..files import LoadedFile, Weights, unmapped
from ..temporal import PATCH

LayerName = tuple[str, int, int]
"""A block of the UNet, and the number of the transformer in it."""
HEADS = 8


class LastRead(nn.Module):
    """The beginning of the ReferenceNet's last transformer, up to where its self-attention would read."""

    def __init__(self, transformer: SpatialTransformer) -> None:
        super().__init__()
        self.norm, self.proj_in = transformer.norm, transformer.proj_in
        # under the names that the tensors have in the file
        self.transformer_blocks = nn.ModuleList([nn.ModuleDict({"norm1": transformer.transformer_blocks[0].norm1})])

    def forward(self, x: Tensor) -> Tensor:
        """(pictures, channels, height, width) to (pictures, pixels, channels)."""
        tokens = rearrange(self.proj_in(self.norm(x)), "b c h w -> b (h w) c")
        return self.transformer_blocks[0]["norm1"](tokens)  # type: ignore[index]


class ReferenceNet(UNetModel):
    """The ReferenceNet (arXiv 2311.17117, section 3.2): what the self-attentions of a UNet read in a picture."""

    def __init__(self, unet: UnetFile, dtype: torch.dtype | None = None, device: Any = None) -> None:
        super().__init__(**unet_arguments(unet), dtype=dtype, device=device, operations=comfy.ops.manual_cast)
        self.widths, self.context = unet.widths, unet.context
        last = self.output_blocks[-1]
        last[1] = LastRead(last[1])  # type: ignore[index]
        self.out = nn.Identity()

    def get_dtype(self) -> torch.dtype:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def bank_size(self, pictures: int, height: int, width: int, itemsize: int) -> int:
        """Bytes of what it reads in latents of that size: five transformers a level, one in the middle."""
        sides = [(-(-height >> level), -(-width >> level)) for level in range(len(self.widths))]
        counts = [5] * (len(self.widths) - 1) + [1]
        each = zip(counts, self.widths, sides, strict=True)
        return pictures * itemsize * sum(count * channels * tall * wide for count, channels, (tall, wide) in each)

    def read(
        self, latents: Tensor, context: Tensor, options: Mapping[str, Any] | None = None
    ) -> dict[LayerName, Tensor]:
        """What each self-attention reads, at timestep 0: after the first norm, before query, key and value.

        Args:
            latents: (pictures, 4, height, width), in the model's scale.
            context: (pictures, tokens, 768), their embeddings.
            options: the host's ``transformer_options``, for whoever runs layers in a way of its own.

        Returns:
            (pictures, pixels, channels) for each of the 16, by their places.
        """
        seen: dict[LayerName, Tensor] = {}

        def see(n: Tensor, context: Tensor, value: Tensor, extra: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
            seen[*extra["block"], extra["block_index"]] = n
            return n, context, value

        def see_last(layer: LastRead, x: Tensor, emb: Any, context: Any, options: dict[str, Any], *_: Any) -> Tensor:
            seen[*options["block"], 0] = layer(x)
            return x

        given = dict(options or {})
        others = given.get("patches", {})
        given["patches"] = {**others, "attn1_patch": [see], PATCH: [(LastRead, see_last), *others.get(PATCH, ())]}
        timesteps = torch.zeros(latents.shape[0], device=latents.device)
        self(latents, timesteps, context, transformer_options=given)
        return seen


class ReferenceWeights(LoadedFile[ReferenceNet]):
    """The weights of one reference UNet; one is kept, 1.7 GB in half precision."""

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read a reference UNet, without what nothing reads in it.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            CharacterError: it is no reference UNet of Animate Anyone, or not a whole one.
        """
        unet, tensors, file = _read(path, REFERENCE)
        wanted = ReferenceNet(unet, device=torch.device("meta"))
        check_unet(unet, shapes_of(tensors), shapes_of(wanted.state_dict()), file, REFERENCE)
        used = {key: tensors[key] for key in unet.names}

        def build(held: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device) -> ReferenceNet:
            network = ReferenceNet(unet, dtype, torch.device("meta")).requires_grad_(False)
            state = {name: held[key].to(device, dtype) for key, name in unet.names.items()}
            network.load_state_dict(state, assign=True)
            return network.eval()

        return Weights(used, build)


class DenoisingWeights(LoadedFile[BaseModel]):
    """The weights of one denoising UNet, as the model that the host makes of them; one is kept."""

    @classmethod
    def build(cls, path: str, disable_dynamic: bool = False) -> ModelPatcher:
        """The host's own model around a denoising UNet.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            CharacterError: it is no denoising UNet of Animate Anyone, or not a whole one.
        """
        unet, tensors, file = _read(path, DENOISING)
        wanted = UNetModel(**unet_arguments(unet), device=torch.device("meta"))
        check_unet(unet, shapes_of(tensors), shapes_of(wanted.state_dict()), file, DENOISING)
        state = unmapped({name: tensors[key] for key, name in unet.names.items()})
        patcher = comfy.sd.load_diffusion_model_state_dict(dict(state), disable_dynamic=disable_dynamic)
        if patcher is None:
            raise CharacterError(
                f"{file} is a denoising UNet with levels of {', '.join(map(str, unet.widths))} channels, but ComfyUI "
                "knows no such Stable Diffusion model. Choose denoising_unet.pth of a release here."
            )
        return patcher


class _ReadUnet(NamedTuple):
    unet: UnetFile
    tensors: Mapping[str, Tensor]
    """By the keys of the file."""
    file: str
    """Its name, for messages."""


def _read(path: str, part: str) -> _ReadUnet:
    """Read a UNet's file, without a look at what is missing.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN or whole numbers.
        CharacterError: it is not the part.
    """
    file = os.path.basename(path)
    tensors = read_weights(path)
    unet = recognise_unet(shapes_of(tensors), file, part)
    for key in unet.names:
        check_weight(key, tensors[key], file)
    return _ReadUnet(unet, tensors, file)


def unet_arguments(unet: UnetFile) -> dict[str, Any]:
    """What the host's UNet is made from for a file of the form of Stable Diffusion 1.5, at whatever widths."""
    return {
        "image_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": unet.widths[0],
        "channel_mult": [width // unet.widths[0] for width in unet.widths],
        "num_res_blocks": [2, 2, 2, 2],
        "num_heads": HEADS,
        "use_spatial_transformer": True,
        # the host takes entries off these lists
        "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
        "transformer_depth_middle": 1,
        "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "context_dim": unet.context,
        "legacy": False,
    }
