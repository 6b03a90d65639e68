"""New low-rank layers (LoRA, arXiv 2106.09685), as AnimateDiff and MotionDirector begin them: they do nothing yet."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..formats import Site
from ..temporal import LoraFile, LoraModel, LowRank, LowRankLinear, MotionModel, Target, load_lora_model
from .drawing import Draws
from .errors import TrainingError

ATTENTION = ("to_q", "to_k", "to_v", "to_out")
"""What a MotionLoRA changes of every temporal attention (AnimateDiff, arXiv 2307.04725, section 4.3)."""
FEED_FORWARD = ("ff_in", "ff_out")
"""What MotionDirector (arXiv 2310.08465) changes besides."""
MOST_RANK = 1024


def new_motion_lora(model: MotionModel, sites: Iterable[Site], rank: int, seed: int, wide: bool = False) -> LoraModel:
    """A MotionLoRA for a motion module, float32, whose gradients are wanted.

    Args:
        sites: the places of the motion module, in the order of the file.
        wide: change the feed-forward, too.

    Raises:
        TrainingError: the rank is out of range.
    """
    changes: dict[Target, LowRank] = {}
    for site in sites:
        layer = model.at(site.block)
        if layer is None:
            continue
        width = model.channels[site.block]
        widths = {f"attentions.{n}.{part}": (width, width) for n in range(len(layer.attentions)) for part in ATTENTION}
        if wide:
            widths |= dict(zip(FEED_FORWARD, ((width, 8 * width), (4 * width, width)), strict=True))
        for leaf, (before, after) in widths.items():
            changes[site, leaf] = _new(before, after, rank, seed, f"{site} {leaf}")
    return learnable_lora(LoraFile(changes, 2 * len(changes), ()))


def learnable_lora(read: LoraFile) -> LoraModel:
    """The layers of a file to go on with, their scales within their weights."""
    changes = {
        target: LowRank(change.down.float(), change.up.float() * change.scale, 1.0)
        for target, change in read.changes.items()
    }
    return load_lora_model(LoraFile(changes, read.tensors, ()), nn, torch.float32).requires_grad_(True)


class ImageLora(nn.Module):
    """Low-rank layers beside weights of an image model.

    Args:
        shapes: of the weights they stand beside, (features out, features in) and ones for convolutions of one pixel,
            by the names that diffusers has for them, without ".weight".
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]], rank: int, seed: int) -> None:
        super().__init__()
        self.targets = tuple(shapes)
        self.layers = nn.ModuleList()
        for name, (after, before, *_) in shapes.items():
            new = _new(before, after, rank, seed, name)
            layer = LowRankLinear((before, after), rank)
            layer.load_state_dict({"down.weight": new.down, "up.weight": new.up})
            self.layers.append(layer)

    def change(self, number: int, weight: Tensor) -> Tensor:
        """What is added to a weight, like it."""
        layer = self.layers[number]
        product = layer.up.weight @ layer.down.weight  # type: ignore[operator]
        return product.view(weight.shape).to(weight)


def _new(before: int, after: int, rank: int, seed: int, name: str) -> LowRank:
    if not 1 <= rank <= MOST_RANK:
        raise TrainingError(f"rank is {rank}; it must be between 1 and {MOST_RANK}.")
    down = torch.randn(rank, before, generator=Draws(seed, 0).generator(f"low rank {name}")) / rank
    return LowRank(down, torch.zeros(after, rank))
