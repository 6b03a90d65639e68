"""A plain second implementation of the pose guiders of the Animate Anyone family, to compare with.

Written from the releases' key names and formulas; no code is shared with the pack. Frames are (frames, channels,
height, width) in [0, 1], RGB, with sides that are multiples of 64; every guider reads each frame alone, but
AniPortrait's batch norms see all frames of a window.
"""

import torch.nn.functional as F
from torch import Tensor

from .temporal import State, attention, geglu, layer_norm, linear


def conv(x: Tensor, state: State, name: str, stride: int = 1, padding: int = 1) -> Tensor:
    """A convolution of pictures."""
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride, padding)


def moore(frames: Tensor, state: State) -> Tensor:
    """Moore's guider, and everybody else's of that class, whatever its widths.

    SiLU follows every convolution but the last. (frames, width, height / 8, width / 8), to be added behind the first
    convolution of the UNet.
    """
    return conv(_moore_stack(frames, state), state, "conv_out")


def champ(frames: Tensor, state: State) -> Tensor:
    """One of Champ's guidance encoders (arXiv 2403.14781): Moore's with self-attention before the last convolution.

    The file has six more transformers, which its authors never call. What several encoders give is summed.
    """
    x = transformer(_moore_stack(frames, state), state, "attentions.5", heads=8)
    return conv(x, state, "conv_out")


def _moore_stack(frames: Tensor, state: State) -> Tensor:
    x = F.silu(conv(frames, state, "conv_in"))
    for n in range(6):
        x = F.silu(conv(x, state, f"blocks.{n}", stride=1 + n % 2))
    return x


def aniportrait(frames: Tensor, state: State, raw: bool = False) -> list[Tensor]:
    """AniPortrait's guider (arXiv 2403.17694) for one window: a map for each level of a UNet, and one more.

    Convolution, batch norm, ReLU everywhere, but for the projection behind the first eight, which a learned scale
    multiplies. The authors leave the batch norms in training mode: mean and biased variance are those of the window.
    Their reference pose changes nothing, because the transformers have no cross-attention; it is left out here.

    Args:
        raw: what the authors' script does by mistake: pictures of 0 to 255 get the arithmetic of 0 to 1.
    """
    x = 2.0 * (frames * 255.0 if raw else frames) - 1.0
    for n in range(0, 24, 3):
        halves = state[f"conv_layers.{n}.weight"].shape[-1] == 4
        x = _rectified(x, state, f"conv_layers.{n}", f"conv_layers.{n + 1}", stride=2 if halves else 1)
    x = state["scale"] * conv(x, state, "final_proj", padding=0)
    maps = [x]
    for n in (1, 2, 3, 4):
        x = _rectified(x, state, f"conv_layers_{n}.0", f"conv_layers_{n}.1")
        if f"conv_layers_{n}.3.weight" in state:
            x = _rectified(x, state, f"conv_layers_{n}.3", f"conv_layers_{n}.4", stride=2)
        x = transformer(x, state, f"cross_attn{n}", heads=16)
        maps.append(x)
    return maps


def _rectified(x: Tensor, state: State, convolution: str, norm: str, stride: int = 1) -> Tensor:
    x = conv(x, state, convolution, stride)
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    weight, bias = (state[f"{norm}.{kind}"][:, None, None] for kind in ("weight", "bias"))
    return ((x - mean) / (variance + 1e-5).sqrt() * weight + bias).clamp(min=0)


def paper(frames: Tensor, state: State) -> Tensor:
    """The guider Animate Anyone describes (arXiv 2311.17117, section 3.2), to be added to the noisy latent.

    Four convolutions of 4 by 4 halve a picture four times, but a latent has an eighth of its size. So poses are read at
    twice the size of the clip, scaled up bilinearly with pixels as areas. SiLU follows all four, as in the condition
    reader of ControlNet, which the paper likens it to. (frames, 4, height / 8, width / 8).
    """
    x = F.interpolate(frames, scale_factor=2, mode="bilinear", align_corners=False)
    for n in range(4):
        x = F.silu(conv(x, state, f"blocks.{n}", stride=2))
    return conv(x, state, "conv_out", padding=0)


def transformer(x: Tensor, state: State, name: str, heads: int) -> Tensor:
    """A spatial transformer with self-attention only, between two convolutions of 1 by 1."""
    _, _, height, width = x.shape
    y = F.group_norm(x, 32, state[f"{name}.norm.weight"], state[f"{name}.norm.bias"], 1e-6)
    y = conv(y, state, f"{name}.proj_in", padding=0).flatten(2).transpose(1, 2)
    block = f"{name}.transformer_blocks.0"
    z = layer_norm(y, state, f"{block}.norm1")
    q, k, v = (linear(z, state, f"{block}.attn1.to_{letter}") for letter in "qkv")
    mixed = attention(q, k, v, heads)
    y = linear(mixed, state, f"{block}.attn1.to_out.0") + y
    y = geglu(layer_norm(y, state, f"{block}.norm3"), state, f"{block}.ff") + y
    return x + conv(y.transpose(1, 2).unflatten(2, (height, width)), state, f"{name}.proj_out", padding=0)
