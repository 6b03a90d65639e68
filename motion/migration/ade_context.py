"""AnimateDiff-Evolved: context windows, views and what lies over them. Settings there, nodes on the model here."""

from collections.abc import Mapping, Sequence

from .ade_values import PACK
from .records import LIVE, Link, Value, is_number
from .rules import ABSENT, Builder, Old, Rule

SCHEDULES: Mapping[str, str] = {
    "ADE_StandardStaticContextOptions": "standard_static",
    "ADE_StandardUniformContextOptions": "standard_uniform",
    "ADE_LoopedUniformContextOptions": "looped_uniform",
    "ADE_AnimateDiffUniformContextOptions": "looped_uniform",
    "ADE_BatchedContextOptions": "batched",
}
VIEWS: Mapping[str, str] = {
    "ADE_StandardStaticViewOptions": "standard_static",
    "ADE_StandardUniformViewOptions": "standard_uniform",
    "ADE_LoopedUniformViewOptions": "looped_uniform",
}
VIEWS_ONLY, SET_EXTRAS = "ADE_ViewsOnlyContextOptions", "ADE_ContextExtras_Set"
CONTEXTS = (*SCHEDULES, VIEWS_ONLY)
REFERENCE, REUSE = "ADE_ContextExtras_ContextRef", "ADE_ContextExtras_NaiveReuse"
MODES: Mapping[str, str] = {
    "ADE_ContextExtras_ContextRef_ModeFirst": "first",
    "ADE_ContextExtras_ContextRef_ModeSliding": "sliding",
    "ADE_ContextExtras_ContextRef_ModeIndexes": "indexes",
}
TUNES: Mapping[str, str] = {
    "ADE_ContextExtras_ContextRef_TuneAttn": "attention",
    "ADE_ContextExtras_ContextRef_TuneAttnAdain": "attention+adain",
}
STRIDE = (
    "context_stride above 1 adds windows of every 2nd, 4th, … frame. The pack before let some of them reach beyond "
    "the end of the clip or hold a frame twice; those are left out here."
)
LOOP = (
    "closed_loop joins the ends of every clip. The pack before did so only for clips longer than context_length: "
    "turn it off to have shorter ones as they were."
)
LOOPS = "closed loops join the ends of clips shorter than a window too"
DIFFERS: Mapping[str, str] = {
    "ADE_StandardUniformContextOptions": "strides above 1 never reach beyond the end",
    "ADE_LoopedUniformContextOptions": LOOPS,
    "ADE_AnimateDiffUniformContextOptions": LOOPS,
}
FUSE = frozenset({"pyramid", "flat", "relative", "overlap-linear"})


KEYFRAMES = ("ADE_ContextExtras_ContextRef_Keyframe", "ADE_ContextExtras_NaiveReuse_Keyframe")
PREVIEWS = tuple(f"ADE_VisualizeContextOptions{end}" for end in ("K", "KAdv", "SCustom"))


def contexts_of(old: Old) -> list[Old]:
    """The contexts of ``context_options``, in the order in which they act."""
    first = old.setting("context_options", *CONTEXTS, SET_EXTRAS)
    found: list[Old] = []
    seen: set[object] = set()
    while first is not None and first.node.id not in seen:
        seen.add(first.node.id)
        if first.node.type == SET_EXTRAS:
            first = first.setting("context_opts", *CONTEXTS, SET_EXTRAS)
            continue
        found.append(first)
        first = first.setting("prev_context", *CONTEXTS, SET_EXTRAS)
    return found[::-1]


def in_windows(old: Old, new: Builder, model: Value) -> Value:
    """A model with the context windows, views and extras of ``context_options``."""
    for context in contexts_of(old):
        kind = context.node.type
        if kind != VIEWS_ONLY:
            model = _windows(context, new, model)
        model = _views(context, new, model)
    return _with_extras(old, new, model)


def window(contexts: list[Old]) -> tuple[Value, Value]:
    """Length and overlap of what noise goes by, the views of the first context or its windows; ABSENT without any."""
    for context in contexts:
        if context.node.mode == LIVE:
            views = _views_of(context)
            at, what = (views, "view") if views is not None and views.node.mode == LIVE else (context, "context")
            if what == "context" and context.node.type == VIEWS_ONLY:
                break
            length = at.get(f"{what}_length", 16)
            overlap = 0 if context.node.type == "ADE_BatchedContextOptions" else at.get(f"{what}_overlap", 4)
            return length, _overlap(length, overlap)
    return ABSENT, ABSENT


def _views_of(context: Old) -> Old | None:
    return context.setting("view_opts_req" if context.node.type == VIEWS_ONLY else "view_opts", *VIEWS)


def tell(new: Builder, at: Old, stride: Value) -> None:
    """Say where windows or views differ from those of AnimateDiff-Evolved."""
    if is_number(stride) and stride > 1:
        new.note(STRIDE)
    if at.get("closed_loop", False) is True:
        new.note(LOOP)


def _windows(context: Old, new: Builder, model: Value) -> Value:
    kind = context.node.type
    length = context.get("context_length", 16)
    batched = kind == "ADE_BatchedContextOptions"
    # what a prompt without it got, in graphs it is always there but in the oldest
    fuse = context.get("fuse_method", "flat" if SCHEDULES[kind] == "looped_uniform" else "pyramid")
    made = new.node(
        "KinemaSlidingContext",
        context,
        model=model,
        context_schedule=SCHEDULES[kind],
        context_length=length,
        context_overlap=0 if batched else _overlap(length, context.get("context_overlap", 4)),
        fuse_method="flat" if batched else fused(fuse, new),
        context_stride=context["context_stride"],
        closed_loop=context["closed_loop"],
        use_on_equal_length=context["use_on_equal_length"],
        start_percent=context["start_percent"],
        guarantee_steps=context["guarantee_steps"],
    )
    tell(new, context, context.get("context_stride", 1))
    return made[0]


def fused(method: Value, new: Builder) -> Value:
    """How windows are put together, in Kinema's words."""
    if not isinstance(method, str):
        return method
    plain = method.replace("🔬", "").strip()
    if plain in FUSE:
        return plain
    new.note(f"fuse_method {method!r} is pyramid here, which is what it was compared with when it was tried out.")
    return "pyramid"


def _overlap(length: Value, overlap: Value) -> Value:
    """An overlap that leaves windows something of their own."""
    if is_number(length) and is_number(overlap):
        return int(min(overlap, length - 1))
    return overlap


def _views(context: Old, new: Builder, model: Value) -> Value:
    views = _views_of(context)
    if views is None:
        return model
    length, schedule = views.get("view_length", 16), VIEWS[views.node.type]
    made = new.node(
        "KinemaMotionViews",
        views,
        model=model,
        context_schedule=schedule,
        context_length=length,
        context_overlap=_overlap(length, views.get("view_overlap", 4)),
        fuse_method=fused(views.get("fuse_method", "flat" if schedule == "standard_static" else "pyramid"), new),
        context_stride=views["view_stride"],
        closed_loop=views["closed_loop"],
        use_on_equal_length=views["use_on_equal_length"],
    )
    tell(new, views, views.get("view_stride", 1))
    return made[0]


def _with_extras(old: Old, new: Builder, model: Value) -> Value:
    """What Set Context Extras nodes put over the windows."""
    setter = old.setting("context_options", *CONTEXTS, SET_EXTRAS)
    while setter is not None and setter.node.type == SET_EXTRAS:
        for extra in setter.chain("context_extras", "prev_extras", REFERENCE, REUSE):
            make = _reference if extra.node.type == REFERENCE else _reuse
            model = make(extra, new, model)
        setter = setter.setting("context_opts", *CONTEXTS, SET_EXTRAS)
    return model


def _reference(extra: Old, new: Builder, model: Value) -> Value:
    mode = extra.setting("contextref_mode", *MODES)
    tune = extra.setting("contextref_tune", *TUNES)
    strength: Value = extra["strength_multival"]
    if strength is ABSENT and tune is not None:
        strength = tune.get("attn_strength", 1.0)
    strength = _over_steps(extra, new, "contextref_kf", strength)
    made = new.node(
        "KinemaContextReference",
        extra,
        model=model,
        strength=strength,
        mode=MODES[mode.node.type] if mode else "first",
        by=TUNES[tune.node.type] if tune else "attention",
        style_fidelity=tune.get("attn_style_fidelity", 1.0) if tune else 1.0,
        reference_weight=tune.get("attn_ref_weight", 1.0) if tune else 1.0,
        sliding_width=mode["sliding_width"] if mode else ABSENT,
        indexes=mode["switch_on_idxs"] if mode else ABSENT,
        start_percent=extra.get("start_percent", 0.0),
        end_percent=extra.get("end_percent", 0.25),
    )
    return made[0]


def _reuse(extra: Old, new: Builder, model: Value) -> Value:
    made = new.node(
        "KinemaNaiveReuse",
        extra,
        model=model,
        strength=_over_steps(extra, new, "naivereuse_kf", extra["strength_multival"]),
        weighted_mean=extra.get("weighted_mean", 0.95),
        start_percent=extra.get("start_percent", 0.0),
        end_percent=extra.get("end_percent", 0.15),
    )
    return made[0]


def draw(old: Old, new: Builder) -> Sequence[Value]:
    """A picture of the windows."""
    model = in_windows(old, new, old.need("model"))
    values = {"frames": old.get("latents_length", 32), "steps": old.get("steps", ABSENT)}
    return [new.node("KinemaContextPreview", old, main=True, model=model, **values)[0]]


def _over_steps(extra: Old, new: Builder, name: str, value: Value) -> Value:
    """A strength with the keyframes of an extra."""
    frames = extra.chain(name, "prev_kf", *KEYFRAMES)
    if any(frame.linked("mode_replace") or frame.linked("tune_replace") for frame in frames):
        new.note("Modes that change during the sampling are left out: the mode of Context Reference counts.")
    if not frames:
        return value
    made: Value = value if isinstance(value, Link) else ABSENT
    for frame in frames:
        factor = new.node(
            "KinemaMotionValue",
            frame,
            main=False,
            value=frame.get("mult", 1.0),
            previous_motion_value=frame["mult_multival"],
        )
        made = new.node(
            "KinemaMotionKeyframe",
            frame,
            start_percent=frame.get("start_percent", 0.0),
            guarantee_steps=frame.get("guarantee_steps", 1),
            inherit_missing=frame.get("inherit_missing", True),
            motion_value=factor[0],
            previous_motion_value=made,
        )[0]
    if value is ABSENT or isinstance(value, Link) or value == 1.0:
        return made
    return new.node("KinemaMotionValue", extra, main=False, value=value, previous_motion_value=made)[0]


SERIES = "chain Motion Keyframes into the strength instead"
RULES = (
    *(Rule(id, PACK, ("KinemaSlidingContext", "KinemaMotionViews"), None, DIFFERS.get(id, "")) for id in SCHEDULES),
    Rule(VIEWS_ONLY, PACK, ("KinemaMotionViews",), None),
    *(Rule(id, PACK, ("KinemaMotionViews",), None) for id in VIEWS),
    Rule(SET_EXTRAS, PACK, ("KinemaContextReference", "KinemaNaiveReuse"), None),
    Rule(REFERENCE, PACK, ("KinemaContextReference",), None),
    *(Rule(id, PACK, ("KinemaContextReference",), None) for id in (*MODES, *TUNES)),
    Rule(REUSE, PACK, ("KinemaNaiveReuse",), None),
    *(Rule(id, PACK, ("KinemaMotionKeyframe", "KinemaMotionValue"), None) for id in KEYFRAMES),
    *(
        Rule(f"ADE_ContextExtras_{kind}_Keyframe{end}", PACK, (), None, f"left out; {SERIES}")
        for kind in ("ContextRef", "NaiveReuse")
        for end in ("Interpolation", "FromList")
    ),
    *(Rule(id, PACK, ("KinemaContextPreview",), draw) for id in PREVIEWS),
)
