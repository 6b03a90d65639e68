"""Advanced-ControlNet: ControlNets over time and SparseCtrl."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .acn_frames import frames_text
from .records import LIVE, REROUTES, Id, Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Old, Rule, refused

PACK = "Advanced-ControlNet"
LOADERS: Mapping[str, str] = {
    "ControlNetLoaderAdvanced": "ControlNetLoader",
    "ACN_ControlNetLoaderAdvanced": "ControlNetLoader",
    "DiffControlNetLoaderAdvanced": "DiffControlNetLoader",
    "ACN_DiffControlNetLoaderAdvanced": "DiffControlNetLoader",
}
SPARSE = "ACN_SparseCtrlLoaderAdvanced"
RGB = "ACN_SparseCtrlRGBPreprocessor"
INDEXES, SPREAD = "ACN_SparseCtrlIndexMethodNode", "ACN_SparseCtrlSpreadMethodNode"
APPLIES = tuple(f"ACN_AdvancedControlNetApply{end}" for end in ("", "_v2", "Single", "Single_v2"))
HOST_APPLIES = {"ControlNetApplyAdvanced": 2, "ControlNetApply": 1}
"""The host's nodes that apply a ControlNet, and how many conditionings they give."""
KEYFRAME = "TimestepKeyframe"
SCALED = ("ScaledSoftControlNetWeights", "ACN_ScaledSoftControlNetWeights")
LISTED = (
    "SoftControlNetWeights",
    "CustomControlNetWeights",
    "ACN_SoftControlNetWeightsSD15",
    "ACN_CustomControlNetWeightsSD15",
    "SoftT2IAdapterWeights",
    "CustomT2IAdapterWeights",
    "ACN_SoftT2IAdapterWeights",
    "ACN_CustomT2IAdapterWeights",
)
DEFAULT = "ACN_DefaultUniversalWeights"
WEIGHTS = (*SCALED, *LISTED, DEFAULT)
OTHER_KEYFRAMES = ("ACN_TimestepKeyframeInterpolation", "ACN_TimestepKeyframeFromStrengthList")
LATENT = ("LatentKeyframe", "LatentKeyframeTiming", "LatentKeyframeGroup", "LatentKeyframeBatchedGroup")
MULTIPLIERS = ("sparse_hint_mult", "sparse_nonhint_mult", "sparse_mask_mult")
LAYERS = 13
"""Outputs of an SD1.5 ControlNet, from the shallowest to the middle."""


@dataclass(frozen=True)
class Timing:
    """What Control Over Time is told."""

    strength: Value = ABSENT
    weights: Mapping[str, Value] | None = None

    @property
    def needed(self) -> bool:
        """Whether it does anything."""
        return self.strength is not ABSENT or bool(self.weights)


def load(old: Old, new: Builder) -> Sequence[Value]:
    """A ControlNet; keyframes on it are read by what applies it."""
    target = LOADERS[old.node.type]
    model = {"model": old.need("model")} if target == "DiffControlNetLoader" else {}
    made = new.node(target, old, control_net_name=old.need("control_net_name"), **model)
    if old.linked("tk_optional"):
        _over_host(old, new)
    return [made[0]]


def _over_host(old: Old, new: Builder) -> None:
    """Put what keyframes on a loader say behind the host's nodes that apply its ControlNet."""
    timing = _timing(old, new, old)
    if not timing.needed:
        return
    for reader in _readers(old):
        type = old.graph.nodes[reader].type
        if type in APPLIES:
            continue
        if type not in HOST_APPLIES:
            new.note(f"Keyframes on the ControlNet are left out at {type}: put Control Over Time behind it.")
            continue
        outputs = [Link(reader, slot, made=True) for slot in range(HOST_APPLIES[type])]
        over = new.node(
            "KinemaControlOverTime",
            old,
            main=False,
            positive=outputs[0],
            negative=outputs[1] if len(outputs) > 1 else ABSENT,
            strength=timing.strength,
            **(timing.weights or {}),
        )
        new.moved.update({Link(reader, slot): over[slot] for slot in range(len(outputs))})


def _readers(old: Old) -> list[Id]:
    """Nodes that read a node, also behind reroutes."""
    found: list[Id] = []
    seen: set[Id] = set()
    stack = [old.node.id]
    while stack:
        at = stack.pop()
        for reader in old.graph.readers(at) if at not in seen else ():
            (stack if old.graph.nodes[reader].type in REROUTES else found).append(reader)
        seen.add(at)
    return found


def load_sparse(old: Old, new: Builder) -> Sequence[Value]:
    """A SparseCtrl; where its pictures go is read by what applies it."""
    for name in MULTIPLIERS:
        if old.get(name, 1.0) != 1.0:
            new.note(f"{name} {old.get(name, 1.0)} is left out: pictures act as trained. Lower strength instead.")
    made = new.node(
        "KinemaLoadSparseControl",
        old,
        sparsectrl=old.need("sparsectrl_name"),
        motion_strength=0.0 if old.get("use_motion", True) is False else old.get("motion_strength", 1.0),
        motion_scale=old.get("motion_scale", 1.0),
    )
    return [made[0]]


def apply(old: Old, new: Builder) -> Sequence[Value | None]:
    """A ControlNet on both conditionings, with everything that lets it differ."""
    single = "Single" in old.node.type
    positive = old.need("conditioning") if single else old.need("positive")
    negative = positive if single else old.need("negative")
    loader = old.upstream("control_net")
    picture = old.upstream("image")
    sparse = (loader is not None and loader.node.type == SPARSE) or (picture is not None and picture.node.type == RGB)
    timing = _timing(old, new, loader)
    put = _apply_sparse if sparse else _apply_plain
    made = put(old, new, loader, positive, negative)
    if timing.needed:
        made = new.node(
            "KinemaControlOverTime",
            old,
            positive=made[0],
            negative=made[1],
            strength=timing.strength,
            **(timing.weights or {}),
        )
    model = old["model_optional"]
    passed = None if model is ABSENT else model
    return [made[0], passed] if single else [made[0], made[1], passed]


def _apply_plain(old: Old, new: Builder, loader: Old | None, positive: Value, negative: Value):  # noqa: ANN202
    return new.node(
        "ControlNetApplyAdvanced",
        old,
        positive=positive,
        negative=negative,
        control_net=old.need("control_net"),
        image=old.need("image"),
        strength=old.get("strength", 1.0),
        start_percent=old.get("start_percent", 0.0),
        end_percent=old.get("end_percent", 1.0),
        vae=old["vae_optional"],
    )


def _apply_sparse(old: Old, new: Builder, loader: Old | None, positive: Value, negative: Value):  # noqa: ANN202
    known = loader if loader is not None and loader.node.type == SPARSE else None
    image, vae = old.need("image"), old["vae_optional"]
    encoded = old.upstream("image")
    if encoded is not None and encoded.node.type == RGB:
        new.absorb(encoded.node.id)
        image, vae = encoded.need("image"), encoded.need("vae")
    method = known.setting("sparse_method", INDEXES, SPREAD) if known else None
    placement: Value = "uniform"
    indexes: Value = ABSENT
    if method is not None and method.node.type == INDEXES:
        placement, indexes = "indexes", method.get("indexes", "0")
    elif method is not None:
        placement = method.get("spread", "uniform")
    return new.node(
        "KinemaApplySparseControl",
        old,
        positive=positive,
        negative=negative,
        control_net=old.need("control_net"),
        images=image,
        placement=placement,
        indexes=indexes,
        strength=old.get("strength", 1.0),
        start_percent=old.get("start_percent", 0.0),
        end_percent=old.get("end_percent", 1.0),
        vae=vae,
        empty_windows="off" if known and known.get("context_aware", "nearest_hint") == "off" else "nearest",
    )


def _timing(old: Old, new: Builder, loader: Old | None) -> Timing:
    """Keyframes, frames, masks and weights, of the apply node and of the loader where it has none of its own."""
    at, name = (old, "timestep_kf") if old.linked("timestep_kf") else (loader, "tk_optional")
    frames, weights = _keyframes(at, name, new) if at is not None else ([], None)
    override = old.setting("weights_override", *WEIGHTS)
    weights = override if override is not None else weights
    strength = _strength(old, new, frames)
    mask = old["mask_optional"]
    if mask is not ABSENT:
        plain = strength is ABSENT
        strength = (
            mask
            if plain
            else new.node("KinemaMotionValue", old, main=False, mask=mask, previous_motion_value=strength)[0]
        )
    return Timing(strength, _weights(weights, new) if weights is not None else None)


def _keyframes(at: Old, name: str, new: Builder) -> tuple[list[Old], Old | None]:
    """The keyframes at an input in their order, and the weights of the first that has any."""
    if not at.linked(name):
        return [], None
    found: list[Old] = []
    weights: Old | None = None
    seen: set[object] = set()
    setting = at.setting(name, KEYFRAME, *WEIGHTS, *OTHER_KEYFRAMES)
    while setting is not None and setting.node.id not in seen:
        seen.add(setting.node.id)
        if setting.node.type in OTHER_KEYFRAMES:
            new.note(f"{setting.node.type} is left out: chain Motion Keyframes into strength of Control Over Time.")
            break
        if setting.node.mode != LIVE:
            pass
        elif setting.node.type in WEIGHTS:
            weights = weights or setting
            break
        else:
            found.append(setting)
            own = setting.setting("cn_weights", *WEIGHTS)
            weights = own or weights
        setting = setting.setting("prev_timestep_kf", KEYFRAME, *WEIGHTS, *OTHER_KEYFRAMES)
    with_weights = [frame for frame in found if frame.linked("cn_weights")]
    if len(with_weights) > 1:
        new.note("Layer weights that change during the sampling are those of the first keyframe here.")
    return found[::-1], weights


def _strength(old: Old, new: Builder, frames: list[Old]) -> Value:
    """The strength over frames and steps, ABSENT if it is 1 all the time."""
    override = old.linked("latent_kf_override")
    if override:
        return _over_frames(old, new, "latent_kf_override", 1.0, 0.0)
    timed = [frame for frame in frames if frame.get("start_percent", 0.0) != 0.0]
    if not timed and len(frames) <= 1:
        if not frames:
            return ABSENT
        return _of_keyframe(frames[0], new)
    made: Value = ABSENT
    for frame in frames:
        value = _of_keyframe(frame, new)
        if value is not ABSENT and is_number(value):
            value = new.node("KinemaMotionValue", frame, value=value)[0]
        made = new.node(
            "KinemaMotionKeyframe",
            frame,
            start_percent=frame.get("start_percent", 0.0),
            guarantee_steps=int(frame.get("guarantee_steps", 1)),
            inherit_missing=frame.get("inherit_missing", True),
            motion_value=value,
            previous_motion_value=made,
        )[0]
    return made


def _of_keyframe(frame: Old, new: Builder) -> Value:
    """The strength of one keyframe: a number, or frames and a mask in a Motion Value."""
    strength = frame.get("strength", 1.0)
    value: Value = ABSENT if strength == 1.0 else strength
    if frame.linked("latent_keyframe"):
        value = _over_frames(frame, new, "latent_keyframe", strength, frame.get("null_latent_kf_strength", 0.0))
    if frame.linked("mask_optional"):
        previous = value if not is_number(value) else ABSENT
        number = value if is_number(value) else 1.0
        value = new.node(
            "KinemaMotionValue", frame, value=number, mask=frame["mask_optional"], previous_motion_value=previous
        )[0]
    return value


def _over_frames(old: Old, new: Builder, name: str, strength: Value, others: Value) -> Value:
    """Strengths of single frames, those that are not named having ``others``."""
    first = old.setting(name, *LATENT)
    chain = old.chain(name, "prev_latent_kf", *LATENT)
    text = frames_text(chain, others, new)
    if first is None or text is None:
        return ABSENT if strength == 1.0 else strength
    return new.node("KinemaMotionValue", first, value=strength, frame_values=text, interpolation="hold")[0]


def _weights(old: Old, new: Builder) -> Mapping[str, Value]:
    """What a weights node means in Control Over Time."""
    values: dict[str, Value] = {"negative_strength": old.get("uncond_multiplier", 1.0)}
    if old.chain("cn_extras", "cn_extras", *EXTRAS):
        new.note("Weight extras are left out: write the weights of layers into custom_weights.")
    flip = old.get("flip_weights", False) is True
    if old.node.type == DEFAULT:
        return {}
    if old.node.type in SCALED:
        base = old.get("base_multiplier", 0.825)
        if not flip:
            return values | {"layer_weights": "soft", "soft_base": base}
        if not is_number(base):
            raise UnsupportedError("weights are flipped and their base comes over a wire")
        return values | _custom([min(max(base, 0.0), 1.0) ** layer for layer in range(LAYERS)])
    names = sorted(name for name in old.node.values if name.startswith(("weight_", "input_")))
    names = names or [*(f"output_{n}" for n in range(12) if f"output_{n}" in old.node.values), "middle_0"]
    numbers = [old.known(name, 1.0) for name in names]
    if not all(is_number(number) for number in numbers):
        new.note("Layer weights that come over wires are 1 here: write them into custom_weights.")
        numbers = [number if is_number(number) else 1.0 for number in numbers]
    return values | _custom(numbers[::-1] if flip else numbers)


def _custom(numbers: Sequence[float]) -> dict[str, Value]:
    return {"layer_weights": "custom", "custom_weights": ", ".join(f"{number:.6g}" for number in numbers)}


def load_union(old: Old, new: Builder) -> Sequence[Value]:
    """A ControlNet for several kinds of pictures, told which one it sees."""
    made = new.node("ControlNetLoader", old, main=False, control_net_name=old.need("name"))
    kind = str(old.get("control_type", "none"))
    told = new.node("SetUnionControlNetType", old, main=True, control_net=made[0], type=UNION.get(kind, kind))
    return [told[0]]


UNION: Mapping[str, str] = {
    "none": "auto",
    "canny/lineart/mlsd": "canny/lineart/anime_lineart/mlsd",
    "inpaint/outpaint": "repaint",
}
"""Kinds of pictures that the host calls otherwise."""
EXTRAS = ("ACN_ExtrasMiddleMult", "ACN_SparseCtrlWeightExtras", "ACN_AnimaLLLiteExtras")
REFERENCE = "pictures are looked at through Reference Picture, which goes on the model instead of the conditionings"
REFUSED: Mapping[str, str] = {
    "ACN_ReferenceControlNet": REFERENCE,
    "ACN_ReferenceControlNetFinetune": REFERENCE,
    "ACN_ReferencePreprocessor": REFERENCE,
    "ACN_SparseCtrlMergedLoaderAdvanced": "a SparseCtrl is used as it was published, not merged into a ControlNet",
    "ACN_ControlNet++InputNode": "one Set Union ControlNet Type and one Apply ControlNet for each picture do this",
    "ACN_ControlNet++LoaderAdvanced": "one Set Union ControlNet Type and one Apply ControlNet for each picture do this",
    "ACN_CtrLoRALoader": "ComfyUI has no loader for CtrLoRA",
    "ACN_AnimaLLLiteLoaderAdvanced": "it is for Anima, which is no model of AnimateDiff",
    "ACN_CustomControlNetWeightsFlux": "it is for Flux, which is no model of AnimateDiff",
    "ACN_CustomControlNetWeightsAnima": "it is for Anima, which is no model of AnimateDiff",
}

RULES = (
    Rule(
        "ACN_ControlNet++LoaderSingle",
        PACK,
        ("ControlNetLoader", "SetUnionControlNetType"),
        load_union,
    ),
    *(Rule(id, PACK, (), None, "left out: layers count as Control Over Time says") for id in EXTRAS),
    *(refused(id, PACK, why) for id, why in REFUSED.items()),
    *(Rule(id, PACK, (target,), load) for id, target in LOADERS.items()),
    *(
        Rule(id, PACK, ("ControlNetApplyAdvanced", "KinemaControlOverTime", "KinemaApplySparseControl"), apply)
        for id in APPLIES
    ),
    Rule(SPARSE, PACK, ("KinemaLoadSparseControl",), load_sparse),
    *(Rule(id, PACK, ("KinemaApplySparseControl",), None) for id in (RGB, INDEXES, SPREAD)),
    *(Rule(id, PACK, ("KinemaMotionKeyframe", "KinemaMotionValue"), None) for id in (KEYFRAME, *OTHER_KEYFRAMES)),
    *(Rule(id, PACK, ("KinemaMotionValue",), None) for id in LATENT),
    *(Rule(id, PACK, ("KinemaControlOverTime",), None) for id in WEIGHTS),
)
