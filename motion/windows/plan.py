"""Sliding context windows: which frames a motion module sees together at one step, and how windows are blended.

A motion module was trained on 16 or so frames. A longer clip is denoised in overlapping windows of that length, and
where windows overlap, the predictions are averaged. The uniform schedules move the windows from step to step,
so that no place of the clip stays a seam.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

SCHEDULES = ("standard_static", "standard_uniform", "looped_uniform", "looped_static", "batched")
FUSES = ("pyramid", "flat", "relative", "overlap-linear")
_FAINT = 1e-37
"""Where a ramp starts: nothing against a neighbour, yet a weight where there is no neighbour."""


class WindowError(ValueError):
    """Windows cannot be planned; the message says which option to change."""


@dataclass(frozen=True)
class WindowOptions:
    """How a clip is cut into windows.

    Raises:
        WindowError: options that leave no window, or windows that never move on.
    """

    schedule: str = "standard_static"
    """standard_static: the same at every step. standard_uniform: moving. looped_uniform: moving over the end
    into the beginning. looped_static: over the end into the beginning, the same at every step, as Animate Anyone has
    it. batched: side by side without overlap."""
    length: int = 16
    """Frames in a window."""
    overlap: int = 4
    """Frames shared by neighbours; batched has none."""
    stride: int = 1
    """The uniform schedules add windows of every 2nd, 4th, ... frame, as many doublings as fit, fewer than this."""
    closed_loop: bool = False
    """Looped schedules only: the last frame leads into the first; with looped_uniform in clips of any length."""
    fuse: str = "pyramid"
    """What a position in a window weighs, see `weights`."""
    use_on_equal_length: bool = False
    """Whether a clip of exactly one window is planned too. Makes a difference to looped_uniform, which turns it."""

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise WindowError(f"There is no window schedule {self.schedule!r}. Choose one of {', '.join(SCHEDULES)}.")
        if self.fuse not in FUSES:
            raise WindowError(f"There is no fuse method {self.fuse!r}. Choose one of {', '.join(FUSES)}.")
        if self.length < 1:
            raise WindowError(f"A window of {self.length} frames holds nothing. Set the context length to 16.")
        if not 0 <= self.overlap < self.length:
            raise WindowError(
                f"Windows of {self.length} frames cannot overlap by {self.overlap}: they would never move on. "
                f"Set the overlap between 0 and {self.length - 1}; a quarter of the length is usual."
            )
        if self.stride < 1:
            raise WindowError(f"A stride of {self.stride} takes no frame. Set it to 1, or higher for more windows.")

    @property
    def moves(self) -> bool:
        """Whether windows differ from step to step."""
        return self.schedule.endswith("uniform")

    @property
    def loops(self) -> bool:
        """Whether the end of the clip has to lead into its beginning."""
        return self.closed_loop and self.schedule == "looped_uniform"


@dataclass(frozen=True)
class Window:
    """Frames that are denoised together, and what their predictions weigh."""

    frames: tuple[int, ...]
    """Numbers in the clip, in the order the motion module sees them; none twice."""
    weights: tuple[float, ...]
    """One for each of the frames, all positive. The weights of a frame add up to 1 over all windows of a plan."""


def is_needed(frames: int, options: WindowOptions) -> bool:
    """Whether a clip is to be cut at all: it is longer than a window, or a loop has to be closed."""
    return frames > options.length or options.loops or (frames == options.length and options.use_on_equal_length)


def plan_windows(frames: int, step: int, options: WindowOptions) -> list[Window]:
    """The windows of one sampling step; together they hold every frame, and the same call gives the same plan.

    Fused, a frame is the sum of weight times prediction over the windows that hold it, in whatever order.

    Args:
        frames: length of the clip.
        step: number of the sampling step, from 0.

    Raises:
        WindowError: there is no frame, or one frame shall be a loop.
    """
    if frames < 1:
        raise WindowError(f"A clip of {frames} frames has nothing to plan. Give it at least one frame.")
    if step < 0:
        raise WindowError(f"There is no sampling step {step}. Count the steps from 0.")
    if options.loops and frames == 1:
        raise WindowError("One frame cannot be a loop. Make the clip longer or switch the closed loop off.")
    if not is_needed(frames, options):
        return [Window(tuple(range(frames)), (1.0,) * frames)]
    length = min(options.length, frames)
    # a clip shorter than a window keeps the share of overlap: a short loop takes no more windows than a full one
    overlap = max(options.overlap * length // options.length, min(options.overlap, 1))
    planned = list(dict.fromkeys(_PLANNERS[options.schedule](frames, length, overlap, step, options)))
    return _shared(frames, [(window, _weights_of(window, frames, overlap, options)) for window in planned])


def halving(step: int) -> float:
    """0, 1/2, 1/4, 3/4, 1/8, 5/8, ...: the step's binary digits mirrored behind the point (van der Corput)."""
    return int(f"{step:b}"[::-1], 2) / (1 << step.bit_length())


@lru_cache(maxsize=64)
def weights(fuse: str, length: int, overlap: int, at_start: bool = True, at_end: bool = True) -> tuple[float, ...]:
    """What each position i of a window weighs, before the windows that share a frame are weighed against each other.

    - flat: 1
    - pyramid (FreeNoise, arXiv 2310.15169): 1, 2, ..., ⌈length / 2⌉, ..., 2, 1; an even length has its peak twice
    - relative: max(0.01, 1 - |i - m| / (m + 0.005)), m = (length - 1) / 2. A running mean that takes a window with
      this bias is the weighted mean Σ bias x / Σ bias, whatever the order.
    - overlap-linear: 1, rising linearly from next to nothing over the overlap with the window before, falling
      likewise over that with the next. Where two ramps meet, the lower counts.

    Args:
        at_start: the window begins with the clip, so nothing is before it. Read by overlap-linear.
        at_end: likewise at the end.
    """
    match fuse:
        case "flat":
            return (1.0,) * length
        case "pyramid":
            return tuple(float(min(i, length - 1 - i) + 1) for i in range(length))
        case "relative":
            middle = (length - 1) / 2
            return tuple(max(0.01, 1.0 - abs(i - middle) / (middle + 0.005)) for i in range(length))
    ramp = [max(_FAINT, i / max(overlap - 1, 1)) for i in range(overlap)]
    rising = [1.0] * length if at_start else ramp + [1.0] * (length - overlap)
    falling = [1.0] * length if at_end else [1.0] * (length - overlap) + ramp[::-1]
    return tuple(map(min, rising, falling))


def _weights_of(window: Sequence[int], frames: int, overlap: int, options: WindowOptions) -> tuple[float, ...]:
    ends = not options.schedule.startswith("looped")  # a loop has none: every window has a neighbour on both sides
    return weights(options.fuse, len(window), overlap, ends and min(window) == 0, ends and max(window) == frames - 1)


def _shared(frames: int, planned: list[tuple[tuple[int, ...], tuple[float, ...]]]) -> list[Window]:
    """Divide every weight by the sum at its frame."""
    total = [0.0] * frames
    for window, its in planned:
        for frame, weight in zip(window, its, strict=True):
            total[frame] += weight
    return [
        Window(window, tuple(weight / total[frame] for frame, weight in zip(window, its, strict=True)))
        for window, its in planned
    ]


def _static(frames: int, length: int, overlap: int, _step: int, _options: WindowOptions) -> list[tuple[int, ...]]:
    """Starts 0, d, 2 d, ... with d = length - overlap; the last one is moved back to end with the clip."""
    starts = [*range(0, frames - length, length - overlap), frames - length]
    return [tuple(range(start, start + length)) for start in starts]


def _batched(frames: int, length: int, _overlap: int, _step: int, _options: WindowOptions) -> list[tuple[int, ...]]:
    """Starts 0, length, 2 length, ...; the last one is as long as what is left."""
    return [tuple(range(start, min(start + length, frames))) for start in range(0, frames, length)]


def _looped_static(frames: int, length: int, overlap: int, _step: int, options: WindowOptions) -> list[tuple[int, ...]]:
    """Starts 0, d, 2 d, ... with d = length - overlap, before the end of the clip; what is beyond it is its beginning.

    The temporal aggregation of Animate Anyone's open releases: they count every step as the first, so that windows
    stay where they are.
    """
    end = frames if options.closed_loop else frames - overlap
    starts = range(0, end, length - overlap)
    return [tuple(frame % frames for frame in range(start, start + length)) for start in starts]


def _looped(frames: int, length: int, overlap: int, step: int, options: WindowOptions) -> list[tuple[int, ...]]:
    """Runs around the clip; a stride k is used while going round by k meets enough different frames."""
    runs = _runs(frames, length, overlap, step, options)
    return [tuple(frame % frames for frame in run) for run in runs if frames // gcd(frames, run.step) >= length]


def _uniform(frames: int, length: int, overlap: int, step: int, options: WindowOptions) -> list[tuple[int, ...]]:
    """As looped, but a run over the end is moved back to end with the clip.

    What it loses at the beginning is given to a window that starts there, unless the next run holds it.
    """
    runs = [run for run in _runs(frames, length, overlap, step, options) if run.step * (length - 1) < frames]
    windows: list[range] = []
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        if run[-1] < frames:
            windows.append(run)
            continue
        windows.append(range(frames - 1 - run.step * (length - 1), frames, run.step))
        restart = next(frame for frame in run if frame >= frames) - frames
        after = windows[0] if following is None else following
        if restart not in after and restart + frames not in after:
            windows.append(range(restart, restart + length))
    missing = set(range(frames)).difference(*windows)  # strided runs can take a frame for held that none holds
    while missing:
        start = min(*missing, frames - length)
        windows.append(range(start, start + length))
        missing.difference_update(windows[-1])
    return [tuple(window) for window in windows]


def _runs(frames: int, length: int, overlap: int, step: int, options: WindowOptions) -> list[range]:
    """Windows around the clip: starts in 0..frames-1, frame numbers beyond the end meaning the beginning again.

    For k = 1, 2, 4, ...: starts from shift + ⌊h k⌋ to shift + frames - overlap (or + frames in a closed loop) in
    steps of length k - overlap, where h = halving(step) and shift = round(frames h).
    There are as many k as the stride, at most ⌈log2(frames / length)⌉ + 1.
    """
    shift = round(frames * halving(step))
    end = frames + shift - (0 if options.loops else overlap)
    doublings = (-(-frames // length) - 1).bit_length() + 1
    runs: list[range] = []
    for k in (1 << doubling for doubling in range(min(options.stride, doublings))):
        first = int(halving(step) * k) + shift
        starts = (start % frames for start in range(first, end, length * k - overlap))
        runs.extend(range(start, start + length * k, k) for start in starts)
    return runs


_Planner = Callable[[int, int, int, int, WindowOptions], list[tuple[int, ...]]]
_PLANNERS: dict[str, _Planner] = {
    "standard_static": _static,
    "standard_uniform": _uniform,
    "looped_uniform": _looped,
    "looped_static": _looped_static,
    "batched": _batched,
}
