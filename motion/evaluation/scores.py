"""What is measured of a clip, and what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

HIGHER, LOWER, NEITHER = "higher", "lower", ""
"""Which values are better; of some neither is."""


@dataclass(frozen=True)
class Metric:
    """Something that can be measured."""

    key: str
    title: str
    better: str
    unit: str
    told: str
    """What it is, for a person."""


METRICS: Mapping[str, Metric] = {
    key: Metric(key, title, better, unit, told)
    for key, title, better, unit, told in (
        ("clip_text", "text alignment", HIGHER, "", "100 x cosine of frame and prompt in CLIP"),
        ("clip_domain", "domain similarity", HIGHER, "", "100 x cosine of frame and reference pictures"),
        ("clip_smoothness", "frame smoothness", HIGHER, "", "100 x cosine of frame and next frame"),
        ("psnr", "PSNR", HIGHER, "dB", "against the ground truth"),
        ("ssim", "SSIM", HIGHER, "", "against the ground truth"),
        ("lpips", "LPIPS", LOWER, "", "against the ground truth"),
        ("fvd", "FVD", LOWER, "", "windows of the clip against those of the ground truth"),
        ("flicker", "temporal flicker", LOWER, "%", "of full brightness, up and down"),
        ("warping", "warping error", LOWER, "x 1000", "square difference along the motion"),
        ("motion", "motion magnitude", NEITHER, "pixels", "from frame to frame"),
        ("shake", "camera shake", LOWER, "pixels", "to and fro of the whole picture"),
        ("frozen", "frozen frames", LOWER, "%", "that repeat the frame before"),
        ("direction", "motion direction", HIGHER, "", "100 as the camera path has it, -100 against it"),
        ("loop", "loop closure", HIGHER, "", "100 if the end leads into the beginning like any other step"),
    )
}
"""All of them, in the order of a report."""


@dataclass(frozen=True)
class Score:
    """A value of one metric."""

    metric: Metric
    value: float
    curve: tuple[float, ...] = ()
    """The same frame by frame, if it has parts."""
    first: int = 0
    """The frame that the curve begins with."""
    note: str = ""
    """What to keep in mind with it."""


def scored(key: str, parts: Tensor, first: int = 0, note: str = "") -> Score:
    """The mean of a value over frames.

    Args:
        parts: (frames or steps,).
        first: the frame of the first part.
    """
    return Score(METRICS[key], float(parts.double().mean()), tuple(parts.tolist()), first, note)


@dataclass(frozen=True)
class Result:
    """What is known of a clip; the record that travels between nodes."""

    name: str
    """What the person calls the clip."""
    frames: int
    width: int
    height: int
    scores: tuple[Score, ...]
    unmeasured: tuple[str, ...] = ()
    """What was left out, and what it would take; a sentence each."""

    def score(self, key: str) -> Score | None:
        """The score of a metric, None if it was not measured."""
        return next((score for score in self.scores if score.metric.key == key), None)

    def record(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        values = {score.metric.key: score.value for score in self.scores}
        curves = {score.metric.key: list(score.curve) for score in self.scores if score.curve}
        size = {"frames": self.frames, "width": self.width, "height": self.height}
        return {"name": self.name, **size, "values": values, "curves": curves}


def ordered(scores: Sequence[Score]) -> tuple[Score, ...]:
    """In the order of `METRICS`."""
    places = list(METRICS)
    return tuple(sorted(scores, key=lambda score: places.index(score.metric.key)))
