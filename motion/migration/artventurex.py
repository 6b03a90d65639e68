"""ArtVentureX's AnimateDiff, the first one: a sampler that applied a motion module and made its own latents."""

from collections.abc import Sequence

from .ade_context import tell
from .ade_models import PER_FRAME, POOLING
from .models import published
from .records import LIVE, Value, is_number
from .rules import ABSENT, Builder, Old, Rule

PACK = "ArtVentureX AnimateDiff"
LORA, WINDOWS = "AnimateDiffLoraLoader", "AnimateDiffSlidingWindowOptions"
WINDOW = 16
"""Frames of a window where no options are connected: longer clips were cut all the same."""
POOLED = (
    "Modules without a middle block had every group norm look at all frames. Kinema does so where their authors' code "
    "does, so motion may look different."
)
LEGACY = (
    "inject_method legacy put three motion layers behind the upsampling; they are before it here, as in AnimateDiff."
)
SCHEDULE = (
    "context_schedule 'uniform v2' is looped_uniform here, which takes a window over the end in one piece with the "
    "beginning."
)


def load(old: Old, new: Builder) -> Sequence[Value]:
    """A motion module; its LoRAs are read by the sampler."""
    name = old["model_name"]
    if isinstance(name, str) and published(name) in POOLING | PER_FRAME:
        new.note(POOLED)
    return [new.node("KinemaLoadMotionModule", old, motion_module=old.need("model_name"))[0]]


def sample(old: Old, new: Builder) -> Sequence[Value]:
    """Animate, and sample as many frames as it was told; the sampler keeps the id."""
    model: Value = new.node(
        "KinemaAnimateModel",
        old,
        main=False,
        model=old.need("model"),
        motion_model=old.need("motion_module"),
        beta_schedule="sqrt_linear (AnimateDiff)",
        motion_lora=_loras(old, new),
    )[0]
    model = _windows(old, new, model)
    if old.get("inject_method", "default") == "legacy":
        new.note(LEGACY)
    names = ("seed", "steps", "cfg", "sampler_name", "scheduler", "positive", "negative", "denoise")
    sampler = new.node(
        "KSampler",
        old,
        main=True,
        model=model,
        latent_image=_clip(old, new),
        **{name: old[name] for name in names},
    )
    return [sampler[0]]


def _windows(old: Old, new: Builder, model: Value) -> Value:
    """A model that samples in windows, which clips longer than one always were."""
    options = old.setting("sliding_window_opts", WINDOWS)
    if options is not None and options.node.mode != LIVE:
        options = None
    frames = old.known("frame_number", 16)
    if options is None:
        if is_number(frames) and frames <= WINDOW:
            return model
        return new.node(
            "KinemaSlidingContext",
            old,
            main=False,
            model=model,
            context_schedule="looped_uniform",
            context_length=WINDOW,
            context_overlap=4,
            fuse_method="flat",
        )[0]
    made = new.node(
        "KinemaSlidingContext",
        options,
        model=model,
        context_schedule="looped_uniform",
        context_length=options.get("context_length", WINDOW),
        context_overlap=options.get("context_overlap", 4),
        context_stride=options.get("context_stride", 1),
        closed_loop=options.get("closed_loop", False),
        fuse_method="flat",
    )
    if options.get("context_schedule", "uniform") == "uniform v2":
        new.note(SCHEDULE)
    tell(new, options, options.get("context_stride", 1))
    return made[0]


def _clip(old: Old, new: Builder) -> Value:
    """The latent with as many frames as the sampler makes: a single one is repeated."""
    latent = old.need("latent_image")
    frames = old.get("frame_number", 16)
    source = old.upstream("latent_image")
    kind = source.node.type if source is not None else ""
    if source is not None and kind in EMPTY and source.known("batch_size", 1) == frames:
        return latent
    picture = source.upstream("pixels") if source is not None and kind == "VAEEncode" else None
    one = kind in EMPTY or (picture is not None and picture.node.type == "LoadImage")
    if not one:
        new.note("frame_number is left out: the latent has to have as many frames as the clip.")
        return latent
    return new.node("KinemaRepeatFrames", old, main=False, batch=latent, times=frames)[0]


def size(old: Old, new: Builder) -> Sequence[Value]:
    """Width, height and number of pictures."""
    made = new.node("GetImageSize", old, image=old.need("image"))
    return [made[0], made[1], made[2]]


def _loras(old: Old, new: Builder) -> Value:
    """The LoRAs that were stacked on the motion module's loader."""
    loader = old.upstream("motion_module")
    if loader is None or loader.node.type != "AnimateDiffModuleLoader":
        return ABSENT
    made: Value = ABSENT
    for lora in loader.chain("lora_stack", "lora_stack", LORA):
        made = new.node(
            "KinemaLoadMotionLora",
            lora,
            lora=lora.need("lora_name"),
            strength=lora.get("alpha", 1.0),
            previous_motion_lora=made,
        )[0]
    return made


EMPTY = ("EmptyLatentImage", "ADE_EmptyLatentImageLarge")
RULES = (
    Rule(
        "AnimateDiffModuleLoader",
        PACK,
        ("KinemaLoadMotionModule",),
        load,
        "modules without a middle block are normalised as published",
    ),
    Rule(
        "AnimateDiffSampler",
        PACK,
        ("KinemaAnimateModel", "KinemaSlidingContext", "KSampler", "KinemaRepeatFrames"),
        sample,
    ),
    Rule(LORA, PACK, ("KinemaLoadMotionLora",), None),
    Rule(WINDOWS, PACK, ("KinemaSlidingContext",), None, "'uniform v2' is looped_uniform"),
    Rule("ImageSizeAndBatchSize", PACK, ("GetImageSize",), size),
)
