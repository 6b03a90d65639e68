"""Where new nodes stand in a graph: in the place of old ones, or in the nearest free room below and beside them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .records import is_number
from .targets import Target

CELL = 120
TITLE, ROW, TEXT, MARGIN = 40, 26, 90, 30
WIDTH = 300
TRIES = 40


def pair(value: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Two numbers as the front end saves them: a list, or an object with the keys 0 and 1."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if isinstance(value, list) and len(value) >= 2 and all(is_number(one) for one in value[:2]):
        return float(value[0]), float(value[1])
    return otherwise


def size_of(target: Target, made: Mapping[str, Any], old: Mapping[str, Any]) -> list[float]:
    """Width and height that hold a node, at least those of the one before."""
    widgets = [one for one in target.inputs if one.widget]
    texts = sum(one.type == "STRING" for one in widgets)
    rows = max(len(made["inputs"]), len(target.outputs)) + len(widgets) - texts
    width, height = pair(old.get("size"), (0, 0))
    return [max(width, WIDTH), max(height, TITLE + rows * ROW + texts * TEXT)]


class Places:
    """The room that nodes take, in a grid, so that looking for a free place takes no longer in large graphs."""

    def __init__(self, nodes: Iterable[Mapping[str, Any]]) -> None:
        self.taken: set[tuple[int, int]] = set()
        for raw in nodes:
            self._take(pair(raw.get("pos"), (0, 0)), pair(raw.get("size"), (WIDTH, TITLE)))

    def at(self, old: Mapping[str, Any], size: list[float]) -> list[float]:
        """The place of an old node."""
        place = pair(old.get("pos"), (0, 0))
        self._take(place, (size[0], size[1]))
        return list(place)

    def near(self, old: Mapping[str, Any], size: list[float]) -> list[float]:
        """The first free place below an old node or in columns to its right; right below it if all is full."""
        x, y = pair(old.get("pos"), (0, 0))
        width, height = pair(old.get("size"), (WIDTH, TITLE))
        start = y + height + TITLE + MARGIN
        place = (x, start)
        for step in range(TRIES):
            column, row = divmod(step, TRIES // 4)
            spot = (x + column * (max(width, WIDTH) + MARGIN), start + row * CELL)
            if not self.taken.intersection(_cells(spot, size)):
                place = spot
                break
        self._take(place, (size[0], size[1]))
        return list(place)

    def _take(self, place: tuple[float, float], size: tuple[float, float]) -> None:
        self.taken.update(_cells(place, size))


def _cells(place: tuple[float, float], size: Iterable[float]) -> Iterable[tuple[int, int]]:
    width, height = (min(max(one, 1), 40 * CELL) for one in size)
    left, top = math.floor(place[0] / CELL), math.floor((place[1] - TITLE) / CELL)
    right, bottom = math.floor((place[0] + width - 1) / CELL), math.floor((place[1] + height - 1) / CELL)
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
