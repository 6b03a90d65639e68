"""Seeded random domain adapters in the layout of v3_sd15_adapter, and the same change in the UNet's own weights."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from .layouts import SD15, tensor

LAYERS = ("to_q", "to_k", "to_v", "to_out")


def domain_adapter(
    channels: Sequence[int] = SD15, rank: int = 128, seed: int = 0, context: int = 768
) -> dict[str, Tensor]:
    """Low-rank changes of every spatial attention: self (attn1) and cross (attn2)."""
    state: dict[str, Tensor] = {}
    for place, _, width in spatial_transformers(channels):
        for attention, source in (("attn1", width), ("attn2", context)):
            for layer in LAYERS:
                name = f"{place}.transformer_blocks.0.{attention}.processor.{layer}_lora"
                into = source if layer in ("to_k", "to_v") else width
                state[f"{name}.down.weight"] = tensor(f"{name}.down", (rank, into), seed=seed)
                state[f"{name}.up.weight"] = tensor(f"{name}.up", (width, rank), 0.5, seed)
    return state


def spatial_transformers(channels: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """Place in an SD1.5 UNet as diffusers names it and as the original code does, and its width."""
    top = len(channels) - 1
    for level, width in enumerate(channels[:top]):
        for layer in (0, 1):
            yield f"down_blocks.{level}.attentions.{layer}", f"input_blocks.{3 * level + layer + 1}.1", width
    yield "mid_block.attentions.0", "middle_block.1", channels[-1]
    for level, width in enumerate(reversed(channels[:top]), 1):
        for layer in (0, 1, 2):
            yield f"up_blocks.{level}.attentions.{layer}", f"output_blocks.{3 * level + layer}.1", width


def merged(
    unet: Mapping[str, Tensor], adapter: Mapping[str, Tensor], strength: float, channels: Sequence[int]
) -> dict[str, Tensor]:
    """UNet weights in the original layout after adding ``strength * up @ down``, computed in float64."""
    state = dict(unet)
    for place, block, _ in spatial_transformers(channels):
        for attention in ("attn1", "attn2"):
            for layer in LAYERS:
                name = f"{place}.transformer_blocks.0.{attention}.processor.{layer}_lora"
                leaf = "to_out.0" if layer == "to_out" else layer
                key = f"{block}.transformer_blocks.0.{attention}.{leaf}.weight"
                down, up = (adapter[f"{name}.{part}.weight"].double() for part in ("down", "up"))
                state[key] = (state[key].double() + strength * (up @ down)).to(state[key].dtype)
    return state
