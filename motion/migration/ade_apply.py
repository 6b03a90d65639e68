"""AnimateDiff-Evolved: the nodes that put a motion module into a model, of all three generations."""

from collections.abc import Sequence

from .ade_context import in_windows, tell
from .ade_models import (
    AS_PUBLISHED,
    adjusted,
    motion_module,
    pools_version_2,
    scale_of,
    selected,
    settings_scale,
    with_picture_of_lcm,
    with_picture_of_pia,
)
from .ade_sampling import beta, beta_of, sampled
from .ade_values import PACK, keyframed, product
from .records import LIVE, Link, UnsupportedError, Value
from .rules import ABSENT, Builder, Old, Rule

SIMPLE, ADVANCED = "ADE_ApplyAnimateDiffModelSimple", "ADE_ApplyAnimateDiffModel"
I2V, PIA, CAMERA = (
    "ADE_ApplyAnimateLCMI2VModel",
    "ADE_ApplyAnimateDiffModelWithPIA",
    "ADE_ApplyAnimateDiffModelWithCameraCtrl",
)
APPLIES = (SIMPLE, ADVANCED, I2V, PIA)
LOADERS = ("ADE_AnimateDiffLoaderGen1", "ADE_AnimateDiffLoaderWithContext", "ADE_UseEvolvedSampling")
PER_BLOCK = (
    "ADE_PerBlockHighLevel",
    *(f"ADE_PerBlock_{size}_{by}" for size in ("SD15", "SDXL") for by in ("MidLevel", "LowLevel", "FromFloats")),
)
LEGACY = "ADE_AnimateDiffLoaderWithContext"
GROUP_NORMS = (
    "apply_v2_models_properly was off or not there yet: v2 modules were normalised over all frames then. Kinema "
    "normalises each frame, as AnimateDiff does, so motion may look different."
)
AS_PUBLISHED_2 = "v1, v2, SDXL and PIA modules are normalised as published"
MAKES = ("KinemaLoadMotionModule", "KinemaAnimateModel", "KinemaSlidingContext", "KinemaClipNoise")


def load_and_apply(old: Old, new: Builder) -> Sequence[Value]:
    """Generation 1: a loader that also applies, with or without context."""
    schedule = selected(beta_of(old, new, old.get("beta_schedule", "autoselect")), old, new)
    scale = keyframed(old, new, "scale_multival", scale_of(old, new, old.get("motion_scale", 1.0)))
    effect = keyframed(old, new, "effect_multival", product(new, old, old["effect_multival"]))
    animate = new.node(
        "KinemaAnimateModel",
        old,
        main=True,
        model=old.need("model"),
        beta_schedule=schedule,
        motion_scale=scale,
        effect_strength=effect,
        motion_lora=old["motion_lora"],
    )
    module = motion_module(old, new)
    new.new[animate.id].values["motion_model"] = adjusted(old, new, module[0])
    if (
        old.node.type == LEGACY
        and not old.get("apply_v2_models_properly", False)
        and pools_version_2(old["model_name"])
    ):
        new.note(GROUP_NORMS)
    _blocks(old, new)
    return [sampled(old, new, in_windows(old, new, animate[0]))]


def load_v1(old: Old, new: Builder) -> Sequence[Value]:
    """Generation 0: the latents only went through."""
    animate = new.node(
        "KinemaAnimateModel",
        old,
        model=old.need("model"),
        beta_schedule=selected(beta(old.get("beta_schedule", "autoselect"), new), old, new),
    )
    module = motion_module(old, new)
    if pools_version_2(old["model_name"]):
        new.note(GROUP_NORMS)
    new.new[animate.id].values["motion_model"] = module[0]
    model: Value = animate[0]
    length = old.get("context_length", 0)
    if length != 0:
        model = new.node(
            "KinemaSlidingContext",
            old,
            model=model,
            context_schedule="looped_uniform",
            context_length=length,
            context_overlap=old["context_overlap"],
            context_stride=old["context_stride"],
            closed_loop=old["closed_loop"],
            fuse_method="flat",
        )[0]
        tell(new, old, old.get("context_stride", 1))
    return [model, old.need("latents")]


def use_evolved(old: Old, new: Builder) -> Sequence[Value]:
    """Generation 2: everything that was applied, on the model."""
    model = old.need("model")
    own = old.get("beta_schedule", "autoselect")
    schedule = beta_of(old, new, own)
    applies = _applies(old, "m_models")
    if applies:
        schedule = selected(schedule, applies[0].upstream("motion_model"), new)
    for apply in applies:
        model = _animated(apply, new, model, schedule)
    if not applies and schedule not in ("auto", "use existing"):
        model = new.node("KinemaBetaSchedule", old, model=model, beta_schedule=schedule)[0]
    return [sampled(old, new, in_windows(old, new, model))]


def apply_alone(old: Old, new: Builder) -> Sequence[Value]:
    """An apply node that a model goes through, as programs wrote it that took it for one of generation 1."""
    schedule = beta_of(old, new, old.get("beta_schedule", "autoselect"))
    return [_animated(old, new, old.need("model"), schedule)]


def _applies(old: Old, name: str) -> list[Old]:
    found: list[Old] = []
    seen: set[object] = set()
    apply = old.setting(name, *APPLIES, CAMERA)
    while apply is not None and apply.node.id not in seen:
        seen.add(apply.node.id)
        if apply.node.mode == LIVE:
            found.append(apply)
        apply = apply.setting("prev_m_models", *APPLIES, CAMERA)
    return found[::-1]


def _animated(apply: Old, new: Builder, model: Value, schedule: Value) -> Value:
    """A model with one motion module that an apply node applied."""
    kind = apply.node.type
    if kind == CAMERA:
        motion_model = _with_camera(apply, new, apply.need("motion_model"))
    elif kind == I2V:
        motion_model = with_picture_of_lcm(apply, new, apply.need("motion_model"))
    elif kind == PIA:
        motion_model = with_picture_of_pia(apply, new, apply.need("motion_model"))
    else:
        motion_model = apply.need("motion_model")
    _blocks(apply, new)
    loader = apply.upstream("motion_model")
    mask = settings_scale(loader, new) if loader is not None and loader.linked("ad_settings") else ABSENT
    made = new.node(
        "KinemaAnimateModel",
        apply,
        main=True,
        model=model,
        motion_model=motion_model,
        beta_schedule=schedule,
        motion_scale=keyframed(apply, new, "scale_multival", product(new, apply, apply["scale_multival"], mask)),
        effect_strength=keyframed(apply, new, "effect_multival", product(new, apply, apply["effect_multival"])),
        start_percent=apply["start_percent"],
        end_percent=apply["end_percent"],
        motion_lora=apply["motion_lora"],
    )
    return made[0]


def _with_camera(apply: Old, new: Builder, motion_model: Value) -> Value:
    loader = apply.upstream("motion_model")
    if loader is None or loader.node.type != "ADE_LoadAnimateDiffModelWithCameraCtrl":
        raise UnsupportedError("the file of CameraCtrl is not known: its loader is not connected")
    return new.node(
        "KinemaCameraControl",
        apply,
        motion_model=motion_model,
        camera_file=loader.need("camera_ctrl"),
        camera_path=apply.need("cameractrl_poses"),
        strength=keyframed(apply, new, "cameractrl_multival", product(new, apply, apply["cameractrl_multival"])),
    )[0]


def _blocks(old: Old, new: Builder) -> None:
    if old.linked("per_block"):
        old.setting("per_block", *PER_BLOCK)
        new.note("Strengths per block are left out: Kinema has one motion scale and effect strength for all blocks.")


def unload(old: Old, new: Builder) -> Sequence[Value]:
    """The model as it was before motion modules: Kinema never changes it, so it is taken from there."""
    link, seen = old.need("model"), set[object]()
    found: Link | None = None
    while isinstance(link, Link) and link not in seen:
        seen.add(link)
        source, passed = old.graph.source(link)
        new.passing(passed)
        node = old.graph.nodes.get(source.node)
        if node is None:
            break
        link = node.values.get("model")
        if node.type in (*LOADERS, "AnimateDiffLoaderV1") and isinstance(link, Link):
            found = link
    if found is None:
        return [old.need("model")]
    return [found]


def choose_noise(old: Old, new: Builder) -> Sequence[Value]:
    """A checkpoint with a noise schedule of its own."""
    schedule = beta(old.get("beta_schedule", "use existing"), new)
    loaded = new.node("CheckpointLoaderSimple", old, ckpt_name=old.need("ckpt_name"))
    if old.get("use_custom_scale_factor", False) is True:
        new.note(
            f"The scale factor {old.get('scale_factor', 0.18215)} of latents is left out: the checkpoint's own counts."
        )
    model: Value = loaded[0]
    if schedule not in ("use existing", "auto"):
        model = new.node("KinemaBetaSchedule", old, model=model, beta_schedule=schedule)[0]
    return [model, loaded[1], loaded[2]]


def empty_latent(old: Old, new: Builder) -> Sequence[Value]:
    """An empty latent of many frames."""
    names = ("width", "height", "batch_size")
    return [new.node("EmptyLatentImage", old, **{name: old[name] for name in names})[0]]


RULES = (
    Rule("ADE_AnimateDiffLoaderGen1", PACK, MAKES, load_and_apply, AS_PUBLISHED),
    Rule("ADE_AnimateDiffLoaderWithContext", PACK, MAKES, load_and_apply, AS_PUBLISHED_2),
    Rule("AnimateDiffLoaderV1", PACK, ("KinemaLoadMotionModule", "KinemaAnimateModel"), load_v1, AS_PUBLISHED_2),
    Rule("ADE_AnimateDiffLoaderV1Advanced", PACK, MAKES[:3], load_v1, AS_PUBLISHED_2),
    Rule("ADE_UseEvolvedSampling", PACK, ("KinemaAnimateModel", "KinemaBetaSchedule"), use_evolved),
    *(Rule(id, PACK, ("KinemaAnimateModel",), None, alone=apply_alone) for id in (SIMPLE, ADVANCED)),
    Rule(I2V, PACK, ("KinemaLcmPicture", "KinemaAnimateModel"), None),
    Rule(PIA, PACK, ("KinemaPiaPicture", "KinemaAnimateModel"), None),
    Rule(CAMERA, PACK, ("KinemaCameraControl", "KinemaAnimateModel"), None),
    *(
        Rule(id, PACK, (), None, "left out: one strength for all blocks")
        for id in (*PER_BLOCK, "ADE_ADBlockCombo", "ADE_ADBlockIndiv")
    ),
    Rule("ADE_AnimateDiffUnload", PACK, (), unload, "the model before Animate Model is still there"),
    Rule("CheckpointLoaderSimpleWithNoiseSelect", PACK, ("CheckpointLoaderSimple", "KinemaBetaSchedule"), choose_noise),
    Rule("ADE_EmptyLatentImageLarge", PACK, ("EmptyLatentImage",), empty_latent),
)
