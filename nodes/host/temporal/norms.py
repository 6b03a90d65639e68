"""UNet layers whose group norms take their statistics over the frames of a clip, as AnimateDiff v1 was trained.

The original code gave every ResBlock and the output layer (clip, channel, frame, height, width) tensors, and nothing
else (`use_inflated_groupnorm: false`). Here the host's own modules are called with such tensors; none is changed.
"""

from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from torch import Tensor, nn

from ....motion.temporal import pooled_norm


def pooled_resblock(block: ResBlock, x: Tensor, emb: Tensor, frames: int) -> Tensor:
    """A ResBlock's forward pass with both group norms pooled over frames.

    Args:
        x: (clips * frames, channels, height, width).
        emb: (clips * frames, width of the time embedding).
    """
    first, *into = block.in_layers
    h = pooled_norm(first, x, frames)
    for layer in into:
        h = layer(h)
    h = h + block.emb_layers(emb).type(h.dtype)[..., None, None]
    second, *out = block.out_layers
    h = pooled_norm(second, h, frames)
    for layer in out:
        h = layer(h)
    return block.skip_connection(x) + h


def pooled_output(out: nn.Sequential, h: Tensor, frames: int) -> Tensor:
    """The UNet's output layer (group norm, SiLU, convolution) with the norm pooled over frames."""
    norm, *rest = out
    y = pooled_norm(norm, h, frames)
    for layer in rest:
        y = layer(y)
    return y
