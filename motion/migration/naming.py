"""Widget values of old nodes by name, and the names that rules call inputs by."""

from collections.abc import Mapping, Sequence
from typing import Any

from .layouts import LAYOUTS

KINDS: Mapping[str, tuple[type, ...]] = {
    "i": (int,),
    "f": (int, float),
    "s": (str,),
    "b": (bool,),
    "v": (int, float, bool, str, list, dict),
}
"""i a whole number, f a number, s a text, b on or off, v anything. Nothing at all fits everywhere."""
ALIASES: Mapping[str, str] = {
    "motion_model_settings": "ad_settings",
    "timestep_keyframe": "tk_optional",
    "_tk_opt": "tk_optional",
    "timestep_kf_override": "timestep_kf",
    "control_net_weights": "cn_weights",
    "t2i_adapter_weights": "cn_weights",
    "prev_timestep_keyframe": "prev_timestep_kf",
    "prev_latent_keyframe": "prev_latent_kf",
    "latent_keyframe_override": "latent_kf_override",
    "batch_manager": "meta_batch",
    "opt_vae": "vae",
}
"""What inputs were called in other versions, and what rules call them."""
ALIASES_OF: Mapping[str, Mapping[str, str]] = {
    "ADE_AnimateDiffLoRALoader": {"lora_name": "name", "motion_lora_name": "name"},
    "ADE_PromptScheduling": {"interpolation": "tensor_interp"},
    "ADE_PromptSchedulingLatents": {"interpolation": "tensor_interp"},
    **{f"ADE_VisualizeContextOptions{end}": {"context_opts": "context_options"} for end in ("K", "KAdv", "SCustom")},
    "VHS_VideoCombine": {"save_image": "save_output"},
    "ADE_AnimateDiffCombine": {"save_image": "save_output"},
    "AnimateDiffCombine": {"save_image": "save_output"},
    "ACN_ControlNetLoaderAdvanced": {"cnet": "control_net_name"},
    "ACN_DiffControlNetLoaderAdvanced": {"cnet": "control_net_name"},
}
"""The same for single nodes."""


def renamed(type: str, name: str) -> str:
    """What rules call an input."""
    return ALIASES_OF.get(type, {}).get(name) or ALIASES.get(name, name)


class UnknownLayoutError(ValueError):
    """A list of widget values fits no published version."""


def named(type: str, values: Sequence[Any]) -> dict[str, Any]:
    """Widget values by name.

    Raises:
        UnknownLayoutError: no layout fits.
    """
    for spec in LAYOUTS.get(type, ()):
        names = [part.partition(":")[::2] for part in spec.split()]
        found = _match(names, values)
        if found is not None:
            return {renamed(type, name): value for name, value in found.items()}
    raise UnknownLayoutError(f"its {len(values)} saved values are in the order of no version known here")


def _match(names: Sequence[tuple[str, ...]], values: Sequence[Any]) -> dict[str, Any] | None:
    """Values by name if all kinds fit; what stands behind the last name has to be decoration."""
    if any(not _is_decoration(value) for value in values[len(names) :]):
        return None
    found: dict[str, Any] = {}
    for (name, kind), value in zip(names, values, strict=False):
        if value is None:
            continue
        if not fits(kind, value):
            if value == "" and len(values) <= len(names):
                # the last value of old versions was a button
                continue
            return None
        found[name] = value
    return found


def fits(kind: str, value: Any) -> bool:
    """Whether a value is of a kind."""
    if kind == "b":
        return isinstance(value, bool)
    if kind == "i" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, KINDS[kind]) and (kind == "v" or not isinstance(value, bool))


def _is_decoration(value: Any) -> bool:
    """Buttons, previews and lists of help that front ends saved behind the values."""
    return value is None or isinstance(value, (str, list, dict)) or value is False
