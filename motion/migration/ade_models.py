"""AnimateDiff-Evolved: motion modules, MotionLoRAs, and their settings."""

from collections.abc import Sequence

from .ade_values import PACK, product
from .models import published
from .records import UnsupportedError, Value
from .rules import ABSENT, Builder, Made, Old, Rule, refused

PE_ADJUSTS = ("ADE_AdjustPESweetspotStretch", "ADE_AdjustPEFullStretch", "ADE_AdjustPEManual")
WEIGHT_ADJUSTS = tuple(
    f"ADE_AdjustWeight{which}"
    for which in ("AllAdd", "AllMult", "IndivAdd", "IndivMult", "IndivAttnAdd", "IndivAttnMult")
)
MODEL_SETTINGS = (
    "ADE_AnimateDiffModelSettings_Release",
    "ADE_AnimateDiffModelSettingsSimple",
    "ADE_AnimateDiffModelSettings",
    "ADE_AnimateDiffModelSettingsAdvancedAttnStrengths",
)
SETTINGS = ("ADE_AnimateDiffSettings", *MODEL_SETTINGS)
VERSION_1 = frozenset(
    {"mm_sd_v14", "mm_sd_v15", "mm-stabilized_mid", "mm-stabilized_high", "temporaldiff-v1-animatediff"}
)
"""Modules of AnimateDiff v1 by the names they were published under, in small letters."""
POOLING = VERSION_1 | {"mm_sdxl_v10_beta", "hsxl_temporal_layers", "pia"}
"""Modules for which AnimateDiff-Evolved let every group norm look at all frames."""
POOLED = (
    "This motion module: only those group norms look at all frames that do so in its authors' code. "
    "AnimateDiff-Evolved did so in every group norm, so motion may look different."
)
AS_PUBLISHED = "v1, SDXL and PIA modules are normalised as published"
PER_FRAME = frozenset({"v3_sd15_mm"})
"""Modules whose group norms looked at single frames there too, however they were loaded."""
ANIMATE_LCM = frozenset({"animatelcm_sd15_t2v", "animatelcm_sd15_i2v"})
AS_LCM = (
    "beta_schedule is lcm, which autoselect took for AnimateLCM. auto takes the schedule it was trained with instead."
)
CAPTIONS = {"cap_initial_pe_length": "cap", "interpolate_pe_to_length": "interpolate_to"}


def motion_module(old: Old, new: Builder) -> Made:
    """A motion module by its file."""
    name = old.need("model_name")
    if isinstance(name, str) and published(name) in POOLING:
        new.note(POOLED)
    return new.node("KinemaLoadMotionModule", old, motion_module=name)


def selected(schedule: Value, loader: Old | None, new: Builder) -> Value:
    """The noise schedule that AnimateDiff-Evolved selected for the motion module of a loader, where auto differs."""
    name = loader["model_name"] if loader is not None else ABSENT
    if schedule == "auto" and isinstance(name, str) and published(name) in ANIMATE_LCM:
        new.note(AS_LCM)
        return "lcm"
    return schedule


def pools_version_2(name: Value) -> bool:
    """Whether a file may be a v2 module, which old loaders let pool its group norms."""
    return not isinstance(name, str) or published(name) not in POOLING | PER_FRAME


def load_model(old: Old, new: Builder) -> Sequence[Value]:
    """A motion module with its settings."""
    return [adjusted(old, new, motion_module(old, new)[0])]


def load_lora(old: Old, new: Builder) -> Sequence[Value]:
    """A MotionLoRA after others; "None" stands for no file, and only hands on."""
    before = old["prev_motion_lora"]
    if old.get("name", "None") in ("None", ""):
        return [None if before is ABSENT else before]
    made = new.node(
        "KinemaLoadMotionLora",
        old,
        lora=old.need("name"),
        strength=old.get("strength", 1.0),
        previous_motion_lora=before,
    )
    return [made[0]]


def adjusted(old: Old, new: Builder, motion_model: Value) -> Value:
    """A motion model after the settings of ``ad_settings``."""
    settings = old.setting("ad_settings", *SETTINGS)
    if settings is None or settings.node.mode != 0:
        return motion_model
    if settings.node.type != "ADE_AnimateDiffSettings":
        return _by_model_settings(settings, new, motion_model)
    for weights in settings.chain("weight_adjust", "prev_weight_adjust", *WEIGHT_ADJUSTS):
        neutral = 0.0 if weights.node.type.endswith("Add") else 1.0
        numbers = {name: value for name, value in weights.node.values.items() if name.endswith(("_ADD", "_MULT"))}
        if any(value != neutral for value in numbers.values()):
            shown = ", ".join(f"{name} {value}" for name, value in numbers.items() if value != neutral)
            new.note(f"Adjusted weights of the motion module ({shown}) are left out: Kinema keeps them as trained.")
    for adjust in settings.chain("pe_adjust", "prev_pe_adjust", *PE_ADJUSTS):
        motion_model = _by_positions(adjust, new, motion_model)
    return motion_model


def _by_positions(adjust: Old, new: Builder, motion_model: Value) -> Value:
    kind = adjust.node.type
    values: dict[str, Value]
    if kind == "ADE_AdjustPESweetspotStretch":
        values = {"cap": adjust.get("sweetspot", 16), "interpolate_to": adjust.get("new_sweetspot", 16)}
    elif kind == "ADE_AdjustPEFullStretch":
        values = {"stretch": adjust.get("pe_stretch", 0)}
    else:
        values = _manual(adjust)
    return new.node("KinemaAdjustPositions", adjust, motion_model=motion_model, **values)[0]


def _manual(old: Old) -> dict[str, Value]:
    return {
        "cap": old.get("cap_initial_pe_length", 0),
        "interpolate_to": old.get("interpolate_pe_to_length", 0),
        "skip_first": old.get("initial_pe_idx_offset", 0),
        "skip_after": old.get("final_pe_idx_offset", 0),
    }


def _by_model_settings(settings: Old, new: Builder, motion_model: Value) -> Value:
    strengths = {
        name: value for name, value in settings.node.values.items() if name.endswith("_strength") and value != 1
    }
    if strengths:
        shown = ", ".join(f"{name} {value}" for name, value in strengths.items())
        new.note(f"Strengths of parts of the motion module ({shown}) are left out: Kinema keeps them as trained.")
    values = {"stretch": settings.get("motion_pe_stretch", 0), **_manual(settings)}
    if all(value == 0 for value in values.values()):
        return motion_model
    return new.node("KinemaAdjustPositions", settings, motion_model=motion_model, **values)[0]


def settings_scale(old: Old, new: Builder) -> Value:
    """The motion scale that old motion model settings draw with a mask, ABSENT if they draw none."""
    settings = old.setting("ad_settings", *SETTINGS)
    if settings is None or settings.node.mode != 0 or not settings.linked("mask_motion_scale"):
        return ABSENT
    made = new.node(
        "KinemaMotionValue",
        settings,
        value=settings.get("max_motion_scale", 1.0),
        value_at_black=settings.get("min_motion_scale", 1.0),
        mask=settings["mask_motion_scale"],
    )
    return made[0]


def load_lcm_i2v(old: Old, new: Builder) -> Sequence[Value]:
    """An AnimateLCM-I2V file; the second output is the same file, used for its picture encoder alone."""
    made = adjusted(old, new, motion_module(old, new)[0])
    return [made, made]


def load_with_camera(old: Old, new: Builder) -> Sequence[Value]:
    """A motion module; the camera's file is read where the camera path goes in."""
    return load_model(old, new)


def with_picture_of_lcm(old: Old, new: Builder, motion_model: Value) -> Value:
    """A motion model that sees a picture, as AnimateLCM-I2V does."""
    scaled = old.upstream("ref_latent")
    if scaled is None or scaled.node.type not in ("ADE_UpscaleAndVAEEncode", "VAEEncode"):
        raise UnsupportedError("ref_latent does not come from a picture that is encoded for it")
    if scaled.node.type == "ADE_UpscaleAndVAEEncode":
        new.absorb(scaled.node.id)
    image = scaled["image"] if scaled["image"] is not ABSENT else scaled["pixels"]
    crop = scaled.get("crop", "center")
    return new.node(
        "KinemaLcmPicture",
        old,
        motion_model=motion_model,
        image=image,
        vae=scaled["vae"],
        drift=old.get("ref_drift", 0.0),
        fit="crop" if crop == "center" else "stretch",
    )[0]


def with_picture_of_pia(old: Old, new: Builder, motion_model: Value) -> Value:
    """A motion model that starts from a picture, as PIA does."""
    preset = old.setting("pia_input", "ADE_InputPIA_PaperPresets", "ADE_InputPIA_Multival")
    motion: Value = ABSENT
    affinity: Value = ABSENT
    frame: Value = ABSENT
    if preset is not None and preset.node.type == "ADE_InputPIA_Multival":
        motion, affinity = "custom", preset["multival"]
    elif preset is not None:
        motion = _pia_motion(preset.get("preset", "Animation (Small Motion)"))
        frame, affinity = preset.get("batch_index", 0), preset["mult_multival"]
    return new.node(
        "KinemaPiaPicture",
        old,
        motion_model=motion_model,
        image=old.need("image"),
        vae=old.need("vae"),
        motion=motion,
        frame=frame,
        affinity=affinity,
    )[0]


def _pia_motion(preset: Value) -> Value:
    return preset.replace(" (", ", ").replace(")", "").lower() if isinstance(preset, str) else preset


def scale_of(old: Old, new: Builder, own: Value = 1.0) -> Value:
    """Motion scale of an apply node: its own number, its multival, and that of old settings, multiplied."""
    return product(new, old, own, old["scale_multival"], settings_scale(old, new))


INJECTED = "a motion module is used as it was published: load the file that has the pictures' part in it"
RULES = (
    *(refused(id, PACK, INJECTED) for id in ("ADE_InjectI2VIntoAnimateDiffModel", "ADE_InjectPIAIntoAnimateDiffModel")),
    Rule(
        "ADE_LoadAnimateDiffModel",
        PACK,
        ("KinemaLoadMotionModule", "KinemaAdjustPositions"),
        load_model,
        AS_PUBLISHED,
    ),
    Rule("ADE_LoadAnimateLCMI2VModel", PACK, ("KinemaLoadMotionModule", "KinemaAdjustPositions"), load_lcm_i2v),
    Rule("ADE_LoadAnimateDiffModelWithCameraCtrl", PACK, ("KinemaLoadMotionModule",), load_with_camera),
    Rule("ADE_AnimateDiffLoRALoader", PACK, ("KinemaLoadMotionLora",), load_lora),
    *(Rule(id, PACK, ("KinemaAdjustPositions",), None) for id in PE_ADJUSTS),
    *(Rule(id, PACK, (), None, "weights stay as trained") for id in WEIGHT_ADJUSTS),
    Rule("ADE_AnimateDiffSettings", PACK, ("KinemaAdjustPositions",), None),
    *(Rule(id, PACK, ("KinemaAdjustPositions", "KinemaMotionValue"), None) for id in MODEL_SETTINGS),
    Rule("ADE_UpscaleAndVAEEncode", PACK, ("KinemaLcmPicture",), None),
    Rule("ADE_InputPIA_PaperPresets", PACK, ("KinemaPiaPicture",), None),
    Rule("ADE_InputPIA_Multival", PACK, ("KinemaPiaPicture",), None),
)
