"""Read MotionLoRA files: low-rank changes of a motion module's linear layers (AnimateDiff, arXiv 2307.04725, 4.3).

Whoever wrote the file, a key is first rewritten to the weight it changes, and that to a place and a canonical leaf.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ..formats import Site, check_finite, kind_and_place

PART = re.compile(
    r"(?P<weight>.+?)(?:_lora\.|\.lora_|\.lora\.|\.lora_linear_layer\.)(?P<part>down|up|A|B)(?:\.default)?\.weight"
)
"""``to_q_lora.down`` (AnimateDiff, MotionDirector), ``to_q.lora_A`` (PEFT), ``to_q.lora.down`` (diffusers)."""
ALPHA = re.compile(r"(?P<weight>.+?)(?:_lora)?\.alpha")
PLACE = re.compile(
    r"(?:unet\.|base_model\.model\.)*(?:(?P<side>down|up)_blocks\.(?P<level>\d+)|mid_block)\."
    r"(?:motion_modules|temporal_attentions)\.(?P<index>\d+)\.(?:temporal_transformer\.)?(?P<leaf>.+)"
)
LEAVES = tuple(
    (re.compile(pattern), leaf)
    for pattern, leaf in (
        (r"(proj_in|proj_out)", r"\1"),
        (r"transformer_blocks\.0\.attention_blocks\.(\d+)\.(to_[qkv]|to_out)(?:\.0)?", r"attentions.\1.\2"),
        (r"transformer_blocks\.0\.attn1\.(to_[qkv]|to_out)(?:\.0)?", r"attentions.0.\1"),
        (r"transformer_blocks\.0\.attn2\.(to_[qkv]|to_out)(?:\.0)?", r"attentions.1.\1"),
        (r"transformer_blocks\.0\.ff\.net\.0\.proj", r"ff_in"),
        (r"transformer_blocks\.0\.ff\.net\.2", r"ff_out"),
    )
)
PARTS = {"down": "down", "up": "up", "A": "down", "B": "up"}
Target = tuple[Site, str]
"""A linear layer of a motion module: place and canonical leaf, as in `motion.formats`."""


class LoraError(ValueError):
    """A file is no MotionLoRA, is damaged, or fits another motion module; the message says which and what to do."""


@dataclass(frozen=True)
class LowRank:
    """The change ``scale * up @ down`` of one weight."""

    down: Tensor
    """(rank, features in)."""
    up: Tensor
    """(features out, rank)."""
    scale: float = 1.0
    """alpha / rank, 1 if the file has no alpha."""
    tensors: int = 2
    """How many tensors of the file describe it."""

    @property
    def widths(self) -> tuple[int, int]:
        """Features in and out."""
        return self.down.shape[1], self.up.shape[0]


@dataclass(frozen=True)
class LoraFile:
    """What a MotionLoRA file holds."""

    changes: Mapping[Target, LowRank]
    tensors: int
    """All tensors of the file."""
    unexplained: tuple[str, ...]
    """Keys that belong to no temporal layer."""


def target_of(key: str) -> tuple[Target, str] | None:
    """(place and leaf, "down", "up" or "alpha") of a key, None if it changes no layer of a motion module."""
    found = PART.fullmatch(key)
    part = PARTS[found["part"]] if found else "alpha"
    found = found or ALPHA.fullmatch(key)
    if found is None:
        return None
    place = PLACE.fullmatch(found["weight"].replace(".processor.", "."))
    if place is None:
        return None
    for pattern, leaf in LEAVES:
        inner = pattern.fullmatch(place["leaf"])
        if inner is not None:
            site = Site(place["side"] or "mid", int(place["level"] or 0), int(place["index"]))
            return (site, inner.expand(leaf)), part
    return None


def read_lora(tensors: Mapping[str, Tensor], file: str) -> LoraFile:
    """Sort the tensors of a MotionLoRA file by the layers they change.

    Raises:
        LoraError: not a MotionLoRA, a tensor without its partner, ranks that differ.
        WeightFileError: NaN or infinite values.
    """
    found: dict[Target, dict[str, str]] = {}
    unexplained = []
    for key in tensors:
        target = target_of(key)
        if target is None:
            unexplained.append(key)
        else:
            found.setdefault(target[0], {})[target[1]] = key
    if not any("down" in keys or "up" in keys for keys in found.values()):
        raise LoraError(_not_a_lora(tensors, file))
    changes = {target: _low_rank(keys, tensors, file) for target, keys in found.items()}
    return LoraFile(changes, len(tensors), tuple(unexplained))


def _low_rank(keys: Mapping[str, str], tensors: Mapping[str, Tensor], file: str) -> LowRank:
    for part, partner in (("down", "up"), ("up", "down")):
        if part not in keys:
            lone = keys.get(partner) or keys["alpha"]
            raise LoraError(f"{file} is incomplete: {lone} has no {part} tensor beside it. Download it again.")
    for key in keys.values():
        check_finite(key, tensors[key], file)
    down, up = tensors[keys["down"]], tensors[keys["up"]]
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
        raise LoraError(
            f"{file} is damaged: {keys['down']} {list(down.shape)} and {keys['up']} {list(up.shape)} have different "
            "ranks. Download it again, or save it once more with the tool that made it."
        )
    scale = float(tensors[keys["alpha"]]) / down.shape[0] if "alpha" in keys else 1.0
    return LowRank(down, up, scale, len(keys))


def _not_a_lora(tensors: Mapping[str, Tensor], file: str) -> str:
    found = kind_and_place({key: tuple(tensor.shape) for key, tensor in tensors.items()}, file)
    # a MotionLoRA whose layers nobody knows is none of the kinds either
    if found is None or found[0] == "a MotionLoRA":
        return (
            f"{file} is not a MotionLoRA of any known layout (first keys: {', '.join(list(tensors)[:3])}). Choose one "
            "for AnimateDiff, for example v2_lora_ZoomIn; if this is one, please report it and where it comes from."
        )
    return f"{file} is {found[0]}, not a MotionLoRA. {found[1]}".strip()
