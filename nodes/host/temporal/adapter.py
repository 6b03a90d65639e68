"""A domain adapter on an image model, as patches of the host's own LoRA mechanism."""

import functools
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import comfy.lora
import comfy.lora_convert
from comfy.model_patcher import ModelPatcher
from comfy.weight_adapter import LoRAAdapter
from torch import Tensor

from ....motion.formats import read_weights
from ....motion.temporal import AdapterError, check_adapter
from ..files import Fingerprint, file_fingerprint

KEPT = 2
"""Files kept in memory, 100 MB each, so that a graph run again with another strength reads nothing."""
TEXT_ENCODER = ("lora_te", "text_encoder", "text_model")


def apply_adapter(model: ModelPatcher, path: str, strength: float) -> tuple[ModelPatcher, str | None]:
    """A clone of the model with an adapter on its weights; the given model stays as it is.

    Every LoRA that the host can put on this model works. A strength of 0 is the plain model.

    Returns:
        The clone, and what to tell if only a part of the file applies.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        AdapterError: it is no LoRA for an image model, or does not fit this one.
    """
    file = os.path.basename(path)
    tensors = _Watched(comfy.lora_convert.convert_lora(_read_once(path, file_fingerprint(path))))
    try:
        names = comfy.lora.model_lora_keys_unet(model.model, {})
        patches = comfy.lora.load_lora(tensors, names, log_missing=False)
    except KeyError as error:
        raise AdapterError(f"{file} is incomplete: it has no tensor {error.args[0]}. Download it again.") from error
    # the host's readers of LoRAs take every tensor for what its key says
    except (ArithmeticError, AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise AdapterError(
            f"{file} is damaged: one of its tensors is not as its name says ({error}). Download it again, or save it "
            "once more with the tool that made it."
        ) from error
    unused = [key for key in tensors if key not in tensors.taken]
    if not patches:
        raise AdapterError(
            f"{file} changes no layer of this model: none of its {len(tensors)} tensors has a place in it (first keys: "
            f"{', '.join(unused[:3])}). Choose a domain adapter made for the checkpoint's base model, or remove it."
        )
    _check_fit(patches, model, file)
    adapted = model.clone()
    if strength != 0:
        adapted.add_patches(patches, strength)
    return adapted, _partly(file, len(tensors), unused) if unused else None


@functools.lru_cache(KEPT)
def _read_once(path: str, _fingerprint: Fingerprint) -> dict[str, Tensor]:
    tensors = read_weights(path)
    check_adapter(tensors, os.path.basename(path))
    return tensors


class _Watched(dict[str, Tensor]):
    """Remembers which tensors were taken, whatever the host calls its layers."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__(tensors)
        self.taken: set[str] = set()

    def __getitem__(self, key: str) -> Tensor:
        tensor = super().__getitem__(key)
        self.taken.add(key)
        return tensor

    def get(self, key: str, default: Any = None) -> Any:
        tensor = super().get(key, default)
        self.taken |= {key} & self.keys()
        return tensor


def _check_fit(patches: Mapping[Any, Any], model: ModelPatcher, file: str) -> None:
    """Refuse ranks and widths that cannot be multiplied; the host would leave such layers out and only log it."""
    weights = model.model.state_dict()
    for key, patch in patches.items():
        if not isinstance(patch, LoRAAdapter) or key not in weights:
            continue
        up, down, _, middle, _, reshape = patch.weights
        if up.ndim < 2 or down.ndim < 2 or up.shape[1] != down.shape[0]:
            raise AdapterError(
                f"{file} is damaged: its tensors for {key}, {list(down.shape)} and {list(up.shape)}, have different "
                "ranks. Download it again, or save it once more with the tool that made it."
            )
        widths, wanted = (math.prod(down.shape[1:]), up.shape[0]), _widths(weights[key])
        if middle is None and reshape is None and widths != wanted:
            raise AdapterError(
                f"{file} does not fit this model: its change of {key} goes from {widths[0]} to {widths[1]} channels, "
                f"the model's layer from {wanted[0]} to {wanted[1]}. It was made for another base model "
                "(v3_sd15_adapter is for SD1.5); choose one for this checkpoint, or another checkpoint."
            )


def _widths(weight: Tensor) -> tuple[int, int]:
    return math.prod(weight.shape[1:]), weight.shape[0]


def _partly(file: str, total: int, unused: Sequence[str]) -> str:
    told = (
        f"{file}: {total - len(unused)} of {total} tensors apply to this model; the rest, such as {unused[0]}, change "
        "no layer of it."
    )
    if any(key.startswith(TEXT_ENCODER) for key in unused):
        told += " Some are for the text encoder; to use those too, load the file with Load LoRA instead."
    return told
