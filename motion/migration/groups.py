"""Group nodes, the forerunners of subgraphs, opened: what is inside of them stands in the graph itself then.

A group keeps its nodes by position, and shows what is not connected inside as inputs, outputs and widgets of its own,
in the order of its nodes. Whoever changes what is inside changes that order, so groups are opened before they are
migrated.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .places import pair
from .ui import Row, inputs_of, is_scope, read_scope, rows_of

PREFIXES = ("workflow/", "workflow>")
MOST_NODES = 5_000
"""Nodes that come out of groups at most."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """A link inside of a group, between positions of nodes."""

    origin: int
    origin_slot: int
    target: int
    target_slot: int
    type: Any


class _StaysClosedError(ValueError):
    """What a group shows cannot be told apart."""


def groups_of(workflow: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The groups that a workflow defines, by name."""
    extra = workflow.get("extra")
    groups = extra.get("groupNodes") if isinstance(extra, dict) else None
    return {str(name): group for name, group in groups.items() if is_scope(group)} if isinstance(groups, dict) else {}


def opened(workflow: dict[str, Any], wanted: Callable[[str], bool]) -> tuple[dict[str, Any], Collection[str]]:
    """The workflow with every group open that holds a node of a wanted type, and names of those that stay closed.

    Raises:
        BadGraphError: the workflow is damaged.
    """
    groups = {
        name: group
        for name, group in groups_of(workflow).items()
        if any(isinstance(raw.get("type"), str) and wanted(raw["type"]) for raw in group["nodes"])
    }
    if groups:
        # a damaged graph is left as it is, before anything in it is opened
        read_scope(workflow)
    closed: set[str] = set()
    left = MOST_NODES
    for raw in list(workflow["nodes"]) if groups else ():
        name = _group_name(raw)
        group = groups.get(name)
        if group is None:
            continue
        left -= len(group["nodes"])
        try:
            if left < 0:
                raise _StaysClosedError
            workflow = _Opening(workflow, raw, group).done()
        except _StaysClosedError:
            closed.add(name)
    return workflow, closed


def _group_name(raw: Mapping[str, Any]) -> str:
    type = raw.get("type")
    found = [type[len(prefix) :] for prefix in PREFIXES if isinstance(type, str) and type.startswith(prefix)]
    return found[0] if found else ""


class _Opening:
    """One group node and what it becomes."""

    def __init__(self, workflow: dict[str, Any], raw: dict[str, Any], group: Mapping[str, Any]) -> None:
        self.workflow, self.raw, self.group = workflow, raw, group
        self.rows = rows_of(workflow)
        ends = (end for row in self.rows.values() for end in (row.origin, row.target))
        ids = [key for key in (*ends, *(node.get("id") for node in workflow["nodes"])) if isinstance(key, int)]
        self.first = 1 + max([0, _whole(workflow.get("last_node_id")), *ids])
        self.next_link = 1 + max([0, _whole(workflow.get("last_link_id")), *self.rows])
        links = group.get("links")
        self.inside = [row for row in map(_inner_row, links if isinstance(links, list) else ()) if row is not None]

    def done(self) -> dict[str, Any]:
        nodes = self._nodes()
        rows = list(self.rows.values())
        for row in self.inside:
            if not (0 <= row.origin < len(nodes) and 0 <= row.target < len(nodes)):
                raise _StaysClosedError
            origin, target = nodes[row.origin]["id"], nodes[row.target]["id"]
            rows.append(Row(self._link(), origin, row.origin_slot, target, row.target_slot, row.type))
        arriving = self._ends("inputs")
        leaving = self._ends("outputs")
        changed: list[Row] = []
        for row in rows:
            origin, origin_slot, target, target_slot = row.origin, row.origin_slot, row.target, row.target_slot
            if origin == self.raw["id"]:
                origin, origin_slot = self._place(leaving, origin_slot, nodes)
            if target == self.raw["id"]:
                target, target_slot = self._place(arriving, target_slot, nodes)
            changed.append(Row(row.id, origin, origin_slot, target, target_slot, row.type))
        by_id = {node["id"]: node for node in nodes}
        for row in changed:
            if row.target in by_id:
                _socket(by_id[row.target], "inputs", row.target_slot)["link"] = row.id
            if row.origin in by_id:
                output = _socket(by_id[row.origin], "outputs", row.origin_slot)
                output["links"] = [*(output["links"] or ()), row.id]
        place = self.workflow["nodes"].index(self.raw)
        before, after = self.workflow["nodes"][:place], self.workflow["nodes"][place + 1 :]
        return {
            **self.workflow,
            "nodes": [*before, *nodes, *after],
            "links": [[row.id, row.origin, row.origin_slot, row.target, row.target_slot, row.type] for row in changed],
            "last_node_id": max(self.first - 1, *(node["id"] for node in nodes)),
            "last_link_id": self.next_link - 1,
        }

    def _link(self) -> int:
        self.next_link += 1
        return self.next_link - 1

    def _nodes(self) -> list[dict[str, Any]]:
        """The inner nodes with ids, places and the values that the group shows."""
        inner = self.group["nodes"]
        corners = [pair(raw.get("pos"), (0, 0)) for raw in inner]
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        x, y = pair(self.raw.get("pos"), (0, 0))
        values = self._values()
        mode = self.raw.get("mode", 0)
        nodes: list[dict[str, Any]] = []
        for index, (raw, corner) in enumerate(zip(inner, corners, strict=True)):
            node = {
                **raw,
                "id": self.first + index,
                "pos": [x + corner[0] - left, y + corner[1] - top],
                "mode": mode or raw.get("mode", 0),
                "inputs": [{**one, "link": None} for one in inputs_of(raw)],
                "outputs": [{**one, "links": None} for one in _dicts(raw.get("outputs"))],
            }
            nodes.append(node | ({"widgets_values": values[index]} if index in values else {}))
        return nodes

    def _values(self) -> dict[int, list[Any]]:
        """The values of the group's widgets by inner node; they stand in the order of the nodes."""
        shown, inner = self.raw.get("widgets_values"), self.group["nodes"]
        lists = {
            index: raw["widgets_values"]
            for index, raw in enumerate(inner)
            if isinstance(raw.get("widgets_values"), list)
        }
        if not isinstance(shown, list) or len(lists) < sum("widgets_values" in raw for raw in inner):
            return {}
        if len(shown) != sum(map(len, lists.values())):
            return {}
        values: dict[int, list[Any]] = {}
        for index, listed in lists.items():
            values[index], shown = shown[: len(listed)], shown[len(listed) :]
        return values

    def _ends(self, side: str) -> list[tuple[int, int]]:
        """For each socket of the group, the inner node and its socket."""
        candidates = list(self._open_sockets(side))
        found: list[tuple[int, int]] = []
        for one in _dicts(self.raw.get(side)):
            name = str(one.get("name"))
            kind = str(one.get("type"))
            match = next((c for c in candidates if _is_named(name, c[2]) and kind == c[3]), None)
            if match is None:
                connected = one.get("link") is not None or bool(one.get("links"))
                if connected:
                    raise _StaysClosedError
                found.append((-1, -1))
                continue
            # what was passed over is not shown
            del candidates[: candidates.index(match) + 1]
            found.append(match[:2])
        return found

    def _open_sockets(self, side: str) -> Iterator[tuple[int, int, str, str]]:
        """Inner sockets that nothing inside is connected to, or that are shown besides."""
        inputs = side == "inputs"
        taken = {(row.target, row.target_slot) if inputs else (row.origin, row.origin_slot) for row in self.inside}
        external = self.group.get("external")
        shown = (
            {tuple(one[:2]) for one in external if isinstance(one, list) and all(isinstance(x, int) for x in one[:2])}
            if isinstance(external, list)
            else set()
        )
        for index, raw in enumerate(self.group["nodes"]):
            for slot, one in enumerate(_dicts(raw.get(side))):
                if (index, slot) not in taken or (not inputs and (index, slot) in shown):
                    yield index, slot, str(one.get("name")), str(one.get("type"))

    def _place(self, ends: list[tuple[int, int]], slot: int, nodes: list[dict[str, Any]]) -> tuple[Any, int]:
        if not 0 <= slot < len(ends) or ends[slot][0] < 0:
            raise _StaysClosedError
        index, inner = ends[slot]
        return nodes[index]["id"], inner


def _is_named(shown: str, inner: str) -> bool:
    """Whether a group shows a socket by this name: its own, behind that of its node if there are several."""
    return shown == inner or shown.endswith(f" {inner}")


def _inner_row(raw: Any) -> _Inside | None:
    if not isinstance(raw, list) or len(raw) < 4 or not all(isinstance(one, int) for one in raw[:4]):
        return None
    return _Inside(raw[0], raw[1], raw[2], raw[3], raw[5] if len(raw) > 5 else "*")


def _socket(node: dict[str, Any], side: str, slot: int) -> dict[str, Any]:
    if not 0 <= slot < len(node[side]):
        raise _StaysClosedError
    return node[side][slot]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
