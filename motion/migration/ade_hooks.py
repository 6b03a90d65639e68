"""AnimateDiff-Evolved: LoRA hooks and conditionings for parts of the picture, which the host has taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .ade_values import PACK
from .records import Value
from .rules import ABSENT, Builder, Old, Rule

REGISTERED: Mapping[str, str] = {
    "ADE_RegisterLoraHook": "CreateHookLora",
    "ADE_RegisterLoraHookModelOnly": "CreateHookLoraModelOnly",
    "ADE_RegisterModelAsLoraHook": "CreateHookModelAsLora",
    "ADE_RegisterModelAsLoraHookModelOnly": "CreateHookModelAsLoraModelOnly",
}
PROPERTIES: Mapping[str, str] = {"opt_mask": "mask", "opt_lora_hook": "hooks", "opt_timesteps": "timesteps"}
GUARANTEE = "guarantee_steps is left out: ComfyUI's keyframes begin at the first step behind start_percent."


@dataclass(frozen=True)
class Twin:
    """A node of the host that does the same.

    Args:
        target: its id.
        names: its inputs that are called otherwise there, by their names there; a name that is not here is the same.
        told: values that it had no word for.
    """

    target: str
    names: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Value] = field(default_factory=dict)


def _combined(count: int) -> Twin:
    return Twin(f"CombineHooks{count}", {f"lora_hook_{letter}": f"hooks_{letter}" for letter in "ABCDEFGH"[:count]})


KEYFRAME = {"prev_hook_kf": "prev_hook_kf", "start_percent": "start_percent", "end_percent": "end_percent"}
TWINS: Mapping[str, Twin] = {
    "ADE_CombineLoraHooks": _combined(2),
    "ADE_CombineLoraHooksFour": _combined(4),
    "ADE_CombineLoraHooksEight": _combined(8),
    "ADE_SetLoraHookKeyframe": Twin("SetHookKeyframes", {"lora_hook": "hooks", "hook_kf": "hook_kf"}),
    "ADE_AttachLoraHookToCLIP": Twin(
        "SetClipHooks", {"clip": "clip", "lora_hook": "hooks"}, {"apply_to_conds": False, "schedule_clip": False}
    ),
    "ADE_AttachLoraHookToConditioning": Twin(
        "ConditioningSetProperties", {"conditioning": "cond_NEW", "lora_hook": "hooks"}
    ),
    "ADE_LoraHookKeyframe": Twin("CreateHookKeyframe", {"strength_model": "strength_mult", **KEYFRAME}),
    "ADE_LoraHookKeyframeInterpolation": Twin(
        "CreateHookKeyframesInterpolated",
        {
            "strength_start": "strength_start",
            "strength_end": "strength_end",
            "interpolation": "interpolation",
            "intervals": "keyframes_count",
            **KEYFRAME,
        },
    ),
    "ADE_LoraHookKeyframeFromStrengthList": Twin(
        "CreateHookKeyframesFromFloats", {"strengths_float": "floats_strength", **KEYFRAME}
    ),
    "ADE_TimestepsConditioning": Twin("ConditioningTimestepsRange", KEYFRAME),
    "ADE_ConditioningSetMask": Twin(
        "ConditioningSetProperties",
        {"cond_ADD": "cond_NEW", "strength": "strength", "set_cond_area": "set_cond_area", **PROPERTIES},
    ),
    "ADE_ConditioningSetMaskAndCombine": Twin(
        "ConditioningSetPropertiesAndCombine",
        {
            "cond": "cond",
            "cond_ADD": "cond_NEW",
            "strength": "strength",
            "set_cond_area": "set_cond_area",
            **PROPERTIES,
        },
    ),
    "ADE_PairedConditioningSetMask": Twin(
        "PairConditioningSetProperties",
        {
            "positive_ADD": "positive_NEW",
            "negative_ADD": "negative_NEW",
            "strength": "strength",
            "set_cond_area": "set_cond_area",
            **PROPERTIES,
        },
    ),
    "ADE_PairedConditioningSetMaskAndCombine": Twin(
        "PairConditioningSetPropertiesAndCombine",
        {
            "positive": "positive",
            "negative": "negative",
            "positive_ADD": "positive_NEW",
            "negative_ADD": "negative_NEW",
            "strength": "strength",
            "set_cond_area": "set_cond_area",
            **PROPERTIES,
        },
    ),
    "ADE_ConditioningSetUnmaskedAndCombine": Twin(
        "ConditioningSetDefaultCombine", {"cond": "cond", "cond_DEFAULT": "cond_DEFAULT", **PROPERTIES}
    ),
    "ADE_PairedConditioningSetUnmaskedAndCombine": Twin(
        "PairConditioningSetDefaultCombine",
        {
            "positive": "positive",
            "negative": "negative",
            "positive_DEFAULT": "positive_DEFAULT",
            "negative_DEFAULT": "negative_DEFAULT",
            **PROPERTIES,
        },
    ),
    "ADE_ConditioningCombine": Twin("ConditioningCombine", {"cond_A": "conditioning_1", "cond_B": "conditioning_2"}),
    "ADE_PairedConditioningCombine": Twin(
        "PairConditioningCombine",
        {name: name for name in ("positive_A", "negative_A", "positive_B", "negative_B")},
    ),
}
"""Nodes that one of the host's does the work of."""


def same(old: Old, new: Builder) -> Sequence[Value]:
    """The host's node with the same inputs."""
    twin = TWINS[old.node.type]
    values = {ours: old.need(theirs) for theirs, ours in twin.names.items()}
    if old.get("guarantee_steps", 1) != 1:
        new.note(GUARANTEE)
    made = new.node(twin.target, old, **values, **twin.told)
    return [made[0], made[1]] if twin.target.startswith("Pair") else [made[0]]


def register(old: Old, new: Builder) -> Sequence[Value]:
    """A LoRA, or a checkpoint taken for one, as a hook; model and text encoder only went through."""
    names = ("lora_name", "ckpt_name", "strength_model", "strength_clip")
    values = {name: old[name] for name in names if old[name] is not ABSENT}
    made = new.node(REGISTERED[old.node.type], old, **values)
    through = [old.need("model")] if old.node.type.endswith("ModelOnly") else [old.need("model"), old.need("clip")]
    return [*through, made[0]]


RULES = (
    *(Rule(id, PACK, (twin.target,), same) for id, twin in TWINS.items()),
    *(Rule(id, PACK, (target,), register) for id, target in REGISTERED.items()),
)
