"""Put something of Kinema's on a clone of a model, in place of what it put there before."""

from collections.abc import Mapping
from typing import Any

from comfy.model_patcher import ModelPatcher


def wrapped(model: ModelPatcher, key: str, wrappers: Mapping[str, Any]) -> ModelPatcher:
    """A clone of the model with these wrappers by type; the given model stays as it is."""
    clone = model.clone()
    set_wrappers(clone, key, wrappers)
    return clone


def set_wrappers(clone: ModelPatcher, key: str, wrappers: Mapping[str, Any]) -> None:
    """Put wrappers on a clone, each in place of the one of its type that has the same key."""
    for type, wrapper in wrappers.items():
        clone.remove_wrappers_with_key(type, key)
        clone.add_wrapper_with_key(type, key, wrapper)


def put_first(options: dict[str, Any], name: str, patch: Any) -> None:
    """Put a patch before those of others into a copy of ``transformer_options``, once.

    The host shares the inner lists between calls and models, so they are copied.
    """
    patches = options.get("patches", {})
    known = patches.get(name, ())
    if patch not in known:
        options["patches"] = {**patches, name: [patch, *known]}
