"""Seeded random LoRA files: MotionLoRAs in every published way of writing keys, and LoRAs for the image model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# weights.py, which uses this file, runs as a script
from .layouts import SD15, image_unet, places, tensor

ATTENTION = tuple(f"attention_blocks.{n}.{layer}" for n in (0, 1) for layer in ("to_q", "to_k", "to_v", "to_out.0"))
FEED_FORWARD = ("ff.net.0.proj", "ff.net.2")


@dataclass(frozen=True)
class Style:
    """One way of writing the keys: for a layer such as to_out.0, what stands before down and up."""

    prefix: str = ""
    inner: str = "temporal_transformer.transformer_blocks.0."
    attention: str = "attention_blocks.{n}"
    layer: str = "processor.{plain}_lora"
    special: Mapping[str, str] | None = None
    parts: tuple[str, str] = ("down", "up")
    first: int = 0
    """The number of the first attention."""

    def key(self, place: str, target: str, part: str) -> str:
        """The key of one tensor; ``part`` is down, up or alpha."""
        if target.startswith("attention_blocks."):
            _, n, layer = target.split(".", 2)
            head = self.attention.format(n=int(n) + self.first) + "."
        else:
            head, layer = "", target
        written = (self.special or {}).get(layer) or self.layer.format(plain=layer.removesuffix(".0"), layer=layer)
        name = f"{self.prefix}{place}.{self.inner}{head}{written}"
        if part == "alpha":
            return f"{name.removesuffix('_').removesuffix('.lora')}.alpha"
        return f"{name}{'' if name.endswith('_') else '.'}{self.parts[part == 'up']}.weight"


DIFFUSERS: dict[str, Any] = {"prefix": "unet.", "inner": "transformer_blocks.0.", "attention": "attn{n}", "first": 1}
STYLES = {
    "original": Style(),
    "diffusers": Style(**DIFFUSERS),
    "peft": Style(**DIFFUSERS, layer="{layer}.lora_", parts=("A", "B")),
    "kohya": Style(**DIFFUSERS, layer="{layer}.lora"),
    "motiondirector": Style(
        special={
            "to_out.0": "to_out.processor.0_lora",
            "ff.net.0.proj": "ff.net.0.processor.proj_lora",
            "ff.net.2": "ff.net.processor.2_lora",
        }
    ),
}


def motion_lora(
    channels: Sequence[int] = SD15,
    mid: bool = True,
    rank: int = 64,
    style: str = "original",
    feed_forward: bool = False,
    alpha: float | None = None,
    seed: int = 0,
    gain: float = 1.0,
) -> dict[str, Tensor]:
    """A MotionLoRA; the same seed gives the same change in every style."""
    state: dict[str, Tensor] = {}
    for place, target, width in targets(channels, mid, feed_forward):
        into, out = widths(target, width)
        name, written = f"{place}.{target}", STYLES[style]
        state[written.key(place, target, "down")] = tensor(f"{name}.down", (rank, into), gain, seed)
        state[written.key(place, target, "up")] = tensor(f"{name}.up", (out, rank), 0.5, seed)
        if alpha is not None:
            state[written.key(place, target, "alpha")] = torch.tensor(float(alpha))
    return state


def targets(channels: Sequence[int], mid: bool, feed_forward: bool) -> list[tuple[str, str, int]]:
    """(place, layer, width) of everything a MotionLoRA changes."""
    layers = (*ATTENTION, *(FEED_FORWARD if feed_forward else ()))
    return [(place, layer, width) for place, width in places(channels, mid) for layer in layers]


def widths(target: str, c: int) -> tuple[int, int]:
    """Features in and out of a layer."""
    return {"ff.net.0.proj": (c, 8 * c), "ff.net.2": (4 * c, c)}.get(target, (c, c))


def merged(
    module: Mapping[str, Tensor], strength: float, channels: Sequence[int], mid: bool = True, **options: Any
) -> dict[str, Tensor]:
    """The float64 weights of a motion module after adding the change that `motion_lora` describes."""
    state = {key: value.double() for key, value in module.items()}
    style = STYLES["original"]
    lora = {key: value.double() for key, value in motion_lora(channels, mid, **options).items()}
    for place, target, _ in targets(channels, mid, options.get("feed_forward", False)):
        key = f"{place}.temporal_transformer.transformer_blocks.0.{target}.weight"
        if key in state:
            down, up = (lora[style.key(place, target, part)] for part in ("down", "up"))
            alpha = options.get("alpha")
            scale = 1.0 if alpha is None else alpha / down.shape[0]
            state[key] = state[key] + strength * scale * (up @ down)
    return state


def domain_adapter(channels: Sequence[int] = SD15, rank: int = 128, seed: int = 0) -> dict[str, Tensor]:
    """The domain adapter of v3: a LoRA for the attentions of the SD1.5 image model, without alpha."""
    state: dict[str, Tensor] = {}
    for layer, shape in image_layers(channels).items():
        if ".attn" in layer:
            key = f"{layer.replace('.to_', '.processor.to_').removesuffix('.0')}_lora"
            state |= _pair(f"{key}.down.weight", f"{key}.up.weight", shape, rank, seed)
    return state


def image_lora(channels: Sequence[int] = SD15, rank: int = 64, seed: int = 0) -> dict[str, Tensor]:
    """A LoRA in kohya's layout for every layer in the blocks of the SD1.5 image model, as LCM LoRAs have it."""
    state: dict[str, Tensor] = {}
    for layer, shape in image_layers(channels).items():
        key = f"lora_unet_{layer.replace('.', '_')}"
        state |= _pair(f"{key}.lora_down.weight", f"{key}.lora_up.weight", shape, rank, seed)
        state[f"{key}.alpha"] = torch.tensor(float(rank))
    return state


def image_layers(channels: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Name in diffusers' naming and weight shape of every linear layer and convolution in the blocks of SD1.5."""
    shapes = {key: shape for key, shape in image_unet(channels).items() if "_block" in key and len(shape) > 1}
    return {key.removesuffix(".weight"): shape for key, shape in shapes.items()}


def _pair(down: str, up: str, shape: tuple[int, ...], rank: int, seed: int) -> dict[str, Tensor]:
    out, *into = shape
    return {
        down: tensor(down, (rank, *into), 1.0, seed),
        up: tensor(up, (out, rank, *(1 for _ in into[1:])), 0.3, seed),
    }
