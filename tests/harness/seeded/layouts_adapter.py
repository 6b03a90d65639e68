"""What a domain adapter changes, put into the weights of the UNet by hand."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

LAYERS = ("to_q", "to_k", "to_v", "to_out")


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
