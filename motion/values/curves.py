"""Numbers over the frames of a clip, written as text: ``0: 0.0, 8: 1.0, 15: 0.2``, or one by one: ``1.0, 0.9, 0.8``.

Also as Deforum and FizzNodes write them: ``0: (0.95), 10: (0.5 + 0.1 * sin(t / 5)), "max_f/2": (1)``. From a key whose
value is arithmetic with t on, the value is computed for every frame up to the next key; between plain numbers it is
interpolated.
"""

import bisect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .expressions import Expression, ExpressionError, parse_expression
from .keyboards import plain, read_number

LARGEST = 10.0
LONGEST = 1 << 16
"""Characters of a curve; more than that is no text a person pastes."""
TRIED = 64
"""Frames behind a key for which its arithmetic is tried at once, so that most errors come before a run."""
LINEAR = "linear"
INTERPOLATIONS: Mapping[str, Callable[[float], float]] = {
    LINEAR: lambda t: t,
    "ease_in": lambda t: t * t,
    "ease_out": lambda t: t * (2.0 - t),
    "ease_in_out": lambda t: t * t * (3.0 - 2.0 * t),
    "hold": lambda _: 0.0,
}
"""How far a value has come on its way to the next key, at a part 0 <= t < 1 of the way."""
_IN_PARENTHESES = re.compile(r"\(\s*+([^\s()]++)\s*+\)")
_FRAME = re.compile(r"\d{1,9}")
_KEYED = re.compile(r"(?<![<>=!])[:=](?!=)")
_MARKS = re.compile(r"[(),;\n\r]")
_ARITHMETIC = re.compile(r"\b(?:t|pi|max_f)\b|[()]|\w\s*+[-+*/<>]")
"""What arithmetic has and a slip of the pen has not."""
_EXAMPLE = "Write frame: value pairs with commas between them, for example 0: 0.0, 8: 1.0, 15: 0.2"
_OR_LIST = f"{_EXAMPLE}, or one value for each frame, for example 1.0, 0.9, 0.8"


class CurveError(ValueError):
    """A curve cannot be read; the message shows the place and what to write."""


@dataclass(frozen=True)
class Curve:
    """Values at some frames and what lies between them; the first and the last value hold outside."""

    keys: tuple[tuple[int, float | Expression], ...]
    """(frame, value), frames rising, at least one. An expression is computed for each frame up to the next key."""
    interpolation: str = LINEAR
    """One of `INTERPOLATIONS`."""
    is_list: bool = False
    """Whether each frame was given a value of its own, so that a longer clip has more frames than values."""
    last: int | None = None
    """The last frame of the clip, which expressions call max_f."""

    def at(self, frame: int) -> float:
        """The value at a frame.

        Raises:
            CurveError: an expression has no value there, or one beyond ±10.
        """
        right = bisect.bisect_right(self.keys, frame, key=lambda key: key[0])
        (start, low), (end, high) = self.keys[max(right - 1, 0)], self.keys[min(right, len(self.keys) - 1)]
        if isinstance(low, Expression):
            return _computed(low, max(frame, start), self.last)
        if right == 0 or start == end:
            return low
        high = _computed(high, end, self.last) if isinstance(high, Expression) else high
        return low + (high - low) * INTERPOLATIONS[self.interpolation]((frame - start) / (end - start))


def listed(values: Iterable[float]) -> Curve:
    """A curve of one value for each frame.

    Raises:
        CurveError: no values, or one that is not finite or beyond ±10.
    """
    keys = tuple((frame, float(value)) for frame, value in enumerate(values))
    if not keys:
        raise CurveError("the list has no values. Give it at least one.")
    for frame, value in keys:
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise CurveError(f"value {frame} of the list is {value}; values must lie between -10 and 10.")
    return Curve(keys, is_list=len(keys) > 1)


def parse_curve(text: str, interpolation: str = LINEAR, frames: int | None = None) -> Curve | None:
    """Read a curve or a list; None if the text is empty.

    Args:
        frames: length of the clip if it is known, for max_f, its last frame.

    Raises:
        CurveError: neither pairs nor a list, a frame given twice, or a value beyond ±10.
    """
    if len(text) > LONGEST:
        raise CurveError(f"the text has {len(text)} characters; a curve may have {LONGEST}. Write fewer keys.")
    text = plain(text).strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    if not text.strip():
        return None
    last = None if frames is None else frames - 1
    keyed = _KEYED.search(text) is not None
    keys: dict[int, float | Expression] = {}
    for shown, place in _parts(text):
        frame, written = _pair(shown, place, last) if keyed else (len(keys), shown)
        if frame in keys:
            raise CurveError(f"frame {frame} is given twice, again at character {place}. Keep one of them.")
        keys[frame] = _value(written, shown, place, keyed)
    if not keys:
        raise CurveError(f"there are only commas. {_OR_LIST}; leave it empty for the same at every frame.")
    is_list = not keyed and len(keys) > 1
    curve = Curve(tuple(sorted(keys.items())), interpolation, is_list, last)
    if is_list:
        return Curve(tuple((frame, curve.at(frame)) for frame in keys), interpolation, is_list)
    _try(curve)
    return curve


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """What stands between separators outside parentheses, and the number of its first character."""
    start = depth = 0
    for mark in _MARKS.finditer(text):
        if mark[0] in "()":
            depth = max(0, depth + (1 if mark[0] == "(" else -1))
        elif depth == 0:
            yield from _part(text, start, mark.start())
            start = mark.end()
    yield from _part(text, start, len(text))


def _part(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    part = text[start:end]
    shown = part.strip()
    if shown:
        yield shown, start + len(part) - len(part.lstrip()) + 1


def _pair(shown: str, place: int, last: int | None) -> tuple[int, str]:
    sign = _KEYED.search(shown)
    written = shown[: sign.start()].strip() if sign else ""
    value = shown[sign.end() :].strip() if sign else ""
    frame = _frame(_unquoted(written), shown, place, last) if written and value else None
    if frame is None:
        raise CurveError(f"{shown[:40]!r} at character {place} is no frame and value. {_EXAMPLE}.")
    return frame, _unquoted(value)


def _frame(written: str, shown: str, place: int, last: int | None) -> int | None:
    """The frame of a key; what is computed is cut to a whole number, as FizzNodes does."""
    if _FRAME.fullmatch(written):
        return int(written)
    if "max_f" not in written:
        return None
    if last is None:
        raise CurveError(
            f"{shown[:40]!r} at character {place}: max_f, the last frame of the clip, is not known here. Set frames, "
            "or write the number of the frame."
        )
    try:
        frame = int(parse_expression(written).value({"max_f": last}))
    except ExpressionError as error:
        raise CurveError(f"{shown[:40]!r} at character {place}: {error}.") from error
    return frame if frame >= 0 else None


def _value(written: str, shown: str, place: int, keyed: bool) -> float | Expression:
    value = read_number(written)
    if value is None and (inner := _IN_PARENTHESES.fullmatch(written)) is not None:
        value = read_number(inner[1])
    if value is not None:
        if abs(value) > LARGEST:
            raise CurveError(f"{shown[:40]!r} at character {place}: values must lie between -10 and 10.")
        return value
    if not _ARITHMETIC.search(written):
        what = "no frame and value" if keyed else "no number"
        raise CurveError(f"{shown[:40]!r} at character {place} is {what}. {_EXAMPLE if keyed else _OR_LIST}.")
    try:
        return parse_expression(written)
    except ExpressionError as error:
        raise CurveError(f"{shown[:40]!r} at character {place}: {error}. {_EXAMPLE}.") from error


def _unquoted(written: str) -> str:
    if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'":
        return written[1:-1].strip()
    return written


def _try(curve: Curve) -> None:
    """Compute expressions where they are first needed.

    Raises:
        CurveError: see `Curve.at`.
    """
    ends = [frame for frame, _ in curve.keys[1:]] + [curve.keys[-1][0] + TRIED]
    left = TRIED * TRIED
    for (frame, value), end in zip(curve.keys, ends, strict=True):
        if isinstance(value, Expression):
            for tried in range(frame, min(end, frame + TRIED, frame + left)):
                curve.at(tried)
                left -= 1


def _computed(expression: Expression, frame: int, last: int | None) -> float:
    known = {"t": frame} if last is None else {"t": frame, "max_f": last}
    try:
        value = expression.value(known)
    except ExpressionError as error:
        raise CurveError(f"{error} (at frame {frame}).") from error
    if abs(value) > LARGEST:
        raise CurveError(f"`{expression.text}` is {value:g} at frame {frame}; values must lie between -10 and 10.")
    return value
