"""A SparseCtrl file as a ComfyUI model patcher: the host's ControlNet with motion layers between its blocks."""

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

import comfy.model_patcher
import comfy.ops
import torch
from comfy.cldm.cldm import ControlNet
from comfy.ldm.modules.diffusionmodules.openaimodel import TimestepEmbedSequential, timestep_embedding
from torch import Tensor

from ....motion.control import RGB, SparseFile, check_layers, recognise_sparse
from ....motion.formats import Block, check_finite, read_weights
from ....motion.temporal import MotionModel, load_motion_model
from ..temporal.motion import LoadedFile, file_fingerprint, managed, unmapped

KEPT = 2
"""Files kept in memory, RGB and scribble: 1 GB each in half precision."""


class SparseNetwork(ControlNet):
    """The network of SparseCtrl (arXiv 2311.16933, section 3): it sees where pictures are, not the noisy latent."""

    def __init__(self, found: SparseFile, dtype: torch.dtype | None = None, device: Any = None) -> None:
        width, kind = found.widths[0], {"dtype": dtype, "device": device}
        super().__init__(
            image_size=32,
            in_channels=4,
            model_channels=width,
            hint_channels=4,
            num_res_blocks=2,
            channel_mult=tuple(level // width for level in found.widths),
            num_heads=8,
            use_spatial_transformer=True,
            transformer_depth=[1, 1, 1, 1, 1, 1, 0, 0],
            transformer_depth_middle=1,
            context_dim=found.context,
            legacy=False,
            operations=comfy.ops.manual_cast,
            **kind,
        )
        if found.kind == RGB:
            reader = comfy.ops.manual_cast.conv_nd(2, 5, width, 3, padding=1, **kind)
            self.input_hint_block = TimestepEmbedSequential(reader)
        self.motion: MotionModel | None = None
        self.kind = found.kind
        self.widths = found.widths
        self.context = found.context

    def forward(
        self, hint: Tensor, timesteps: Tensor, context: Tensor, move: Callable[[Block, Tensor], Tensor]
    ) -> dict[str, list[Tensor]]:
        """What is added to the UNet.

        Args:
            hint: (rows, 5, height, width) latents and mask, or (rows, 4, 8 * height, 8 * width) pictures and mask;
                zero for frames without a picture.
            timesteps: (rows,).
            context: (rows, tokens, channels) text encodings.
            move: applies the motion layers of a block.
        """
        emb = self.time_embed(timestep_embedding(timesteps, self.model_channels).to(hint.dtype))
        read = self.input_hint_block(hint, emb, context)
        # the noisy latent was replaced by zeros in training
        h = read.new_zeros(read.shape[0], self.in_channels, *read.shape[2:])
        outputs = []
        for number, (block, zero_conv) in enumerate(zip(self.input_blocks, self.zero_convs, strict=True)):
            h = block(h, emb, context)
            h = move(("input", number), h) if number else h + read
            outputs.append(zero_conv(h, emb, context))
        h = self.middle_block(h, emb, context)
        return {"middle": [self.middle_block_out(h, emb, context)], "output": outputs}


class LoadedSparse(LoadedFile[SparseNetwork]):
    """The weights of one file."""


def load_sparse(path: str) -> LoadedSparse:
    """Read, recognise and load a SparseCtrl file.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        SparseError, MotionFormatError: it is no SparseCtrl, or incomplete.
    """
    return _load_once(path, file_fingerprint(path))


@functools.lru_cache(KEPT)
def _load_once(path: str, _fingerprint: object) -> LoadedSparse:
    return LoadedSparse(_load_patcher(path), os.path.basename(path))


def _load_patcher(path: str, disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
    file = os.path.basename(path)
    tensors = read_weights(path)
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    found = recognise_sparse(shapes, file)
    wanted = SparseNetwork(found, device=torch.device("meta")).state_dict()
    check_layers(found, shapes, {name: tuple(tensor.shape) for name, tensor in wanted.items()}, file)
    tensors = unmapped(tensors)
    return managed(
        tensors,
        lambda dtype, place: _network(tensors, found, file, dtype, place),
        (_load_patcher, (path,)),
        disable_dynamic,
    )


def _network(
    tensors: Mapping[str, Tensor], found: SparseFile, file: str, dtype: torch.dtype, place: torch.device
) -> SparseNetwork:
    """The network around its weights, which are not copied where dtype and device agree."""
    for key in found.layers:
        check_finite(key, tensors[key], file)
    network = SparseNetwork(found, dtype, torch.device("meta")).requires_grad_(False)
    state = {name: tensors[key].to(place, dtype) for key, name in found.layers.items()}
    network.load_state_dict(state, assign=True)
    network.motion = load_motion_model(tensors, found.motion, file, comfy.ops.manual_cast, dtype, place)
    return network.eval()


__all__ = ["LoadedSparse", "SparseNetwork", "load_sparse"]
