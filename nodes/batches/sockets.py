"""Sockets of any kind of frames, and what becomes of them."""

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ...motion.batches import Frames, as_frames, copied_bytes, taken
from ..host.batches import make_sure_of_room

ANY = io.MatchType.Template("frames", allowed_types=[io.Image, io.Mask, io.Latent])
"""Whatever is connected: all sockets of a node are of the same type then."""
FRAMES = "Images, masks or a latent"


def batch_input(tooltip: str, name: str = "batch", optional: bool = False) -> io.MatchType.Input:
    """Frames."""
    return io.MatchType.Input(name, ANY, tooltip=tooltip, optional=optional)


def batch_output(tooltip: str, name: str = "batch") -> io.MatchType.Output:
    """Frames of the type that is connected."""
    return io.MatchType.Output(ANY, name, display_name=name, tooltip=tooltip)


def count_output(tooltip: str, name: str = "frames", id: str = "count") -> io.Int.Output:
    """How many frames there are."""
    return io.Int.Output(id, display_name=name, tooltip=tooltip)


def take(frames: Frames, indices: Sequence[int], again: bool = False) -> Any:
    """These frames, for the wire.

    Raises:
        BatchError: they do not fit into memory.
    """
    make_sure_of_room(len(indices), copied_bytes(frames, indices), frames.pixels.device)
    return taken(frames, indices, again).value


def output_of(batch: Any, plan: Any, again: bool = False) -> io.NodeOutput:
    """The frames that ``plan`` lists for a number of frames, and how many there are."""
    frames = as_frames(batch)
    indices = plan(frames.count)
    return io.NodeOutput(take(frames, indices, again), len(indices))
