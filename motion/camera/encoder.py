"""CameraCtrl (arXiv 2404.02101): an encoder of camera paths, and the layers that tell temporal attention about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from ..formats import Block
from ..temporal import ResidualBlock, TemporalAttention
from ..windows import WindowOptions, plan_windows
from .paths import CameraPath
from .plucker import plucker_rays

SHRINK = 8
"""Pixels of a latent's side; so many by so many rays become the channels of one place."""
RAY = 6
HEADS = 8
TOKENS = 4096
"""Tokens in one pass of the wide feed-forward. The encoder runs once for a clip, so memory counts more than speed."""


@dataclass(frozen=True)
class CameraStructure:
    """What the shapes of a file say."""

    widths: tuple[int, ...]
    """Channels of each level, from the resolution of the latent down."""
    layers: int
    """Residual blocks in a level."""
    positions: int
    """Frames that the encoder can number."""
    merges: Mapping[Block, int]
    """UNet blocks with a merging layer, and their channels."""


class FrameBlock(nn.Module):
    """One self-attention over the frames of every pixel and a feed-forward, without projections around them."""

    def __init__(self, channels: int, positions: int, operations: Any, dtype: Any, device: Any) -> None:
        super().__init__()
        held = {"dtype": dtype, "device": device}
        self.attention = TemporalAttention(channels, HEADS, positions, operations, dtype, device)
        self.ff_norm = operations.LayerNorm(channels, **held)
        self.ff_in = operations.Linear(channels, 8 * channels, **held)
        self.ff_out = operations.Linear(4 * channels, channels, **held)

    def forward(self, x: Tensor) -> Tensor:
        """(frames, channels, height, width) to the same."""
        frames = x.shape[0]
        tokens = rearrange(x, "f c h w -> 1 f (h w) c")
        places = self.attention.positions(frames, x)  # type: ignore[operator]
        parts = [self._mixed(part, places) for part in tokens.split(max(1, TOKENS // frames), 2)]
        return rearrange(torch.cat(parts, 2), "1 f (h w) c -> f c h w", h=x.shape[2])

    def _mixed(self, tokens: Tensor, places: Tensor) -> Tensor:
        tokens = tokens + self.attention(tokens, places)
        value, gate = self.ff_in(self.ff_norm(tokens)).chunk(2, dim=-1)
        return tokens.add_(self.ff_out(F.gelu(gate).mul_(value)))


class CameraEncoder(nn.Module):
    """Rays to one feature map for each resolution of the UNet."""

    def __init__(self, structure: CameraStructure, operations: Any, dtype: Any, device: Any) -> None:
        super().__init__()
        widths, made = structure.widths, (operations, dtype, device)
        self.conv_in = operations.Conv2d(RAY * SHRINK**2, widths[0], 3, padding=1, dtype=dtype, device=device)
        self.rays = nn.ModuleList()
        self.frames = nn.ModuleList()
        for level, width in enumerate(widths):
            befores = [widths[max(level - 1, 0)], *[width] * (structure.layers - 1)]
            blocks = (
                ResidualBlock(before, width, operations, level > 0 and not n, dtype=dtype, device=device)
                for n, before in enumerate(befores)
            )
            self.rays.append(nn.ModuleList(blocks))
            self.frames.append(nn.ModuleList(FrameBlock(width, structure.positions, *made) for _ in befores))

    def forward(self, rays: Tensor) -> list[Tensor]:
        """The features of a piece of a path.

        Args:
            rays: (frames, 6, height, width), at most as many frames as there are positions.

        Returns:
            For each level (frames, channels, height, width), at 1/8, 1/16, 1/32 and 1/64 of the size.
        """
        x = self.conv_in(F.pixel_unshuffle(rays, SHRINK))
        features = []
        for blocks, mixers in zip(self.rays, self.frames, strict=True):
            for block, mixer in zip(blocks, mixers, strict=True):  # type: ignore[arg-type]
                x = mixer(block(x))
            features.append(x)
        return features


class CameraModel(nn.Module):
    """A CameraCtrl file: the encoder, and a merging layer for each UNet block that listens to it."""

    def __init__(
        self, structure: CameraStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        self.structure, self.dtype = structure, dtype
        self.encoder = CameraEncoder(structure, operations, dtype, device)
        merges = {
            merge_name(block): operations.Linear(width, width, dtype=dtype, device=device)
            for block, width in structure.merges.items()
        }
        self.merges = nn.ModuleDict(merges)

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def merge_at(self, block: Block) -> nn.Module | None:
        """The merging layer of a UNet block, None where there is none."""
        return self.merges[merge_name(block)] if block in self.structure.merges else None

    def level(self, block: Block) -> int:
        """Which of the encoder's features a UNet block listens to; the way up mirrors the way down."""
        side, number = block
        return (number - 1) // 3 if side == "input" else len(self.structure.widths) - 1 - number // 3

    def features(
        self,
        path: CameraPath,
        frames: int,
        size: tuple[int, int],
        device: Any,
        dtype: torch.dtype,
        rest: Any,
        before_each: Callable[[], None] = lambda: None,
    ) -> list[Tensor]:
        """The features of a whole clip, in windows that overlap by half where it is longer than the positions.

        Computed in float32: it happens once for a clip, and nothing in the encoder keeps numbers small.

        Args:
            path: the camera; behind its end the last pose stays.
            frames: length of the clip.
            size: height and width of the latent.
            device: where to work.
            dtype, rest: of the result, and the device to keep it on.
            before_each: called before each window, to stop there if nobody waits any longer.

        Returns:
            For each level (frames, channels, height, width), channels last in memory, as tokens have them.
        """
        whole = path.at(list(range(frames))).relative()
        length = self.structure.positions
        totals: list[Tensor] = []
        for view in plan_windows(frames, 0, WindowOptions(length=length, overlap=length // 2)):
            before_each()
            rays = plucker_rays(whole.at(list(view.frames)), (size[0] * SHRINK, size[1] * SHRINK), device)
            weights = torch.tensor(view.weights, device=rest, dtype=dtype)[:, None, None, None]
            index = torch.tensor(view.frames, device=rest)
            parts = self.encoder(rays)
            totals = totals or [_channels_last(frames, part, rest, dtype) for part in parts]
            for total, part in zip(totals, parts, strict=True):
                total.index_add_(0, index, part.to(rest, dtype) * weights)
        return totals


def _channels_last(frames: int, like: Tensor, device: Any, dtype: torch.dtype) -> Tensor:
    zeros = torch.zeros(frames, *like.shape[1:], device=device, dtype=dtype)
    return zeros.to(memory_format=torch.channels_last)


def merge_name(block: Block) -> str:
    """The name of a block's merging layer, without dots."""
    return f"{block[0]}_{block[1]}"
