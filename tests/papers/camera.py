"""A plain second implementation of CameraCtrl (arXiv 2404.02101) from its paper and the published key names.

Slow, the rays one pixel at a time; it shares no code with the pack.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .temporal import attention, geglu, layer_norm, linear

State = Mapping[str, Tensor]


def rays(
    world_to_camera: Sequence[np.ndarray], lens: Sequence[float], height: int, width: int, aspect: float
) -> np.ndarray:
    """(frames, 6, height, width): moment and direction of each pixel's line, one pixel after the other.

    Args:
        world_to_camera: 4x4 matrices.
        lens: fx, fy, cx, cy, normalised by a picture of that aspect ratio.
    """
    fx, fy, cx, cy = lens
    # in pixels of the whole picture, scaled so that the clip fits into it in one direction
    whole_width = max(width, height * aspect)
    whole_height = whole_width / aspect
    left, top = (whole_width - width) / 2, (whole_height - height) / 2
    result = np.zeros((len(world_to_camera), 6, height, width))
    for frame, matrix in enumerate(world_to_camera):
        camera_to_first = world_to_camera[0] @ np.linalg.inv(matrix)
        origin = camera_to_first[:3, 3]
        for row in range(height):
            for column in range(width):
                x = (column + 0.5 + left - cx * whole_width) / (fx * whole_width)
                y = (row + 0.5 + top - cy * whole_height) / (fy * whole_height)
                direction = camera_to_first[:3, :3] @ (np.array([x, y, 1.0]) / math.sqrt(x * x + y * y + 1))
                result[frame, :3, row, column] = np.cross(origin, direction)
                result[frame, 3:, row, column] = direction
    return result


def encode(lines: Tensor, state: State) -> list[Tensor]:
    """Feature maps (frames, channels, h, w) of the four levels, of at most 16 frames of (frames, 6, height, width)."""
    frames, _, height, width = lines.shape
    x = lines.reshape(frames, 6, height // 8, 8, width // 8, 8).permute(0, 1, 3, 5, 2, 4)
    x = _conv(x.reshape(frames, 384, height // 8, width // 8), state, "encoder_conv_in")
    found = []
    for level in range(4):
        for layer in range(2):
            name = f"encoder_down_conv_blocks.{level}.{layer}"
            if level and not layer:
                x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
            if f"{name}.in_conv.weight" in state:
                x = _conv(x, state, f"{name}.in_conv")
            x = x + _conv(torch.relu(_conv(x, state, f"{name}.block1")), state, f"{name}.block2")
            x = over_frames(x, state, f"encoder_down_attention_blocks.{level}.{layer}")
        found.append(x)
    return found


def over_frames(x: Tensor, state: State, name: str) -> Tensor:
    """Self-attention over the frames of each pixel, then a feed-forward, each with its norm and residual."""
    frames, channels, height, width = x.shape
    y = x.permute(2, 3, 0, 1).reshape(height * width, frames, channels)
    inner = f"{name}.attention_blocks.0"
    z = layer_norm(y, state, f"{name}.norms.0") + state[f"{inner}.pos_encoder.pe"][:, :frames]
    mixed = attention(*(linear(z, state, f"{inner}.to_{letter}") for letter in "qkv"), heads=8)
    y = y + linear(mixed, state, f"{inner}.to_out.0")
    y = y + geglu(layer_norm(y, state, f"{name}.ff_norm"), state, f"{name}.ff")
    return y.reshape(height, width, frames, channels).permute(2, 3, 0, 1)


def _conv(x: Tensor, state: State, name: str) -> Tensor:
    weight = state[f"{name}.weight"]
    return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)


class Steered:
    """What `reference.temporal_transformer` asks for at attention 0."""

    def __init__(self, features: Sequence[Tensor], state: State, strength: float = 1.0) -> None:
        self.features, self.state, self.strength = features, state, strength

    def __call__(self, z: Tensor, place: str) -> Tensor:
        """(clips * pixels, frames, channels) to the same, n + e * merge(n + f)."""
        name = f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.qkv_merge"
        if f"{name}.weight" not in self.state:
            return z
        level = int(place.split(".")[1])
        features = self.features[level if place.startswith("down") else 3 - level]
        tokens = features.permute(2, 3, 0, 1).flatten(0, 1).repeat(z.shape[0] // features[0, 0].numel(), 1, 1)
        return z + self.strength * linear(z + tokens, self.state, name)
