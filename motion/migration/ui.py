"""Graphs as the front end saves them, read into the migration's records: nodes, links, subgraphs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .api import own_title
from .layouts import LAYOUTS
from .naming import UnknownLayoutError, named, renamed
from .records import BadGraphError, Graph, Id, Link, Node, Value

BORDER = frozenset({-10, -20})
"""Ids that stand for the inputs and outputs of a subgraph."""
MODES = frozenset({0, 1, 2, 3, 4})


@dataclass(frozen=True, slots=True)
class Row:
    """A link of a saved graph."""

    id: int
    origin: Id
    origin_slot: int
    target: Id
    target_slot: int
    type: Any


def is_scope(data: Any) -> bool:
    """Whether this is a graph or subgraph: a list of nodes that have types."""
    nodes = data.get("nodes") if isinstance(data, dict) else None
    return isinstance(nodes, list) and all(isinstance(node, dict) for node in nodes)


def rows_of(scope: Mapping[str, Any]) -> dict[int, Row]:
    """Links by id; entries that are no links are left out.

    Raises:
        BadGraphError: they are no list, or an id is used twice for different links.
    """
    found: dict[int, Row] = {}
    links = scope.get("links")
    if links is not None and not isinstance(links, list):
        raise BadGraphError("its links are no list")
    for raw in links or ():
        row = _row(raw)
        if row is None:
            continue
        if row.id in found and found[row.id] != row:
            raise BadGraphError(f"two links have the id {row.id}")
        found[row.id] = row
    return found


def read_scope(scope: Mapping[str, Any]) -> Graph:
    """The nodes of one graph with their values by name.

    Raises:
        BadGraphError: it is damaged in a way that would lose something.
    """
    rows = rows_of(scope)
    ids: set[Id] = set()
    for raw in scope["nodes"]:
        if not _is_id(raw.get("id")):
            raise BadGraphError(f"a node of type {raw.get('type')!r} has no id")
        if raw["id"] in ids:
            raise BadGraphError(f"two nodes have the id {raw['id']}")
        ids.add(raw["id"])
    nodes = {raw["id"]: _node(raw, rows, ids) for raw in scope["nodes"]}
    # links may name nodes that are not there any more: new ones must not take their ids
    ends = [end for row in rows.values() for end in (row.origin, row.target) if isinstance(end, int)]
    outside = frozenset(row.origin for row in rows.values() if row.target == -20)
    return Graph(nodes, border=BORDER, last_id=max([0, *ends, _last_node(scope)]), outside=outside)


def inputs_of(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sockets of a node that can be read."""
    inputs = raw.get("inputs")
    return [one for one in inputs if isinstance(one, dict)] if isinstance(inputs, list) else []


def _node(raw: Mapping[str, Any], rows: Mapping[int, Row], ids: set[Id]) -> Node:
    type = raw.get("type")
    if not isinstance(type, str):
        raise BadGraphError(f"node {raw.get('id')} has no type")
    values: dict[str, Value] = {}
    problem = ""
    widgets = raw.get("widgets_values")
    if isinstance(widgets, dict):
        values = {renamed(type, name): value for name, value in widgets.items()}
    elif isinstance(widgets, list) and type in LAYOUTS:
        try:
            values = named(type, widgets)
        except UnknownLayoutError as error:
            problem = str(error)
    for one in inputs_of(raw):
        row = rows.get(one["link"]) if isinstance(one.get("link"), int) else None
        if row is not None and isinstance(one.get("name"), str) and (row.origin in ids or row.origin in BORDER):
            values[renamed(type, one["name"])] = Link(row.origin, row.origin_slot)
    outputs = raw.get("outputs")
    listed = outputs if isinstance(outputs, list) else []
    kinds = tuple(str(one.get("type")) if isinstance(one, dict) else "" for one in listed)
    mode = raw.get("mode", 0)
    return Node(
        id=raw["id"],
        type=type,
        values=values,
        mode=mode if isinstance(mode, int) and mode in MODES else 0,
        title=own_title(raw.get("title"), type),
        problem=problem,
        outputs=kinds,
    )


def _last_node(scope: Mapping[str, Any]) -> int:
    state = scope.get("state")
    inside = state.get("lastNodeId") if isinstance(state, dict) else None
    return max(value if isinstance(value, int) else 0 for value in (scope.get("last_node_id"), inside))


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _row(raw: Any) -> Row | None:
    if isinstance(raw, list) and len(raw) >= 5:
        parts = [*raw[:5], raw[5] if len(raw) > 5 else "*"]
    elif isinstance(raw, dict):
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        parts = [raw.get(name) for name in names]
    else:
        return None
    key, origin, origin_slot, target, target_slot, kind = parts
    if not isinstance(key, int) or not isinstance(origin_slot, int) or not isinstance(target_slot, int):
        return None
    if not isinstance(origin, (int, str)) or not isinstance(target, (int, str)):
        return None
    return Row(key, origin, origin_slot, target, target_slot, kind)
