"""Read MotionLoRA files: low-rank changes of a motion module's linear layers (AnimateDiff, arXiv 2307.04725, 4.3).

Whoever wrote the file, a key is first rewritten to the weight it changes, and that to a place and a canonical leaf.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ..formats import MOTION_LORA, NUMBER, Site, check_finite, is_copy, kind_and_place, shapes_of

PART = re.compile(
    r"(?P<weight>.+?)(?:_lora\.|[._]lora_|\.lora\.|\.lora_linear_layer\.)(?P<part>down|up|A|B)"
    r"(?:\.(?P<adapter>.+))?\.weight"
)
"""``to_q_lora.down`` (AnimateDiff, MotionDirector), ``to_q.lora_A.name`` (PEFT, with the name of an adapter or
without), ``to_q.lora.down`` (diffusers), ``to_q.lora_down`` (kohya)."""
ALPHA = re.compile(r"(?P<weight>.+?)(?:[._]lora)?[._]alpha")
NETWORK = re.compile(r"(?:(?:lora|unet|denoising|base|model|module|motion|diffusion|transformer)_)*")
"""Before the place, what says nothing."""
PLACE = re.compile(
    rf"(?P<network>.*?)(?:(?P<side>down|up)_blocks_(?P<level>{NUMBER})|mid_block)_"
    rf"(?:motion_modules|temporal_attentions)_(?P<index>{NUMBER})_(?:temporal_transformer_)?(?P<leaf>.+)"
)
"""With underscores for the dots, as kohya's trainers write all of it and others the half."""
LEAVES = tuple(
    (re.compile(pattern), leaf)
    for pattern, leaf in (
        (r"(proj_in|proj_out)", r"\1"),
        (rf"transformer_blocks_0_attention_blocks_({NUMBER})_(to_[qkv]|to_out)(?:_0)?", r"attentions.\1.\2"),
        (r"transformer_blocks_0_attn1_(to_[qkv]|to_out)(?:_0)?", r"attentions.0.\1"),
        (r"transformer_blocks_0_attn2_(to_[qkv]|to_out)(?:_0)?", r"attentions.1.\1"),
        (r"transformer_blocks_0_ff_net_0_proj", r"ff_in"),
        (r"transformer_blocks_0_ff_net_2", r"ff_out"),
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
    others: tuple[str, ...] = ()
    """Keys of further adapters for the same layers, which are left out."""


@dataclass(frozen=True)
class Place:
    """Where a tensor of a MotionLoRA belongs."""

    target: Target
    part: str
    """"down", "up" or "alpha"."""
    network: str = ""
    """What its key begins with, if that says anything, such as that it is a running average."""
    adapter: str = ""
    """The name of its adapter, for files of PEFT."""


def place_of(key: str) -> Place | None:
    """Where a tensor belongs by its key, None if it changes no layer of a motion module."""
    match = PART.fullmatch(key)
    part, adapter = (PARTS[match["part"]], match["adapter"] or "") if match else ("alpha", "")
    match = match or ALPHA.fullmatch(key)
    if match is None:
        return None
    place = PLACE.fullmatch(match["weight"].replace(".", "_").replace("_processor_", "_"))
    if place is None:
        return None
    network = "" if NETWORK.fullmatch(place["network"]) else place["network"]
    for pattern, leaf in LEAVES:
        inner = pattern.fullmatch(place["leaf"])
        if inner is not None:
            site = Site(place["side"] or "mid", int(place["level"] or 0), int(place["index"]))
            return Place((site, inner.expand(leaf)), part, network, adapter)
    return None


def read_lora(tensors: Mapping[str, Tensor], file: str) -> LoraFile:
    """Sort the tensors of a MotionLoRA file by the layers they change.

    Of several adapters the one for most layers is taken; among equals one that is no running average, then the first.

    Raises:
        LoraError: not a MotionLoRA, a tensor without its partner, ranks that differ.
        WeightFileError: NaN or infinite values.
    """
    adapters: dict[tuple[str, str], dict[Target, dict[str, str]]] = {}
    scales: dict[str, dict[Target, str]] = {}
    unexplained = []
    for key in tensors:
        place = place_of(key)
        if place is None:
            unexplained.append(key)
        elif place.part == "alpha":
            scales.setdefault(place.network, {})[place.target] = key
        else:
            parts = adapters.setdefault((place.network, place.adapter), {}).setdefault(place.target, {})
            if place.part in parts:
                raise LoraError(
                    f"{file} is no usual MotionLoRA: {parts[place.part]} and {key} are for the same layer. Save it "
                    "once more with the tool that made it."
                )
            parts[place.part] = key
    if not adapters:
        raise LoraError(_not_a_lora(tensors, file))
    # of equals the first is the largest
    taken = max(adapters, key=lambda each: (len(adapters[each]), not is_copy(each[0])))
    chosen, alphas = adapters[taken], scales.get(taken[0], {})
    for target, key in alphas.items():
        chosen.setdefault(target, {})["alpha"] = key
    changes = {target: _low_rank(keys, tensors, file) for target, keys in chosen.items()}
    used = {key for keys in chosen.values() for key in keys.values()} | set(unexplained)
    return LoraFile(changes, len(tensors), tuple(unexplained), tuple(key for key in tensors if key not in used))


def _low_rank(keys: Mapping[str, str], tensors: Mapping[str, Tensor], file: str) -> LowRank:
    for part, partner in (("down", "up"), ("up", "down")):
        if part not in keys:
            lone = keys.get(partner) or keys["alpha"]
            raise LoraError(f"{file} is incomplete: {lone} has no {part} tensor beside it. Download it again.")
    for key in keys.values():
        check_finite(key, tensors[key], file)
    down, up = _matrix(tensors[keys["down"]]), _matrix(tensors[keys["up"]])
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
        raise LoraError(
            f"{file} is damaged: {keys['down']} {list(down.shape)} and {keys['up']} {list(up.shape)} have different "
            "ranks. Download it again, or save it once more with the tool that made it."
        )
    if "alpha" in keys and tensors[keys["alpha"]].numel() != 1:
        raise LoraError(
            f"{file} is damaged: {keys['alpha']} should be one number and has {tensors[keys['alpha']].numel()}. Save "
            "it once more with the tool that made it."
        )
    scale = float(tensors[keys["alpha"]]) / down.shape[0] if "alpha" in keys else 1.0
    return LowRank(down, up, scale, len(keys))


def _matrix(weight: Tensor) -> Tensor:
    """Two axes, also for what was saved as a convolution of one pixel."""
    return weight[..., 0, 0] if weight.ndim == 4 and weight.shape[2:] == (1, 1) else weight


def _not_a_lora(tensors: Mapping[str, Tensor], file: str) -> str:
    kind = kind_and_place(shapes_of(tensors), file)
    # a MotionLoRA whose layers nobody knows is none of the kinds either
    if kind is None or kind.id == MOTION_LORA:
        return (
            f"{file} is not a MotionLoRA of any known layout (first keys: {', '.join(list(tensors)[:3])}). Choose one "
            "for AnimateDiff, for example v2_lora_ZoomIn; if this is one, please report it and where it comes from."
        )
    return f"{file} is {kind.title}, not a MotionLoRA. {kind.advice}".strip()
