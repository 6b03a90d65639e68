"""A SparseCtrl file as a ComfyUI model patcher: the host's ControlNet with motion layers between its blocks."""

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import comfy.ops
import torch
from comfy.cldm.cldm import ControlNet
from comfy.ldm.modules.diffusionmodules.openaimodel import TimestepEmbedSequential, timestep_embedding
from torch import Tensor

from ....motion.control import RGB, SparseFile, check_layers, recognise_sparse
from ....motion.formats import Block, check_finite, read_weights, shapes_of
from ....motion.temporal import MotionModel, load_motion_model
from ..files import LoadedFile, Weights


class SparseNetwork(ControlNet):
    """The network of SparseCtrl (arXiv 2311.16933, section 3): it sees where pictures are, not the noisy latent."""

    def __init__(self, sparse: SparseFile, dtype: torch.dtype | None = None, device: Any = None) -> None:
        width, held = sparse.widths[0], {"dtype": dtype, "device": device}
        super().__init__(
            image_size=32,
            in_channels=4,
            model_channels=width,
            hint_channels=4,
            num_res_blocks=2,
            channel_mult=tuple(level // width for level in sparse.widths),
            num_heads=8,
            use_spatial_transformer=True,
            transformer_depth=[1, 1, 1, 1, 1, 1, 0, 0],
            transformer_depth_middle=1,
            context_dim=sparse.context,
            legacy=False,
            operations=comfy.ops.manual_cast,
            **held,
        )
        if sparse.reads == RGB:
            reader = comfy.ops.manual_cast.conv_nd(2, 5, width, 3, padding=1, **held)
            self.input_hint_block = TimestepEmbedSequential(reader)
        self.motion: MotionModel | None = None
        self.reads = sparse.reads
        self.widths = sparse.widths
        self.context = sparse.context

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


class SparseWeights(LoadedFile[SparseNetwork]):
    """The weights of one SparseCtrl file; RGB and scribble are kept, 1 GB each in half precision."""

    kept: ClassVar[int] = 2

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read and recognise a SparseCtrl file.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            SparseError, MotionFormatError: it is no SparseCtrl, or incomplete.
        """
        file = os.path.basename(path)
        tensors = read_weights(path)
        shapes = shapes_of(tensors)
        sparse = recognise_sparse(shapes, file)
        wanted = SparseNetwork(sparse, device=torch.device("meta")).state_dict()
        check_layers(sparse, shapes, shapes_of(wanted), file)
        return Weights(tensors, lambda held, dtype, device: _network(held, sparse, file, dtype, device))


def _network(
    tensors: Mapping[str, Tensor], sparse: SparseFile, file: str, dtype: torch.dtype, device: torch.device
) -> SparseNetwork:
    """The network around its weights, which are not copied where dtype and device agree."""
    for key in sparse.layers:
        check_finite(key, tensors[key], file)
    network = SparseNetwork(sparse, dtype, torch.device("meta")).requires_grad_(False)
    state = {name: tensors[key].to(device, dtype) for key, name in sparse.layers.items()}
    network.load_state_dict(state, assign=True)
    network.motion = load_motion_model(tensors, sparse.motion, file, comfy.ops.manual_cast, dtype, device)
    return network.eval()
