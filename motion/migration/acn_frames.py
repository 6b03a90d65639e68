"""Advanced-ControlNet's strengths of single frames, as the text of a Motion Value."""

import re
from collections.abc import Iterator, Sequence

from .records import Value, is_number
from .rules import Builder, Old

MOST_FRAMES = 20_000
EASINGS = {
    "linear": lambda x: x,
    "ease-in": lambda x: x * x,
    "ease-out": lambda x: x * (2 - x),
    "ease-in-out": lambda x: x * x * (3 - 2 * x),
}
PAIR = re.compile(r"^\s*(-?\d+)(?:\s*:\s*(-?\d+))?\s*(?:=\s*(-?[\d.]+))?\s*$")


def frames_text(chain: Sequence[Old], others: Value, new: Builder) -> str | None:
    """Pairs of frame and strength that hold until the next; frames that no keyframe names have ``others``.

    Returns:
        None if a strength comes over a wire; the person is told.
    """
    found: dict[int, float] = {}
    for keyframe in chain:
        pairs = _pairs(keyframe)
        if pairs is None or not is_number(others):
            new.note(
                f"Strengths of single frames ({keyframe.node.type}) come over wires and are left out: write them into "
                "frame_values of a Motion Value at strength of Control Over Time."
            )
            return None
        for frame, strength in pairs:
            # of two for one frame the first one in the chain wins
            found.setdefault(frame, strength)
    if any(frame < 0 for frame in found):
        new.note("Strengths of frames that count from the end are left out: write their numbers into frame_values.")
        found = {frame: strength for frame, strength in found.items() if frame >= 0}
    if not found:
        return None
    return ", ".join(f"{frame}: {value:.6g}" for frame, value in _steps(found, float(others)))


def _steps(found: dict[int, float], others: float) -> Iterator[tuple[int, float]]:
    """Where the strength changes."""
    last: float | None = None
    frames = sorted({0, *found, *(frame + 1 for frame in found)})
    for frame in frames:
        value = found.get(frame, others)
        if value != last:
            yield frame, value
        last = value


def _pairs(keyframe: Old) -> list[tuple[int, float]] | None:
    kind = keyframe.node.type
    if kind == "LatentKeyframe":
        values = (keyframe.known("batch_index", 0), keyframe.known("strength", 1.0))
        return [(int(values[0]), float(values[1]))] if _are_numbers(values) else None
    if kind == "LatentKeyframeTiming":
        return _ramp(keyframe)
    if kind == "LatentKeyframeGroup":
        text = keyframe.known("index_strengths", "")
        return list(_group(text)) if isinstance(text, str) else None
    return None


def _ramp(keyframe: Old) -> list[tuple[int, float]] | None:
    numbers = [
        keyframe.known(name, default)
        for name, default in (
            ("batch_index_from", 0),
            ("batch_index_to_excl", 0),
            ("strength_from", 1.0),
            ("strength_to", 1.0),
        )
    ]
    ease = EASINGS.get(str(keyframe.get("interpolation", "linear")).replace("_", "-"))
    if not _are_numbers(numbers) or ease is None:
        return None
    first, end, low, high = int(numbers[0]), int(numbers[1]), float(numbers[2]), float(numbers[3])
    count = end - first
    if not 0 < count <= MOST_FRAMES:
        return []
    steps = max(count - 1, 1)
    return [(first + step, low + (high - low) * ease(step / steps)) for step in range(count)]


def _group(text: str) -> Iterator[tuple[int, float]]:
    """``0:4=0.5, 7=1``: ranges without their end, 1 where no strength is given."""
    for part in text.split(","):
        match = PAIR.match(part)
        if match is None:
            continue
        first, end, strength = match.groups()
        frames = range(int(first), min(int(end), int(first) + MOST_FRAMES)) if end else (int(first),)
        for frame in frames:
            yield frame, float(strength) if strength else 1.0


def _are_numbers(values: Sequence[Value]) -> bool:
    return all(is_number(value) for value in values)
