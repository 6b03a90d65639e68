"""Curves over the frames of a clip, written as text: ``0: 0.0, 8: 1.0, 15: 0.2``."""

import bisect
import re
from dataclasses import dataclass

LARGEST = 10.0
_KEY = re.compile(r"\s*(?P<frame>\d{1,9})\s*:\s*(?P<value>[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)\s*", re.IGNORECASE)
_EXAMPLE = "Write frame: strength pairs with commas between them, for example 0: 0.0, 8: 1.0, 15: 0.2"


class CurveError(ValueError):
    """A curve cannot be read; the message shows the place and what to write."""


@dataclass(frozen=True)
class Curve:
    """Values at some frames; linear between them, the first and the last value hold outside."""

    keys: tuple[tuple[int, float], ...]
    """(frame, value), frames rising, at least one."""

    def at(self, frame: int) -> float:
        """The value at a frame."""
        right = bisect.bisect_right(self.keys, frame, key=lambda key: key[0])
        if right == 0:
            return self.keys[0][1]
        (start, low), (end, high) = self.keys[right - 1], self.keys[min(right, len(self.keys) - 1)]
        return low if start == end else low + (high - low) * (frame - start) / (end - start)


def parse_curve(text: str) -> Curve | None:
    """Read a curve; None if the text is empty.

    Raises:
        CurveError: something else than pairs, a frame given twice, or a value beyond ±10.
    """
    if not text.strip():
        return None
    keys: dict[int, float] = {}
    start = 0
    for part in re.split(r"[,\n]", text):
        if part.strip():
            frame, value = _pair(part, start)
            if frame in keys:
                raise CurveError(f"frame {frame} is given twice, again at character {start + 1}. Keep one of them.")
            keys[frame] = value
        start += len(part) + 1
    if not keys:
        raise CurveError(f"there are only commas. {_EXAMPLE}, or leave it empty for a constant strength.")
    return Curve(tuple(sorted(keys.items())))


def _pair(part: str, start: int) -> tuple[int, float]:
    found = _KEY.fullmatch(part)
    shown = part.strip()
    place = start + part.index(shown) + 1
    if found is None:
        raise CurveError(f"{shown[:40]!r} at character {place} is no frame and strength. {_EXAMPLE}.")
    value = float(found["value"])
    if abs(value) > LARGEST:
        raise CurveError(f"{shown[:40]!r} at character {place}: the strength must lie between -10 and 10.")
    return int(found["frame"]), value
