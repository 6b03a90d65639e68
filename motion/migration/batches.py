"""Batches, sizes and looks of pictures in other packs, as far as the host's own nodes do the same."""

from collections.abc import Mapping, Sequence

from .around import INTERPOLATIONS, batch_together
from .records import UnsupportedError, Value
from .rules import Builder, Old, Rule

IMPACT, KJ, WAS, ESSENTIALS, AUX = "Impact Pack", "KJNodes", "WAS Suite", "ComfyUI Essentials", "controlnet_aux"
MOST = 4096
"""Pictures that the host puts together at once."""
COLOURS: Mapping[str, str] = {"mkl": "mkl_lab", "reinhard": "reinhard_lab"}


def to_list(old: Old, new: Builder) -> Sequence[Value | None]:
    """Each picture by itself."""
    return [new.node("RebatchImages", old, images=old.need("image"), batch_size=1)[0]]


def to_batch(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures that came one by one, together again."""
    return [new.node("RebatchImages", old, images=old.need("images"), batch_size=MOST)[0]]


def save(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures to files, below the output folder."""
    folder, prefix = old.get("output_path", ""), old.get("filename_prefix", "ComfyUI")
    if isinstance(folder, str) and folder.strip("./\\ "):
        new.note(f"Pictures are saved in ComfyUI's output folder, where the node wrote to {folder}.")
    if old.get("extension", "png") != "png":
        new.note(f"Pictures are saved as PNG, where the node wrote {old.get('extension', 'png')}.")
    made = new.node("SaveImage", old, images=old.need("images"), filename_prefix=prefix or "ComfyUI")
    return [made[0], None]


def sharpen(old: Old, new: Builder) -> Sequence[Value | None]:
    """Sharper edges."""
    new.note("Sharpen Image has the same strength everywhere, where contrast decided it.")
    made = new.node(
        "ImageSharpen", old, image=old.need("image"), sharpen_radius=1, sigma=1.0, alpha=old.get("amount", 0.8)
    )
    return [made[0]]


def enlarge_latents(old: Old, new: Builder) -> Sequence[Value | None]:
    """Larger latents."""
    new.note("Latents are enlarged by interpolation, where a small network did it: raise denoise if they look soft.")
    made = new.node(
        "LatentUpscaleBy", old, samples=old.need("latent"), upscale_method="bislerp", scale_by=old.get("upscale", 1.5)
    )
    return [made[0]]


def match_colours(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures in the colours of another."""
    method = old.get("method", "mkl")
    here = COLOURS.get(method) if isinstance(method, str) else method
    if here is None:
        new.note(f"The method {method!r} is mkl_lab here.")
    made = new.node(
        "ColorTransfer",
        old,
        image_target=old.need("image_target"),
        image_ref=old.need("image_ref"),
        method=here or "mkl_lab",
        source_stats="per_frame",
        strength=old.get("strength", 1.0),
    )
    return [made[0]]


def resize(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures in another size."""
    width: Value = old.get("width", 512)
    height: Value = old.get("height", 512)
    if old.linked("width_input"):
        width = old["width_input"]
    if old.linked("height_input"):
        height = old["height_input"]
    if old.linked("get_image_size"):
        size = new.node("GetImageSize", old, main=False, image=old["get_image_size"])
        width, height = size[0], size[1]
    method = INTERPOLATIONS.get(str(old.get("upscale_method", "lanczos")), "lanczos")
    values = {"image": old.need("image"), "upscale_method": method}
    sides = [float(side) for side in (width, height) if isinstance(side, (int, float)) and side > 0]
    if old.get("keep_proportion", False) is True and len(sides) == 2:
        new.note("The larger one of width and height is the longer side, and is not rounded.")
        made = new.node("ImageScaleToMaxDimension", old, main=True, largest_size=int(max(sides)), **values)
    else:
        crop = "center" if old.get("crop", "disabled") == "center" else "disabled"
        made = new.node("ImageScale", old, main=True, width=width, height=height, crop=crop, **values)
    if not old.graph.reads(old.node.id, (1, 2)):
        return [made[0], None, None]
    now = new.node("GetImageSize", old, main=False, image=made[0])
    return [made[0], now[0], now[1]]


def size_of(old: Old, new: Builder) -> Sequence[Value | None]:
    """Width and height."""
    made = new.node("GetImageSize", old, image=old.need("image"))
    return [made[0], made[1]]


def look(old: Old, new: Builder) -> Sequence[Value | None]:
    """A mask to look at."""
    return [new.node("MaskPreview", old, mask=old.need("mask"))[0]]


def repeat_latents(old: Old, new: Builder) -> Sequence[Value | None]:
    """Latents several times."""
    return [new.node("RepeatLatentBatch", old, samples=old.need("latent"), amount=old.get("batch_size", 2))[0]]


def side_by_side(old: Old, new: Builder) -> Sequence[Value | None]:
    """Two pictures in one."""
    made = new.node(
        "ImageStitch",
        old,
        image1=old.need("image1"),
        image2=old["image2"],
        direction=old.get("direction", "right"),
        match_image_size=old.get("match_image_size", True),
    )
    return [made[0]]


def as_many(old: Old, new: Builder) -> Sequence[Value | None]:
    """As many pictures as are wanted, the last one as often as it takes."""
    number = old.get("batch_size", 1)
    if number != 1:
        raise UnsupportedError("batch_size is above 1: Repeat Frames and Select Frames make a batch as long as another")
    return [new.node("ImageFromBatch", old, image=old.need("image"), batch_index=0, length=1)[0]]


def select(old: Old, new: Builder) -> Sequence[Value | None]:
    """Pictures by their numbers."""
    made = new.node("KinemaSelectFrames", old, batch=old.need("images"), indices=old.get("selected_indexes", "0"))
    return [made[0]]


RULES = (
    Rule("ImpactImageBatchToImageList", IMPACT, ("RebatchImages",), to_list),
    Rule("ImageListToImageBatch", IMPACT, ("RebatchImages",), to_batch),
    Rule("ImpactMakeImageBatch", IMPACT, ("ImageBatch",), batch_together),
    Rule("Image Save", WAS, ("SaveImage",), save, "into ComfyUI's output folder"),
    Rule("ImageCASharpening+", ESSENTIALS, ("ImageSharpen",), sharpen, "the same strength everywhere"),
    Rule("NNLatentUpscale", "NNLatentUpscale", ("LatentUpscaleBy",), enlarge_latents, "by interpolation"),
    Rule("ColorMatch", KJ, ("ColorTransfer",), match_colours),
    Rule("ImageResizeKJ", KJ, ("ImageScale", "ImageScaleToMaxDimension", "GetImageSize"), resize),
    Rule("ImageGenResolutionFromImage", AUX, ("GetImageSize",), size_of),
    Rule("PixelPerfectResolution", AUX, (), None, "detectors work at the size of the pictures"),
    Rule("MaskPreview+", ESSENTIALS, ("MaskPreview",), look),
    Rule("CR Latent Batch Size", "Comfyroll", ("RepeatLatentBatch",), repeat_latents),
    Rule("ImageConcanate", KJ, ("ImageStitch",), side_by_side),
    Rule("ChangeImageBatchSize //Inspire", "Inspire Pack", ("ImageFromBatch",), as_many),
    Rule("ImageSelector", "Image Selector", ("KinemaSelectFrames",), select),
)
