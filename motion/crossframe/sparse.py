"""Self-attention that reads other frames of a clip.

In the sparse-causal attention of Tune-A-Video (arXiv 2212.11565, section 3.2) every frame reads the first frame and the
one before it, in place of itself.
"""

import torch
from torch import Tensor


def sparse_causal(tokens: Tensor, frames: int) -> Tensor:
    """Keys or values of every frame replaced by those of the first frame and, after them, of the frame before.

    The first frame reads itself twice, which is the attention of the image model.

    Args:
        tokens: (clips * frames, tokens, channels), the frames of a clip adjacent.

    Returns:
        (clips * frames, 2 * tokens, channels), a new tensor.
    """
    clips = tokens.unflatten(0, (-1, frames))
    before = torch.arange(-1, frames - 1, device=tokens.device).clamp(min=0)
    return torch.cat((clips[:, :1].expand_as(clips), clips[:, before]), dim=2).flatten(0, 1)
