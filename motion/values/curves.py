"""Numbers over the frames of a clip, written as text: ``0: 0.0, 8: 1.0, 15: 0.2``, or one by one: ``1.0, 0.9, 0.8``."""

import bisect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LARGEST = 10.0
LINEAR = "linear"
INTERPOLATIONS: Mapping[str, Callable[[float], float]] = {
    LINEAR: lambda t: t,
    "ease_in": lambda t: t * t,
    "ease_out": lambda t: t * (2.0 - t),
    "ease_in_out": lambda t: t * t * (3.0 - 2.0 * t),
    "hold": lambda _: 0.0,
}
"""How far a value has come on its way to the next key, at a part 0 <= t < 1 of the way."""
_NUMBER = r"(?P<value>[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)"
_KEY = re.compile(rf"(?P<frame>\d{{1,9}})\s*:\s*{_NUMBER}", re.IGNORECASE)
_ENTRY = re.compile(_NUMBER, re.IGNORECASE)
_EXAMPLE = "Write frame: value pairs with commas between them, for example 0: 0.0, 8: 1.0, 15: 0.2"
_OR_LIST = f"{_EXAMPLE}, or one value for each frame, for example 1.0, 0.9, 0.8"


class CurveError(ValueError):
    """A curve cannot be read; the message shows the place and what to write."""


@dataclass(frozen=True)
class Curve:
    """Values at some frames and what lies between them; the first and the last value hold outside."""

    keys: tuple[tuple[int, float], ...]
    """(frame, value), frames rising, at least one."""
    interpolation: str = LINEAR
    """One of `INTERPOLATIONS`."""
    is_list: bool = False
    """Whether each frame was given a value of its own, so that a longer clip has more frames than values."""

    def at(self, frame: int) -> float:
        """The value at a frame."""
        right = bisect.bisect_right(self.keys, frame, key=lambda key: key[0])
        if right == 0:
            return self.keys[0][1]
        (start, low), (end, high) = self.keys[right - 1], self.keys[min(right, len(self.keys) - 1)]
        if start == end:
            return low
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


def parse_curve(text: str, interpolation: str = LINEAR) -> Curve | None:
    """Read a curve or a list; None if the text is empty.

    Raises:
        CurveError: neither pairs nor a list, a frame given twice, or a value beyond ±10.
    """
    if not text.strip():
        return None
    entry = _pair if ":" in text else _listed_value
    keys: dict[int, float] = {}
    start = 0
    for part in re.split(r"[,\n]", text):
        shown = part.strip()
        if shown:
            place = start + part.index(shown) + 1
            frame, value = entry(shown, place, len(keys))
            if frame in keys:
                raise CurveError(f"frame {frame} is given twice, again at character {place}. Keep one of them.")
            keys[frame] = value
        start += len(part) + 1
    if not keys:
        raise CurveError(f"there are only commas. {_OR_LIST}; leave it empty for the same at every frame.")
    return Curve(tuple(sorted(keys.items())), interpolation, is_list=":" not in text and len(keys) > 1)


def _pair(shown: str, place: int, _: int) -> tuple[int, float]:
    found = _KEY.fullmatch(shown)
    if found is None:
        raise CurveError(f"{shown[:40]!r} at character {place} is no frame and value. {_EXAMPLE}.")
    return int(found["frame"]), _value(found, shown, place)


def _listed_value(shown: str, place: int, number: int) -> tuple[int, float]:
    found = _ENTRY.fullmatch(shown)
    if found is None:
        raise CurveError(f"{shown[:40]!r} at character {place} is no number. {_OR_LIST}.")
    return number, _value(found, shown, place)


def _value(found: re.Match[str], shown: str, place: int) -> float:
    value = float(found["value"])
    if abs(value) > LARGEST:
        raise CurveError(f"{shown[:40]!r} at character {place}: values must lie between -10 and 10.")
    return value
