"""Merge Frames, Crossfade Frames: several batches as one."""

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ...motion.batches import CURVES, SIZES, Frames, as_frames, plan_joining
from ..host.batches import CROPS, METHODS, make_sure_of_room, resizer
from ..inputs import frames_input
from .sockets import batch_input, batch_output, count_output


def _size_inputs() -> list[io.Input]:
    return [
        io.Combo.Input(
            "size",
            options=list(SIZES),
            default=SIZES[0],
            optional=True,
            tooltip="Whose width and height all get, if they differ; smaller and larger go by the number of pixels.",
        ),
        io.Combo.Input(
            "method",
            options=list(METHODS),
            default=METHODS[0],
            optional=True,
            advanced=True,
            tooltip="How the others are resized, as in ComfyUI's own nodes.",
        ),
        io.Combo.Input(
            "crop",
            options=list(CROPS),
            default=CROPS[0],
            optional=True,
            advanced=True,
            tooltip="center cuts off what sticks out, disabled stretches.",
        ),
    ]


class MergeFrames(io.ComfyNode):
    """Batches one behind the other."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaMergeFrames",
            display_name="Merge Frames",
            category="Kinema/batches",
            description="Puts up to four batches of images, masks or latents one behind the other, in one size.",
            search_aliases=[
                *("vhs merge images", "vhs merge latents", "vhs merge masks", "merge images", "image batch"),
                *("batch images", "latent batch", "join clips", "concatenate frames", "append frames"),
            ],
            inputs=[
                batch_input("Images, masks or a latent, which come first.", "first"),
                batch_input("What comes behind them, of the same type.", "second"),
                batch_input("What comes next.", "third", optional=True),
                batch_input("What comes last.", "fourth", optional=True),
                *_size_inputs(),
            ],
            outputs=[batch_output("All frames."), count_output("How many there are.")],
        )

    @classmethod
    def execute(
        cls,
        first: Any,
        second: Any,
        third: Any = None,
        fourth: Any = None,
        size: str = SIZES[0],
        method: str = METHODS[0],
        crop: str = CROPS[0],
    ) -> io.NodeOutput:
        """Join them in one allocation."""
        given = {"first": first, "second": second, "third": third, "fourth": fourth}
        named = {name: as_frames(value, name) for name, value in given.items() if value is not None}
        return _joined(named, size, method, crop)


class CrossfadeFrames(io.ComfyNode):
    """One clip fades into another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCrossfadeFrames",
            display_name="Crossfade Frames",
            category="Kinema/batches",
            description="Lets the end of a clip fade into the beginning of another: images, masks or latents.",
            search_aliases=[
                *("cross fade images", "crossfade", "transition", "dissolve", "blend clips", "fade", "seamless loop"),
            ],
            inputs=[
                batch_input("The clip that ends: images, masks or a latent.", "first"),
                batch_input("The clip that begins, of the same type.", "second"),
                frames_input("Frames that both clips share. The result is shorter by so many.", "overlap", default=4),
                io.Combo.Input(
                    "curve",
                    options=list(CURVES),
                    default=CURVES[0],
                    optional=True,
                    tooltip="linear fades evenly, smooth begins and ends slowly.",
                ),
                *_size_inputs(),
            ],
            outputs=[batch_output("Both clips."), count_output("How many frames there are.")],
        )

    @classmethod
    def execute(
        cls,
        first: Any,
        second: Any,
        overlap: int = 4,
        curve: str = CURVES[0],
        size: str = SIZES[0],
        method: str = METHODS[0],
        crop: str = CROPS[0],
    ) -> io.NodeOutput:
        """Blend the frames they share."""
        named = {"first": as_frames(first, "first"), "second": as_frames(second, "second")}
        return _joined(named, size, method, crop, overlap, curve)


def _joined(
    named: Mapping[str, Frames], size: str, method: str, crop: str, overlap: int = 0, curve: str = CURVES[0]
) -> io.NodeOutput:
    joining = plan_joining(named, size, overlap)
    device = next(iter(named.values())).pixels.device
    make_sure_of_room(joining.count, joining.needed_bytes, device)
    return io.NodeOutput(joining.joined(resizer(method, crop), curve).value, joining.count)
