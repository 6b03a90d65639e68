"""What is counted alike in every node: frames, frame rates and sides of pictures."""

from comfy_api.latest import io

from ...motion.pose import LARGEST_SIDE, MAX_FRAMES

FRAMES, FRAME_RATE = 16, 8.0
"""What motion modules are trained on, and so the usual length and rate of a clip (AnimateDiff, arXiv 2307.04725)."""
FILMED = 24.0
"""Frames per second of most videos that poses are detected in."""
MOST_FRAMES = MAX_FRAMES
LEAST_FRAME_RATE, MOST_FRAME_RATE = 0.01, 1000.0
LATENT_PIXELS = 8
"""Sides of new pictures are multiples of it, because one place of a latent is so wide."""


def frames_input(
    tooltip: str, name: str = "frames", default: int = FRAMES, least: int = 1, most: int = MOST_FRAMES, **kind: bool
) -> io.Int.Input:
    """A number of frames."""
    return io.Int.Input(name, default=default, min=least, max=most, tooltip=tooltip, optional=True, **kind)


def frame_rate_input(
    tooltip: str, name: str = "frame_rate", default: float = FRAME_RATE, least: float = LEAST_FRAME_RATE
) -> io.Float.Input:
    """Frames per second."""
    return io.Float.Input(
        name, default=default, min=least, max=MOST_FRAME_RATE, step=0.01, tooltip=tooltip, optional=True
    )


def side_input(name: str, tooltip: str, default: int = 0, least: int = 0, step: int = LATENT_PIXELS) -> io.Int.Input:
    """The width or height of pictures; ``step`` is 1 for those that exist already."""
    return io.Int.Input(name, default=default, min=least, max=LARGEST_SIDE, step=step, tooltip=tooltip, optional=True)
