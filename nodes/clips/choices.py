"""The inputs of every node that brings clips in: which frames of them are learnt, and in which size."""

from comfy_api.latest import io

from ...motion.clips import EMPTY, MISSING, SHORT, SLOWER, Choosing
from ..inputs import FRAMES, frames_input, side_input

STRIDE, SIDE = 4, 256
"""As AnimateDiff was trained (arXiv 2307.04725)."""
LEAST_SIDE = 64
MOST = 10_000
LARGEST_SEED = 0xFFFFFFFFFFFFFFFF


def caption_input() -> io.Combo.Input:
    """What to do without."""
    return io.Combo.Input(
        "missing_captions",
        options=list(MISSING),
        default=EMPTY,
        optional=True,
        tooltip="What a clip without a caption gets: none; the words in its name; or an error that lists such clips.",
    )


def choosing_inputs() -> list[io.Input]:
    """Frames, size and chance. New ones go last, because saved graphs count them."""
    return [
        frames_input("Frames of what is learnt. 1 takes single frames, for a domain adapter.", most=MOST),
        _count("stride", "Frames of the clip from one to the next. 4 at 30 a second is a clip at 7.5.", STRIDE),
        side_input("width", "Pixels. Frames are resized to cover it; what sticks out is cut off.", SIDE, LEAST_SIDE),
        side_input("height", "Pixels.", SIDE, LEAST_SIDE),
        _count("views", "How many parts of each clip are learnt, each from a random start.", 1, advanced=True),
        io.Boolean.Input(
            "flip",
            default=True,
            optional=True,
            tooltip="Learns every part mirrored, too. Not where left and right matter, such as moves of a camera.",
        ),
        io.Combo.Input(
            "short_clips",
            options=list(SHORT),
            default=SLOWER,
            optional=True,
            advanced=True,
            tooltip="Clips with too few frames: slower takes them closer together or several times, skip leaves such "
            "clips out.",
        ),
        frames_input(
            "Leaves out so many frames at the start of each clip.", "skip_frames", 0, 0, MOST * 100, advanced=True
        ),
        frames_input(
            "Takes so many frames from there on. 0 takes all.", "only_frames", 0, 0, MOST * 100, advanced=True
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=LARGEST_SEED,
            control_after_generate=False,
            optional=True,
            advanced=True,
            tooltip="Chooses where parts start. Another one prepares other parts.",
        ),
    ]


def _count(name: str, tooltip: str, default: int, advanced: bool = False) -> io.Int.Input:
    return io.Int.Input(name, default=default, min=1, max=MOST, optional=True, advanced=advanced, tooltip=tooltip)


def as_choosing(
    frames: int = FRAMES,
    stride: int = STRIDE,
    views: int = 1,
    flip: bool = True,
    short_clips: str = SLOWER,
    skip_frames: int = 0,
    only_frames: int = 0,
    seed: int = 0,
) -> Choosing:
    """What these inputs say, but for the size."""
    return Choosing(frames, stride, views, flip, short_clips, skip_frames, only_frames, seed)
