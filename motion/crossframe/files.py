"""Tune-A-Video files: a whole UNet in the names of diffusers, or only the part of it that was trained."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..formats import (
    IMAGE_UNET,
    ONE_SHOT,
    check_weight,
    is_bookkeeping,
    kind_and_place,
    shapes_of,
    shown,
    unet_name,
    wrapper,
)
from .errors import OneShotError
from .layers import TemporalAttn, published_name
from .model import QUERIES
from .places import Leaf, Place, leaf_of

NEW = "Choose a file that Tune-A-Video trained, for example its unet/diffusion_pytorch_model.bin."
NORM = ("norm_temp.weight", "norm_temp.bias")
"""Is not trained, so a file may lack it; a new one is 1 and 0."""


@dataclass(frozen=True)
class OneShotFile:
    """What is used of a Tune-A-Video file."""

    widths: Mapping[Place, int]
    """Channels of every transformer block."""
    layers: Mapping[str, Tensor]
    """The state of `TemporalLayers`."""
    queries: Mapping[str, Tensor]
    """The image model's trained weights, by their names in the original layout."""


def read_one_shot(tensors: Mapping[str, Tensor], file: str) -> OneShotFile:
    """Sort the tensors of a Tune-A-Video file.

    Raises:
        OneShotError: it is something else, or a tensor is missing, too much or of another shape.
        WeightFileError: a weight that is used is NaN or infinite.
    """
    leaves = _leaves(tensors, file)
    places = sorted({leaf.place for leaf in leaves if leaf.name.startswith("attn_temp.")})
    parts = {(leaf.place, leaf.name): key for leaf, key in leaves.items()}
    widths: dict[Place, int] = {}
    layers: dict[str, Tensor] = {}
    queries: dict[str, Tensor] = {}
    for place in places:
        key = parts.get((place, "attn_temp.to_q.weight"))
        if key is None:
            raise OneShotError(_missing(file, f"{place}.attn_temp.to_q.weight"))
        if tensors[key].ndim != 2:
            raise OneShotError(_misshapen(file, key, tensors[key], "a matrix"))
        widths[place] = len(tensors[key])
        for name, shape in _shapes(widths[place]).items():
            head = f"layers.{place.name.replace('.', '_')}.{name}"
            layers[head] = _taken(tensors, parts, place, published_name(name), shape, file)
        for leaf in QUERIES:
            if any(known == leaf for _, known in parts):
                square = (widths[place], widths[place])
                queries[f"{place.layer}.{leaf}"] = _taken(tensors, parts, place, leaf, square, file)
    stray = next((leaf for leaf in leaves if leaf.place not in widths), None)
    if stray is not None:
        raise OneShotError(_missing(file, f"{stray.place}.attn_temp.to_q.weight"))
    return OneShotFile(widths, layers, queries)


def _leaves(tensors: Mapping[str, Tensor], file: str) -> dict[Leaf, str]:
    """What was trained, to its key in the file.

    Raises:
        OneShotError: there is no temporal layer, or something that a UNet does not have.
    """
    named = [key for key in tensors if not is_bookkeeping(key)]
    prefix = wrapper(named)
    found: dict[Leaf, str] = {}
    unexplained = []
    for key in named:
        name = key.removeprefix(prefix)
        leaf = leaf_of(name)
        if leaf is not None and (leaf.name in QUERIES or leaf.name.startswith(("attn_temp.", "norm_temp."))):
            found[leaf] = key
        elif unet_name(name) is None:
            unexplained.append(key)
    if not any(leaf.name.startswith("attn_temp.") for leaf in found):
        raise OneShotError(_other_kind(tensors, file))
    known = {*QUERIES, *(published_name(name) for name in _shapes(1))}
    unexplained += [key for leaf, key in found.items() if leaf.name not in known]
    if unexplained:
        raise OneShotError(
            f"{file} is no Tune-A-Video of a known layout: {len(unexplained)} of its {len(tensors)} tensors are none "
            f"that it has, such as {shown(unexplained[0])}. {NEW}"
        )
    return found


def _taken(
    tensors: Mapping[str, Tensor],
    parts: Mapping[tuple[Place, str], str],
    place: Place,
    leaf: str,
    shape: tuple[int, ...],
    file: str,
) -> Tensor:
    key = parts.get((place, leaf))
    if key is None and leaf in NORM and not any(name in NORM for _, name in parts):
        return torch.full(shape, float(leaf.endswith("weight")))
    if key is None:
        raise OneShotError(_missing(file, f"{place}.{leaf}"))
    if tuple(tensors[key].shape) != shape:
        raise OneShotError(_misshapen(file, key, tensors[key], str(list(shape))))
    check_weight(key, tensors[key], file)
    return tensors[key]


def _shapes(width: int) -> dict[str, tuple[int, ...]]:
    layer = TemporalAttn(width, device=torch.device("meta"))
    return {name: tuple(weight.shape) for name, weight in layer.named_parameters()}


def _missing(file: str, name: str) -> str:
    return (
        f"{file} is incomplete: it has no tensor {name}. Download it again, or save it once more with what trained it."
    )


def _misshapen(file: str, key: str, tensor: Tensor, wanted: str) -> str:
    return (
        f"{file} is damaged: {key} is {list(tensor.shape)}, not {wanted}. Download it again, or save it once more with "
        "what trained it."
    )


def _other_kind(tensors: Mapping[str, Tensor], file: str) -> str:
    kind = kind_and_place(shapes_of(tensors), file)
    if kind is None or kind.id == ONE_SHOT:
        first = ", ".join(map(shown, list(tensors)[:3]))
        return f"{file} is no Tune-A-Video of any known layout (first keys: {first}). {NEW}"
    if kind.id == IMAGE_UNET:
        return f"{file} is an image UNet without temporal layers, not one that Tune-A-Video trained. {NEW}"
    return f"{file} is {kind.title}, not one that Tune-A-Video trained. {kind.advice}".strip()
