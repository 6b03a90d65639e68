"""How far the camera moves from frame to frame, as nodes ask for it."""

from comfy_api.latest import io

FARTHEST = 512.0
USUAL = 12.0


def move_inputs(more: str = "") -> list[io.Float.Input]:
    """The inputs dx and dy; ``more`` is said of both."""
    kind = {"default": USUAL, "min": -FARTHEST, "max": FARTHEST, "step": 0.5, "optional": True}
    right = "How far the camera moves to the right from frame to frame, so that the picture moves to the left; in "
    down = "How far the camera moves down from frame to frame, so that the picture moves up; in "
    size = f"pixels of a picture that is 512 wide. 12 is usual, 0 is still.{more}"
    return [
        io.Float.Input("dx", tooltip=right + size, **kind),
        io.Float.Input("dy", tooltip=down + size, **kind),
    ]
