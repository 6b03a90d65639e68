"""What a VAE, a text encoder or another model is, by its weights, so that what it made is known again after a restart.

All numbers of a model take long to read, so it is told by its shapes and some of each tensor.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ....motion.clips import key_of

SAMPLED = 64
"""Numbers of each tensor, spread over all of it."""
POOLED = (".text_projection.weight", ".logit_scale")
"""Weights that make one vector of a text, which nothing here reads. SD1.5 checkpoints have none, and the host leaves
whatever is in memory there: another number each time a checkpoint is loaded."""
_known: WeakKeyDictionary[torch.nn.Module, str] = WeakKeyDictionary()
"""Keys of models that are loaded: their own weights never change, others come as patches beside them."""


def vae_identity(vae: Any) -> str:
    """The key of what a VAE of the host makes of pictures."""
    return key_of("vae", weights=_weights(vae.first_stage_model, vae.patcher), dtype=str(vae.vae_dtype))


def model_identity(patcher: Any) -> str:
    """The key of the model of a patcher, with its LoRAs."""
    return key_of("model", weights=_weights(patcher.model, patcher), patches=_patches(patcher))


def text_identity(clip: Any) -> str:
    """The key of what a CLIP of the host makes of texts, with its LoRAs and the layer it stops at."""
    return key_of(
        "text encoder",
        weights=_weights(clip.cond_stage_model, clip.patcher),
        patches=_patches(clip.patcher),
        layer=clip.layer_idx,
        options=repr(sorted(clip.tokenizer_options.items())),
    )


def _patches(patcher: Any) -> str:
    digest = hashlib.sha256()
    for name in sorted(patcher.patches, key=str):
        digest.update(str(name).encode())
        _add(digest, patcher.patches[name])
    return digest.hexdigest()


def _weights(model: torch.nn.Module, patcher: Any) -> str:
    if model not in _known:
        digest = hashlib.sha256(type(model).__name__.encode())
        # the first of each is the weight itself, without the patches that may be in it now
        for name, (own, *_) in sorted(patcher.get_key_patches().items()):
            if name.endswith(POOLED):
                continue
            digest.update(name.encode())
            _add(digest, own[0])
        _known[model] = digest.hexdigest()
    return _known[model]


def _add(digest: Any, value: Any) -> None:
    """Put in whatever there is in patches: numbers, texts, tensors, and adapters that hold some."""
    if isinstance(value, Tensor):
        digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
        numbers = value.detach().reshape(-1)
        some = numbers[:: max(1, numbers.numel() // SAMPLED)][:SAMPLED]
        digest.update(some.contiguous().cpu().view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        _add(digest, sorted(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"[{len(value)}".encode())
        for each in value:
            _add(digest, each)
    elif hasattr(value, "weights"):
        digest.update(type(value).__name__.encode())
        _add(digest, value.weights)
    else:
        told = repr(value) if isinstance(value, int | float | str | None) else type(value).__name__
        digest.update(told.encode("utf-8", "surrogatepass"))
