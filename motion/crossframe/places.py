"""The transformer blocks of an image UNet, by the two names a layer goes by."""

import re
from functools import cache
from typing import NamedTuple

from ..formats import NUMBER, Block, unet_name

_NAME = re.compile(
    rf"(?P<name>(?:(?:down|up)_blocks\.{NUMBER}|mid_block)\.attentions\.{NUMBER}\.transformer_blocks\.(?P<number>{NUMBER}))"
    r"\.(?P<leaf>\S+)"
)
_EVERYWHERE = "attn1.to_q.weight"
"""A tensor that every transformer block has, to ask for the place of the block."""
MOST_LEVELS = 4
_LAYER = re.compile(rf"(?P<transformer>\S+)\.transformer_blocks\.(?P<number>{NUMBER})")
_SIDES = {"input_blocks": "input", "middle_block": "middle", "output_blocks": "output"}


class Place(NamedTuple):
    """One transformer block."""

    name: str
    """As the diffusers library spells it: ``down_blocks.0.attentions.1.transformer_blocks.0``."""
    layer: str
    """In the original layout: ``input_blocks.2.1.transformer_blocks.0``."""
    block: Block
    """The UNet block it is in."""
    number: int
    """Which one of its spatial transformer, 0 for the first."""

    def __str__(self) -> str:
        return self.name


class Leaf(NamedTuple):
    """A tensor of a transformer block."""

    place: Place
    name: str
    """``attn1.to_q.weight``."""


def leaf_of(key: str) -> Leaf | None:
    """Where a tensor has its place, None for all that are not inside a transformer block."""
    match = _NAME.fullmatch(key)
    known = match and unet_name(f"{match['name']}.{_EVERYWHERE}")
    if not match or not known:
        return None
    layer = known.removesuffix(f".{_EVERYWHERE}")
    side, number, *_ = layer.split(".")
    block = _SIDES[side], 0 if side == "middle_block" else int(number)
    return Leaf(Place(match["name"], layer, block, int(match["number"])), match["leaf"])


def place_of_layer(layer: str) -> Place | None:
    """The place of a transformer block by its name in the original layout, None if it is none."""
    match = _LAYER.fullmatch(layer)
    name = match and _transformers().get(match["transformer"])
    if not match or not name:
        return None
    leaf = leaf_of(f"{name}.transformer_blocks.{match['number']}.{_EVERYWHERE}")
    return None if leaf is None else leaf.place


@cache
def _transformers() -> dict[str, str]:
    """Every spatial transformer that a UNet can have, its name in the original layout to that of diffusers."""
    levels = range(MOST_LEVELS)
    names = [f"down_blocks.{level}.attentions.{number}" for level in levels for number in range(2)]
    names += [f"up_blocks.{level}.attentions.{number}" for level in levels for number in range(3)]
    inner = f".transformer_blocks.0.{_EVERYWHERE}"
    known = {name: unet_name(name + inner) for name in (*names, "mid_block.attentions.0")}
    return {layer.removesuffix(inner): name for name, layer in known.items() if layer is not None}
