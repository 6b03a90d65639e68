"""How the files of guiders are spelled: what tells a kind, what its shapes say, and the key of every tensor."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from ..formats import Shapes
from .aniportrait import AniPortraitGuider, WindowNorm
from .champ import ChampGuider
from .convolutions import PAPER, MooreGuider, PaperGuider
from .guider import Guider, GuiderStructure
from .spatial import GROUPS, SpatialTransformer

Size = Callable[[str], int]
"""A file key to the first size of its tensor."""
_BLOCK = "transformer_blocks.0."
_TRANSFORMER: Mapping[str, str] = {
    "attention_norm": f"{_BLOCK}norm1",
    "to_q": f"{_BLOCK}attn1.to_q",
    "to_k": f"{_BLOCK}attn1.to_k",
    "to_v": f"{_BLOCK}attn1.to_v",
    "to_out": f"{_BLOCK}attn1.to_out.0",
    "ff_norm": f"{_BLOCK}norm3",
    "ff_in": f"{_BLOCK}ff.net.0.proj",
    "ff_out": f"{_BLOCK}ff.net.2",
}
"""Layer of a `SpatialTransformer` to its name in files; the others are called alike."""


@dataclass(frozen=True)
class GuiderLayout:
    """One kind of file. Conditions are on "key [shape]" lines, and exactly one layout applies to a guider."""

    guider: type[Guider]
    proof: tuple[str, ...]
    """Patterns that are all found."""
    unless: str | None
    """A pattern that is not found."""
    structure: Callable[[Size], GuiderStructure]
    key: Callable[[str], str] = str
    """Name in the module to key in the file."""
    unused: Callable[[GuiderStructure], Shapes] = lambda _: {}
    """What a file may hold besides, without anybody using it."""

    def applies(self, lines: str) -> bool:
        """Whether a file with these lines is of this kind, though perhaps damaged."""
        found = (re.search(pattern, lines, re.MULTILINE) for pattern in self.proof)
        return all(found) and not (self.unless and re.search(self.unless, lines, re.MULTILINE))

    def build(
        self, structure: GuiderStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> Guider:
        """A guider without weights."""
        return self.guider(structure, operations=operations, dtype=dtype, device=device)  # type: ignore[call-arg]


def _moore(size: Size) -> GuiderStructure:
    inner = ("conv_in", "blocks.1", "blocks.3", "blocks.5")
    return GuiderStructure(tuple(size(f"{layer}.bias") for layer in inner), (size("conv_out.bias"),))


def _champ(size: Size) -> GuiderStructure:
    plain = _moore(size)
    return GuiderStructure(plain.inner, plain.maps, size("attentions.5.proj_in.bias"))


def _paper(size: Size) -> GuiderStructure:
    # any inner channels will do, but what is added to a latent has its channels
    return GuiderStructure(tuple(size(f"blocks.{n}.bias") for n in range(4)), PAPER.maps)


def _aniportrait(size: Size) -> GuiderStructure:
    lasts = ("final_proj", "conv_layers_1.3", "conv_layers_2.3", "conv_layers_3.3", "conv_layers_4.0")
    return GuiderStructure(
        tuple(size(f"conv_layers.{3 * n}.bias") for n in range(8)),
        tuple(size(f"{layer}.bias") for layer in lasts),
        size("cross_attn1.proj_in.bias"),
    )


def _champ_key(name: str) -> str:
    inside = name.removeprefix("attention.")
    return name if inside == name else f"attentions.5.{_transformer_key(inside)}"


def _transformer_key(name: str) -> str:
    layer, _, parameter = name.rpartition(".")
    return f"{_TRANSFORMER.get(layer, layer)}.{parameter}"


def _champ_unused(structure: GuiderStructure) -> Shapes:
    """A transformer behind each block but the last, which has the used one, and one for all kinds of guidance."""
    widths = [width for pair in pairwise(structure.inner) for width in pair]
    places = {f"attentions.{n}": width for n, width in enumerate(widths[:-1])} | {"guidance_attention": widths[-1]}
    unit = SpatialTransformer(GROUPS, GROUPS, 1, device="meta").state_dict()
    return {
        f"{place}.{_transformer_key(name)}": tuple(side * width // GROUPS if side > 1 else 1 for side in value.shape)
        for place, width in places.items()
        for name, value in unit.items()
    }


_PLACES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"scale\.factor", lambda _: "scale"),
    (r"projection\.(\w+)", lambda match: f"final_proj.{match[1]}"),
    (r"attentions\.(\d)\.(.+)", lambda match: f"cross_attn{int(match[1]) + 1}.{_transformer_key(match[2])}"),
    (r"stem\.(\d)\.(conv|norm)\.(\w+)", lambda match: f"conv_layers.{_number(match[1], match[2])}.{match[3]}"),
    (
        r"levels\.(\d)\.(\d)\.(conv|norm)\.(\w+)",
        lambda match: f"conv_layers_{int(match[1]) + 1}.{_number(match[2], match[3])}.{match[4]}",
    ),
)
"""Names in `AniPortraitGuider` to keys; the file counts a convolution, its normalisation and its activation."""


def _number(convolution: str, part: str) -> int:
    return 3 * int(convolution) + (part == "norm")


def _aniportrait_key(name: str) -> str:
    matches = ((re.fullmatch(pattern, name), key) for pattern, key in _PLACES)
    return next(key(match) for match, key in matches if match is not None)


def _aniportrait_unused(structure: GuiderStructure) -> Shapes:
    """The running statistics of every normalisation, and how many batches they saw."""
    guider = AniPortraitGuider(structure, device="meta")
    norms = {
        _aniportrait_key(f"{name}.weight").removesuffix("weight"): tuple(module.weight.shape)
        for name, module in guider.named_modules()
        if isinstance(module, WindowNorm)
    }
    means = {f"{norm}{leaf}": shape for norm, shape in norms.items() for leaf in ("running_mean", "running_var")}
    return means | {f"{norm}num_batches_tracked": () for norm in norms}


_CONVOLUTIONS, _TRANSFORMERS = r"^conv_in\.", r"^(attentions|guidance_attention)\."
_BLOCKS = r"^blocks\.\d\.(weight|bias) \["
GUIDER_LAYOUTS = (
    GuiderLayout(MooreGuider, (_CONVOLUTIONS, _BLOCKS), _TRANSFORMERS, _moore),
    GuiderLayout(ChampGuider, (_CONVOLUTIONS, _BLOCKS, _TRANSFORMERS), None, _champ, _champ_key, _champ_unused),
    GuiderLayout(
        AniPortraitGuider,
        (r"^conv_layers(_\d)?\.\d+\.",),
        _BLOCKS,
        _aniportrait,
        _aniportrait_key,
        _aniportrait_unused,
    ),
    GuiderLayout(PaperGuider, (r"^blocks\.\d\.weight \[\d+, \d+, 4, 4\]",), _CONVOLUTIONS, _paper),
)
"""Every kind that is known."""
GUIDER_KINDS = tuple(layout.guider.kind for layout in GUIDER_LAYOUTS)
