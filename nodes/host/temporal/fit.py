"""Where the temporal layers of a motion model have their place in a UNet, and whether they fit."""

from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, UNetModel, VideoResBlock

from ....motion.formats import PICTURE_NODES, Block
from .motion import LoadedMotion
from .runtime import Anchors


class AnimateError(ValueError):
    """A motion model and an image model do not fit each other."""


def anchors_of(unet: UNetModel) -> Anchors:
    """For each UNet block the layer temporal layers follow: its spatial transformer, else its ResBlock."""
    anchors: dict[Block, type] = {}
    blocks = [(("input", i), block) for i, block in enumerate(unet.input_blocks)]
    blocks += [(("middle", 0), unet.middle_block)] if unet.middle_block is not None else []
    blocks += [(("output", i), block) for i, block in enumerate(unet.output_blocks)]
    for name, layers in blocks:
        for followed in (SpatialTransformer, ResBlock):
            if any(isinstance(layer, followed) for layer in layers):
                anchors[name] = followed
                break
    return anchors


def check_fit(unet: Any, motion: LoadedMotion) -> None:
    """Refuse a UNet of another kind, or one whose blocks differ in number or width from the motion module's.

    A motion module that animates a picture is refused without one.
    """
    format = motion.model.format
    if format.picture not in {"", *(companion.gives for companion in motion.companions)}:
        raise AnimateError(
            f"{motion.file} is {format.name}, which animates a picture, and there is none. Put "
            f"{PICTURE_NODES[format.picture]} between Load Motion Module and Animate Model."
        )
    if not isinstance(unet, UNetModel) or any(isinstance(layer, VideoResBlock) for layer in unet.modules()):
        raise AnimateError(
            f"{motion.file} animates {format.base} models; this model is a {type(unet).__name__}, which has no place "
            f"for it. Load a {format.base} checkpoint."
        )
    widths = {
        block: layer.out_channels
        for side, blocks in (("input", unet.input_blocks), ("output", unet.output_blocks))
        for block, layers in (((side, i), layers) for i, layers in enumerate(blocks))
        for layer in layers
        if isinstance(layer, ResBlock)
    }
    levels = len(unet.output_blocks) // 3
    expected = {block: width for block, width in motion.model.channels.items() if block[0] != "middle"}
    if levels != format.levels or any(widths.get(block) != width for block, width in expected.items()):
        base = {3: "SDXL", 4: "SD1.5"}.get(levels, "other")
        raise AnimateError(
            f"{motion.file} ({format.name}) is made for {format.base}, but the checkpoint is an {base} model"
            + (" of other widths" if base == format.base else "")
            + f". Load a {format.base} checkpoint, or a motion module made for {base}."
        )
