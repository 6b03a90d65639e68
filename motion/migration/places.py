"""Where new nodes stand in a graph: in the place of old ones, or in the nearest free room around them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .loaders import LOADERS
from .records import is_number
from .targets import Target

TITLE, SOCKET, ROW, TEXT, END = 30, 20, 24, 90, 16
"""Heights of a node's parts in pixels."""
WIDTH = 300
GAP = 20
"""Between a new node and its neighbours, in pixels."""
STEP, REACH = 80, 12
"""How finely room is looked for, in pixels, and how many steps away."""
CELL = 400
LARGEST = 40 * CELL


def pair(value: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Two numbers as the front end saves them: a list, or an object with the keys 0 and 1."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if isinstance(value, list) and len(value) >= 2 and all(is_number(one) for one in value[:2]):
        return float(value[0]), float(value[1])
    return otherwise


def size_of(target: Target, made: Mapping[str, Any], old: Mapping[str, Any]) -> list[float]:
    """Width and height that hold a node without its title, at least those of the one before."""
    widgets = [one for one in target.chosen(_values(target, made)) if one.widget]
    texts = sum(one.type == "STRING" for one in widgets)
    sockets = max(sum("widget" not in one for one in made["inputs"]), len(target.outputs))
    # the page gives a node with notes a button, and one whose file is not there gets a note in the end
    notes = target.id in LOADERS or bool(made["properties"].get("kinema", {}).get("notes"))
    rows = len(widgets) - texts + len(target.buttons) + len(target.last) + notes
    width, height = pair(old.get("size"), (0, 0))
    return [max(width, WIDTH), max(height, sockets * SOCKET + rows * ROW + texts * TEXT + END)]


def _values(target: Target, made: Mapping[str, Any]) -> dict[str, Any]:
    """What choices that bring inputs of their own are set to."""
    written = made.get("widgets_values") or []
    return {one.name: value for one in target.inputs if one.inner for value in written if value in one.inner}


@dataclass(frozen=True)
class Area:
    """A rectangle on the canvas, in pixels, with the title of its node."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Area") -> bool:
        """Whether they share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Places:
    """The room that nodes take, by squares, so that looking for a free place takes no longer in large graphs."""

    def __init__(self, nodes: Iterable[Mapping[str, Any]]) -> None:
        self.taken: dict[tuple[int, int], list[Area]] = {}
        for raw in nodes:
            size = pair(raw.get("size"), (WIDTH, ROW))
            flags = raw.get("flags")
            is_closed = isinstance(flags, dict) and flags.get("collapsed")
            self._take(_area(pair(raw.get("pos"), (0, 0)), (size[0], 0) if is_closed else size))

    def keep(self, old: Mapping[str, Any], new: dict[str, Any]) -> bool:
        """Put a new node in the place of an old one if it is no larger; False if it is."""
        size = pair(old.get("size"), (WIDTH, ROW))
        if new["size"][0] > size[0] or new["size"][1] > size[1]:
            return False
        self._put(new, pair(old.get("pos"), (0, 0)))
        return True

    def put_at(self, old: Mapping[str, Any], new: dict[str, Any]) -> None:
        """Put it there if there is room, or with its lower edge where that of the old was, or else near there."""
        x, y = pair(old.get("pos"), (0, 0))
        higher = (x, y + pair(old.get("size"), (WIDTH, ROW))[1] - new["size"][1])
        free = (place for place in ((x, y), higher) if self._is_free(_area(place, new["size"])))
        self._put(new, next(free, None) or self._nearest((x, y), new["size"]))

    def put_near(self, old: Mapping[str, Any], new: dict[str, Any]) -> None:
        """Put it into the free place nearest to the room below an old node."""
        x, y = pair(old.get("pos"), (0, 0))
        below = (x, y + pair(old.get("size"), (WIDTH, ROW))[1] + TITLE + GAP)
        self._put(new, self._nearest(below, new["size"]))

    def _put(self, new: dict[str, Any], place: tuple[float, float]) -> None:
        new["pos"] = list(place)
        self._take(_area(place, new["size"]))

    def _nearest(self, wanted: tuple[float, float], size: Sequence[float]) -> tuple[float, float]:
        """The nearest place with free room around it; the wanted one if all is full."""
        places = ((wanted[0] + x, wanted[1] + y) for x, y in AROUND)
        return next((place for place in places if self._is_free(_area(place, size, GAP))), wanted)

    def _is_free(self, area: Area) -> bool:
        return not any(area.meets(other) for cell in _cells(area) for other in self.taken.get(cell, ()))

    def _take(self, area: Area) -> None:
        for cell in _cells(area):
            self.taken.setdefault(cell, []).append(area)


def _around() -> Iterator[tuple[int, int]]:
    """Steps away from a place, the nearest first; what is below or to the right comes before the rest."""
    steps = range(-REACH, REACH + 1)
    offsets = [(x * STEP, y * STEP) for x in steps for y in steps]
    yield from sorted(offsets, key=lambda offset: (math.hypot(*offset), -offset[1], -offset[0]))


AROUND = tuple(_around())


def _area(place: tuple[float, float], size: Sequence[float], gap: float = 0) -> Area:
    width, height = (min(max(one, 1), LARGEST) for one in size)
    left, top = place
    return Area(left - gap, top - TITLE - gap, left + width + gap, top + height + gap)


def _cells(area: Area) -> Iterator[tuple[int, int]]:
    for x in range(math.floor(area.left / CELL), math.floor(area.right / CELL) + 1):
        for y in range(math.floor(area.top / CELL), math.floor(area.bottom / CELL) + 1):
            yield x, y
