"""Nodes of other packs around them, as far as the host's own nodes do the same."""

from collections.abc import Mapping, Sequence

from .records import Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Make, Old, Rule

VFI, KJ, RGTHREE, EFFICIENCY = "ComfyUI-Frame-Interpolation", "KJNodes", "rgthree", "Efficiency Nodes"
IMPACT, ESSENTIALS, COMFYROLL, WAS = "Impact Pack", "ComfyUI Essentials", "Comfyroll", "WAS Suite"
SAVER, USE_EVERYWHERE, OTHERS = "Image Saver", "Use Everywhere", "other packs"
INTERPOLATIONS: Mapping[str, str] = {
    "nearest": "nearest-exact",
    "nearest-exact": "nearest-exact",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
    "area": "area",
    "lanczos": "lanczos",
}


def constant(target: str, name: str) -> Make:
    """One value in a primitive."""

    def make(old: Old, new: Builder) -> Sequence[Value]:
        value = old.get(name, ABSENT)
        if value is ABSENT:
            value = "" if "String" in target else 0
        return [new.node(target, old, value=value)[0]]

    return make


def handed_on(old: Old, new: Builder) -> Sequence[Value | None]:
    """A wire that goes on without the node."""
    source = old.graph.handed_on(old.node)
    return [source if isinstance(source, Link) else None]


def bridge(old: Old, new: Builder) -> Sequence[Value | None]:
    """A wire; nodes behind it were muted or not while the workflow was queued."""
    if old.known("mode", True) is not True:
        new.note("Control Bridge muted the nodes behind it when it was off: mute them yourself.")
    return handed_on(old, new)


def interpolate(old: Old, new: Builder) -> Sequence[Value]:
    """Frames in between, with the host's own nodes."""
    if old.linked("optional_interpolation_states"):
        new.note("Interpolation states are left out: every pair of frames is interpolated.")
    if old.known("multiplier", 2) in (0, 1):
        return [old["frames"]]
    name = old.get("ckpt_name", "")
    wanted = FILES.get(old.node.type, name)
    if wanted != name:
        new.note(f"{name} has no loader in ComfyUI: {wanted} takes its place, in models/frame_interpolation.")
    elif isinstance(name, str):
        new.note(f"{name} belongs into models/frame_interpolation now.")
    model = new.node("FrameInterpolationModelLoader", old, main=False, model_name=wanted)
    made = new.node(
        "FrameInterpolate",
        old,
        main=True,
        interp_model=model[0],
        images=old.need("frames"),
        multiplier=old.get("multiplier", 2),
    )
    return [made[0]]


FILM = "film_net_fp16.safetensors"
"""The interpolation model that ComfyUI's own templates name."""
FILES = {"FILM VFI": FILM, "GMFSS Fortuna VFI": FILM, "STMFNet VFI": FILM}


def resize_essentials(old: Old, new: Builder) -> Sequence[Value | None]:
    """Resize, with what the host has for each way of keeping proportions."""
    keep = old.get("method", old.get("keep_proportion", "stretch"))
    keep = {True: "keep proportion", False: "stretch"}.get(keep, keep) if isinstance(keep, bool) else keep
    width, height = old.get("width", 512), old.get("height", 512)
    method = INTERPOLATIONS.get(str(old.get("interpolation", "nearest")), "bilinear")
    image = old["image"]
    if keep in ("keep proportion", "pad") and not _are_numbers(width, height):
        new.note("Proportions are kept by cropping in the middle: the size comes over wires.")
        keep = "fill / crop"
    if keep == "pad":
        made = new.node(
            "ResizeAndPadImage",
            old,
            image=image,
            target_width=width,
            target_height=height,
            padding_color="black",
            interpolation=method,
        )
    elif keep == "keep proportion":
        made = _within(old, new, image, int(width), int(height), method)
    else:
        crop = "center" if keep == "fill / crop" else "disabled"
        made = new.node("ImageScale", old, image=image, upscale_method=method, width=width, height=height, crop=crop)
    if old.get("multiple_of", 0) not in (0, 1) and keep == "keep proportion":
        new.note(f"The size is not rounded to multiples of {old.get('multiple_of', 0)}.")
    if str(old.get("condition", "always")) != "always":
        new.note(f"condition {old.get('condition', '')!r} is left out: pictures are always resized.")
    return [made[0], *_measured(old, new, made[0])]


def _within(old: Old, new: Builder, image: Value, width: int, height: int, method: str):  # noqa: ANN202
    """A picture that fits into a size without changing its shape."""
    if 0 in (width, height):
        # one side follows from the other
        return new.node(
            "ImageScale", old, image=image, upscale_method=method, width=width, height=height, crop="disabled"
        )
    if width != height:
        new.note("The larger one of width and height is the longer side.")
    return new.node(
        "ImageScaleToMaxDimension",
        old,
        image=image,
        upscale_method=method,
        largest_size=max(width, height),
    )


def _measured(old: Old, new: Builder, image: Link) -> list[Value | None]:
    """Width and height, where somebody reads them."""
    if not old.graph.reads(old.node.id, (1, 2)):
        return [None, None]
    size = new.node("GetImageSize", old, main=False, image=image)
    return [size[0], size[1]]


def measure(old: Old, new: Builder) -> Sequence[Value | None]:
    """Width, height and number."""
    image = old.need("image")
    size = new.node("GetImageSize", old, image=image)
    if old.node.type == "GetImageSizeAndCount":
        return [image, size[0], size[1], size[2]]
    return [size[0], size[1], size[2]]


def count(old: Old, new: Builder) -> Sequence[Value | None]:
    """How many there are."""
    return [new.node("KinemaFrameInfo", old, batch=old.need("batch"))[0]]


def from_batch(old: Old, new: Builder) -> Sequence[Value | None]:
    """Some frames; -1 takes all up to the end."""
    length = old.get("length", -1)
    made = new.node(
        "ImageFromBatch",
        old,
        image=old.need("image"),
        batch_index=old.get("start", 0),
        length=4096 if length == -1 else length,
    )
    return [made[0]]


def batch_together(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures one behind the other."""
    names = sorted((name for name in old.node.values if name.startswith("image") and old.linked(name)), key=_number)
    if not names:
        raise UnsupportedError("no picture is connected")
    made: Value = old[names[0]]
    for position, name in enumerate(names[1:]):
        last = position == len(names) - 2
        made = new.node("ImageBatch", old, main=last, image1=made, image2=old[name])[0]
    return [made]


def _number(name: str) -> int:
    tail = name.removeprefix("image").removeprefix("_")
    return int(tail) if tail.isdecimal() and len(tail) < 9 else 0


def resize_was(old: Old, new: Builder) -> Sequence[Value | None]:
    """Resize to a size or by a factor."""
    method = INTERPOLATIONS.get(str(old.get("resampling", "lanczos")), "lanczos")
    if old.get("mode", "rescale") == "resize":
        made = new.node(
            "ImageScale",
            old,
            image=old.need("image"),
            upscale_method=method,
            width=old.get("resize_width", 512),
            height=old.get("resize_height", 512),
            crop="disabled",
        )
    else:
        made = new.node(
            "ImageScaleBy",
            old,
            image=old.need("image"),
            upscale_method=method,
            scale_by=old.get("rescale_factor", 2),
        )
    return [made[0]]


def upscale_model(old: Old, new: Builder) -> Sequence[Value | None]:
    """A model that enlarges."""
    return [new.node("UpscaleModelLoader", old, model_name=old.need("model_name"))[0], None]


def canny(old: Old, new: Builder) -> Sequence[Value | None]:
    """Edges; thresholds from 0 to 255 are from 0 to 1 here."""
    low, high = (old.get(name, value) for name, value in (("low_threshold", 100), ("high_threshold", 200)))
    if not _are_numbers(low, high):
        raise UnsupportedError("its thresholds come over wires and count to 255")
    new.note("Edges are found at the size of the pictures, and thresholds count from 0 to 1.")
    made = new.node(
        "Canny",
        old,
        image=old.need("image"),
        low_threshold=min(max(low / 255, 0.01), 0.99),
        high_threshold=min(max(high / 255, 0.01), 0.99),
    )
    return [made[0]]


def show_any(old: Old, new: Builder) -> Sequence[Value | None]:
    """A value to look at."""
    name = next((name for name in ("text", "source", "input", "anything") if old.linked(name)), "")
    if not name:
        raise UnsupportedError("nothing is connected to it")
    made = new.node("PreviewAny", old, source=old[name])
    return [made[0]]


def preview(old: Old, new: Builder) -> Sequence[Value | None]:
    """Frames to look at."""
    if not old.linked("images"):
        raise UnsupportedError("no pictures are connected to it")
    made = new.node("KinemaCombineVideo", old, images=old["images"], frame_rate=old.get("fps", 8), save_output=False)
    return [None, made[0]]


def nothing(old: Old, new: Builder) -> Sequence[Value | None]:
    """Something of the front end alone, without which the workflow is the same."""
    return []


def _are_numbers(*values: Value) -> bool:
    return all(is_number(value) for value in values)


def _constants(pack: str, target: str, **ids: str) -> tuple[Rule, ...]:
    return tuple(Rule(id.replace("__", " "), pack, (target,), constant(target, name)) for id, name in ids.items())


TEXT, INT, FLOAT = "PrimitiveStringMultiline", "PrimitiveInt", "PrimitiveFloat"
SCALES = ("ImageScale", "ImageScaleToMaxDimension", "ResizeAndPadImage", "GetImageSize")
RULES = (
    *(Rule(id, VFI, ("FrameInterpolationModelLoader", "FrameInterpolate"), interpolate) for id in ("RIFE VFI", *FILES)),
    Rule("GetNode", KJ, (), handed_on, "a wire"),
    Rule("SetNode", KJ, (), handed_on, "a wire"),
    Rule("Reroute (rgthree)", RGTHREE, (), handed_on, "a wire"),
    Rule("ImpactControlBridge", IMPACT, (), bridge, "a wire; what is muted stays so"),
    *_constants(KJ, INT, INTConstant="value"),
    *_constants(KJ, FLOAT, FloatConstant="value"),
    *_constants(KJ, TEXT, StringConstant="string", StringConstantMultiline="string"),
    *_constants(IMPACT, INT, ImpactInt="value"),
    *_constants(IMPACT, FLOAT, ImpactFloat="value"),
    *_constants(SAVER, INT, Int__Literal="int", Seed__Generator="seed"),
    *_constants(SAVER, FLOAT, Float__Literal="float", Cfg__Literal="float"),
    *_constants(SAVER, TEXT, String__Literal="string"),
    *_constants(WAS, TEXT, Text__Multiline="text"),
    *_constants(USE_EVERYWHERE, TEXT, Simple__String="string"),
    *_constants(
        OTHERS, INT, Integer="value", Eden_Int="value", JWInteger="value", DF_Integer="Value", ttN__seed="seed"
    ),
    *_constants(OTHERS, FLOAT, Eden_Float="value", JWFloat="value", DF_Float="Value"),
    *_constants(OTHERS, TEXT, Text__box="text", ttN__text="text"),
    Rule("Seed (rgthree)", RGTHREE, (INT,), constant(INT, "seed")),
    Rule("CR Seed", COMFYROLL, (INT,), constant(INT, "seed")),
    Rule("ImageResize+", ESSENTIALS, SCALES, resize_essentials),
    *(Rule(id, ESSENTIALS, ("GetImageSize",), measure) for id in ("GetImageSize+",)),
    Rule("GetImageSizeAndCount", KJ, ("GetImageSize",), measure),
    Rule("BatchCount+", ESSENTIALS, ("KinemaFrameInfo",), count),
    Rule("ImageFromBatch+", ESSENTIALS, ("ImageFromBatch",), from_batch),
    Rule("ImageBatchMultiple+", ESSENTIALS, ("ImageBatch",), batch_together),
    Rule("ImageBatchMulti", KJ, ("ImageBatch",), batch_together),
    Rule("Image Resize", WAS, ("ImageScale", "ImageScaleBy"), resize_was),
    Rule("Upscale Model Loader", WAS, ("UpscaleModelLoader",), upscale_model),
    *(
        Rule(id, pack, ("PreviewAny",), show_any)
        for id, pack in (
            ("ShowText|pysssss", "Custom Scripts"),
            ("Display Any (rgthree)", RGTHREE),
            ("Display Int (rgthree)", RGTHREE),
            ("easy showAnything", "Easy Use"),
        )
    ),
    Rule("PreviewAnimation", KJ, ("KinemaCombineVideo",), preview),
    *(
        Rule(id, pack, (), nothing, "of the front end alone")
        for id, pack in (
            ("Bookmark (rgthree)", RGTHREE),
            ("Fast Groups Bypasser (rgthree)", RGTHREE),
            ("Fast Groups Muter (rgthree)", RGTHREE),
        )
    ),
)
