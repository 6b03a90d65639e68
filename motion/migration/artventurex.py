"""ArtVentureX's AnimateDiff, the first one: a sampler that applied a motion module and made its own latents."""

from collections.abc import Sequence

from .records import LIVE, Value
from .rules import ABSENT, Builder, Old, Rule

PACK = "ArtVentureX AnimateDiff"
LORA, WINDOWS = "AnimateDiffLoraLoader", "AnimateDiffSlidingWindowOptions"


def load(old: Old, new: Builder) -> Sequence[Value]:
    """A motion module; its LoRAs are read by the sampler."""
    return [new.node("KinemaLoadMotionModule", old, motion_module=old.need("model_name"))[0]]


def sample(old: Old, new: Builder) -> Sequence[Value]:
    """Animate, and sample as many frames as it was told; the sampler keeps the id."""
    model: Value = new.node(
        "KinemaAnimateModel",
        old,
        main=False,
        model=old.need("model"),
        motion_model=old.need("motion_module"),
        motion_lora=_loras(old, new),
    )[0]
    windows = old.setting("sliding_window_opts", WINDOWS)
    if windows is not None and windows.node.mode == LIVE:
        model = new.node(
            "KinemaSlidingContext",
            windows,
            model=model,
            context_schedule="looped_uniform",
            context_length=windows.get("context_length", 16),
            context_overlap=windows.get("context_overlap", 4),
            context_stride=windows.get("context_stride", 1),
            closed_loop=windows.get("closed_loop", False),
            fuse_method="flat",
        )[0]
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
    Rule("AnimateDiffModuleLoader", PACK, ("KinemaLoadMotionModule",), load),
    Rule(
        "AnimateDiffSampler",
        PACK,
        ("KinemaAnimateModel", "KinemaSlidingContext", "KSampler", "KinemaRepeatFrames"),
        sample,
    ),
    Rule(LORA, PACK, ("KinemaLoadMotionLora",), None),
    Rule(WINDOWS, PACK, ("KinemaSlidingContext",), None),
    Rule("ImageSizeAndBatchSize", PACK, ("GetImageSize",), size),
)
