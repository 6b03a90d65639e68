"""Prompt travel: what every frame of a clip sees of the prompts before and after it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..values import INTERPOLATIONS
from .text import NO_PROMPT, Prompt, parse_prompts, read_prompt


@dataclass(frozen=True)
class Blend:
    """What one frame sees: two of the prompts by number, and the share of the second, in 0..1."""

    first: int
    second: int
    share: float


@dataclass(frozen=True)
class Travel:
    """The prompts of a clip, ready to be encoded and blended."""

    prompts: tuple[str, ...]
    """Every text that is seen, once, in the order of frames."""
    blends: tuple[Blend, ...]
    """One for each frame. Where only one text is seen, first and second are the same and the share is 0."""
    keys: tuple[int, ...]
    """The frames prompts were written for, rising; some may lie past the end."""
    warnings: tuple[str, ...]
    """Sentences about what was written and is not seen."""


def plan_travel(
    text: str,
    frames: int,
    before: str = "",
    after: str = "",
    shape: str = "linear",
    closed_loop: bool = False,
    values: Mapping[str, float | Sequence[float]] | None = None,
    negative: bool = False,
    where: str = "",
) -> Travel:
    """Read prompts and place them on a clip; the first holds before its frame, the last after its own.

    Args:
        text: see `parse_prompts`. Arithmetic in backticks knows t, the frame, and max_f, the last one.
        frames: length of the clip, at least 1.
        before: put before every prompt, with a space between.
        after: put after every prompt, with a space between.
        shape: one of `curves.INTERPOLATIONS`.
        closed_loop: instead of holding, the last prompt leads over the end to the first.
        values: further names for arithmetic, each with one number or one per frame, of which the last repeats.
        negative: place what stands behind --neg in each of the texts; a prompt without it is empty.
        where: what messages call the text if there are several.

    Raises:
        PromptError: with the place in the text, or in `before` or `after` if they have arithmetic.
        ValueError: no frame, or a shape that does not exist.
    """
    if frames < 1 or shape not in INTERPOLATIONS:
        choices = ", ".join(INTERPOLATIONS)
        raise ValueError(f"Cannot place prompts on {frames} frames in shape {shape!r}: choose one of {choices}.")
    parsed = parse_prompts(text, frames, where)
    around = read_prompt(before, where="Text before"), read_prompt(after, where="Text after")
    if negative:
        parsed = {frame: prompt.negative or NO_PROMPT for frame, prompt in parsed.items()}
        around = around[0].negative or NO_PROMPT, around[1].negative or NO_PROMPT
    keys = sorted(parsed.items())
    at = [frame for frame, _ in keys]
    warnings = _past_the_end(at, frames, closed_loop)
    texts = _Texts(*around, frames, values or {})
    if closed_loop:
        inside = keys[: bisect_left(at, frames)] or [(0, keys[0][1])]
        keys = [(inside[-1][0] - frames, inside[-1][1]), *inside, (inside[0][0] + frames, inside[0][1])]
    blends = _blends(keys, frames, INTERPOLATIONS[shape], texts)
    return Travel(tuple(texts.numbers), tuple(blends), tuple(at), tuple(warnings))


def described(travel: Travel) -> str:
    """What the frames see, a line for every run of frames that see the same; nothing if nobody wrote anything."""
    if travel.prompts == ("",):
        return ""
    runs = [
        (number, blend)
        for number, blend in enumerate(travel.blends)
        if number == 0 or blend != travel.blends[number - 1]
    ]
    ends = [start - 1 for start, _ in runs[1:]] + [len(travel.blends) - 1]
    lines = []
    for (start, blend), end in zip(runs, ends, strict=True):
        frames = str(start) if start == end else f"{start}-{end}"
        parts = [travel.prompts[blend.first]]
        if blend.share:
            parts = [f"{1 - blend.share:.0%} {parts[0]}", f"{blend.share:.0%} {travel.prompts[blend.second]}"]
        lines.append(f"{frames}: {' | '.join(parts)}")
    return "\n".join(lines)


class _Texts:
    """Numbers the distinct texts in the order they are asked for."""

    def __init__(
        self, before: Prompt, after: Prompt, frames: int, values: Mapping[str, float | Sequence[float]]
    ) -> None:
        self.numbers: dict[str, int] = {}
        self._around = before, after
        self._last = frames - 1
        self._values = values
        self._kept: dict[Prompt, int] = {}

    def number(self, prompt: Prompt, frame: int) -> int:
        """The number of the text that a prompt is at a frame."""
        if prompt in self._kept:
            return self._kept[prompt]
        pieces = self._around[0], prompt, self._around[1]
        known = {name: _one(value, frame) for name, value in self._values.items()} | {"t": frame, "max_f": self._last}
        text = " ".join(filter(None, (piece.at(known) for piece in pieces)))
        number = self.numbers.setdefault(text, len(self.numbers))
        if not any(piece.changes for piece in pieces):
            self._kept[prompt] = number
        return number


def _blends(
    keys: Sequence[tuple[int, Prompt]], frames: int, shape: Callable[[float], float], texts: _Texts
) -> list[Blend]:
    blends: list[Blend] = []
    for frame in range(frames):
        right = bisect_right(keys, frame, key=lambda key: key[0])
        (start, prompt), (end, following) = keys[max(right - 1, 0)], keys[min(right, len(keys) - 1)]
        first = second = texts.number(prompt, frame)
        share = shape((frame - start) / (end - start)) if start < frame < end else 0.0
        if share > 0:
            second = texts.number(following, frame)
        blends.append(Blend(first, second, share if first != second else 0.0))
    return blends


def _one(value: float | Sequence[float], frame: int) -> float:
    return value[min(frame, len(value) - 1)] if isinstance(value, Sequence) else value


def _past_the_end(keys: Sequence[int], frames: int, closed_loop: bool) -> list[str]:
    past = keys[bisect_left(keys, frames) :]
    if not past:
        return []
    shown = ", ".join(map(str, past[:3])) + (f" and {len(past) - 3} more" if len(past) > 3 else "")
    if closed_loop:
        seen = "The loop is closed before them"
    elif len(past) == len(keys):
        seen = f"All of it shows the prompt for frame {past[0]}"
    else:
        seen = f"It ends on the way to frame {past[0]}"
    return [f"The clip has frames 0 to {frames - 1}, and there are prompts past its end, for {shown}. {seen}."]
