"""A saved graph with its new nodes: only what changed is written anew, all else stays the same object.

A link keeps its id wherever one of its ends stays: nodes at that end are then not touched at all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .places import Places, size_of
from .records import Graph, Id, Link, New
from .targets import MATCHING, TARGETS
from .ui import Row, inputs_of, rows_of

NAME = "Node name for S&R"
ANY = "*"


def write_scope(scope: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """The graph with the nodes and links that the migration made."""
    return _Writer(scope, graph).written()


class _Writer:
    def __init__(self, scope: dict[str, Any], graph: Graph) -> None:
        self.scope, self.graph = scope, graph
        self.old = rows_of(scope)
        self.rows: dict[int, Row] = {}
        self.dropped: set[int] = set()
        self.free: dict[Link, list[int]] = {}
        self.next_link = max([0, *self.old, _last(scope, "last_link_id", "lastLinkId")])
        self.raw = {raw["id"]: raw for raw in scope["nodes"]}

    def written(self) -> dict[str, Any]:
        self._keep_rows()
        made = {key: self._made(new) for key, new in self.graph.new.items()}
        self._place(made)
        self._fill_outputs(made)
        nodes = self._nodes(made)
        changed = {**self.scope, "nodes": nodes, "links": self._links()}
        changed |= self._counters(nodes)
        changed |= self._borders()
        return changed | self._extra()

    def _keep_rows(self) -> None:
        """Rows whose reader stays, from where they come now; the others are free for new nodes."""
        for row in self.old.values():
            source = Link(row.origin, row.origin_slot)
            if row.target in self.graph.gone or row.target in self.graph.new:
                self.free.setdefault(source, []).append(row.id)
                continue
            now = self.graph.settled(source)
            if isinstance(now, Link):
                moved = now.node != row.origin or now.slot != row.origin_slot or now.made
                self.rows[row.id] = (
                    Row(row.id, now.node, now.slot, row.target, row.target_slot, self._type(now, row.type))
                    if moved
                    else row
                )
            else:
                self.dropped.add(row.id)

    def _type(self, source: Link, otherwise: Any) -> Any:
        new = self.graph.new.get(source.node) if source.made else None
        if new is None:
            return otherwise
        return self._output_type(new, source.slot) if source.slot < len(TARGETS[new.type].outputs) else otherwise

    def _output_type(self, new: New, slot: int) -> str:
        kind = TARGETS[new.type].outputs[slot].type
        return self._matched(new) if kind == MATCHING else kind

    def _matched(self, new: New, depth: int = 8) -> str:
        """The type that sockets of any type have for what is connected to them."""
        for one in TARGETS[new.type].inputs:
            source = self.graph.settled(new.values.get(one.name)) if one.type == MATCHING else None
            if not isinstance(source, Link):
                continue
            made = self.graph.new.get(source.node) if source.made else None
            if made is not None:
                kind = TARGETS[made.type].outputs[source.slot].type
                return kind if kind != MATCHING else self._matched(made, depth - 1) if depth else ANY
            old = self.graph.nodes.get(source.node)
            if old is not None and 0 <= source.slot < len(old.outputs):
                return old.outputs[source.slot]
        return ANY

    def _made(self, new: New) -> dict[str, Any]:
        """The saved form of a new node, without position and output links."""
        target = TARGETS[new.type]
        old = self.raw[new.beside]
        kinema: dict[str, Any] = {"from": new.replaces}
        if new.notes:
            kinema["notes"] = new.notes
        node: dict[str, Any] = {
            "id": new.id,
            "type": new.type,
            "pos": [0, 0],
            "size": [0, 0],
            "flags": old["flags"] if isinstance(old.get("flags"), dict) and new.id == new.beside else {},
            "order": old.get("order", 0),
            "mode": new.mode,
            "inputs": self._inputs(new),
            "outputs": [
                {"name": one.name, "type": self._output_type(new, slot), "links": None}
                for slot, one in enumerate(target.outputs)
            ],
            "properties": {NAME: new.type, "kinema": kinema},
            "widgets_values": self._widgets(new),
        }
        if new.title:
            node["title"] = new.title
        return node | {name: old[name] for name in ("color", "bgcolor", "shape") if name in old}

    def _widgets(self, new: New) -> list[Any]:
        """Values in the order of the node, with what the front end saves between and behind them."""
        target = TARGETS[new.type]
        widgets: list[Any] = []
        buttons = list(target.buttons)
        for one in (one for one in target.chosen(new.values) if one.widget):
            if one.optional and buttons:
                widgets, buttons = widgets + buttons, []
            value = self.graph.settled(new.values[one.name]) if one.name in new.values else None
            widgets.append(one.default if value is None or isinstance(value, Link) else value)
            if one.control:
                widgets.append("fixed")
        return [*widgets, *buttons, *target.last]

    def _inputs(self, new: New) -> list[dict[str, Any]]:
        """Sockets, and behind them the widgets that a wire goes into."""
        inputs: list[dict[str, Any]] = []
        declared = TARGETS[new.type].inputs
        for one in sorted(declared, key=lambda one: one.widget):
            given = new.values.get(one.name)
            source = self.graph.settled(given)
            if (one.widget or one.grown) and not isinstance(source, Link):
                continue
            kind = self._matched(new) if one.type == MATCHING else one.type
            entry: dict[str, Any] = {"name": one.name, "type": kind, "link": None}
            if one.widget:
                entry["widget"] = {"name": one.name}
            elif one.optional:
                entry["shape"] = 7
            if isinstance(source, Link):
                entry["link"] = self._row(given, source, new.id, len(inputs), kind)
            inputs.append(entry)
        return inputs

    def _row(self, given: Any, source: Link, target: Id, slot: int, type: Any) -> int:
        free = self.free.get(given) if isinstance(given, Link) else None
        if free:
            key = free.pop()
        else:
            self.next_link += 1
            key = self.next_link
        self.rows[key] = Row(key, source.node, source.slot, target, slot, self._type(source, type))
        return key

    def _place(self, made: Mapping[Id, dict[str, Any]]) -> None:
        """New nodes where old ones stood, those first that fit there; the others find room around them."""
        places = Places(raw for raw in self.scope["nodes"] if raw["id"] not in self.graph.gone)
        heirs: dict[Id, New] = {}
        for new in self.graph.new.values():
            if new.beside in self.graph.gone:
                heirs.setdefault(new.beside, new)
        for new in self.graph.new.values():
            old = self.raw[new.beside] if heirs.get(new.beside) is new else {}
            made[new.id]["size"] = size_of(TARGETS[new.type], made[new.id], old)
        larger = [new for new in heirs.values() if not places.keep(self.raw[new.beside], made[new.id])]
        for new in larger:
            places.put_at(self.raw[new.beside], made[new.id])
        for new in self.graph.new.values():
            if heirs.get(new.beside) is not new:
                places.put_near(self.raw[new.beside], made[new.id])

    def _fill_outputs(self, made: Mapping[Id, dict[str, Any]]) -> None:
        self.leaving: dict[tuple[Id, int], list[int]] = {}
        for row in self.rows.values():
            self.leaving.setdefault((row.origin, row.origin_slot), []).append(row.id)
        for key, node in made.items():
            for slot, output in enumerate(node["outputs"]):
                output["links"] = self.leaving.get((key, slot))

    def _nodes(self, made: Mapping[Id, dict[str, Any]]) -> list[Any]:
        beside: dict[Id, list[dict[str, Any]]] = {}
        for key, new in self.graph.new.items():
            beside.setdefault(new.beside, []).append(made[key])
        nodes: list[Any] = []
        for raw in self.scope["nodes"]:
            nodes += beside.get(raw["id"], [])
            if raw["id"] not in self.graph.gone:
                nodes.append(self._kept(raw))
        return nodes

    def _kept(self, raw: dict[str, Any]) -> dict[str, Any]:
        """A node of before, the same object if its links are the same."""
        changed: dict[str, Any] = {}
        if any(one.get("link") in self.dropped for one in inputs_of(raw) if isinstance(one.get("link"), int)):
            changed["inputs"] = [
                {**one, "link": None}
                if isinstance(one, dict) and isinstance(one.get("link"), int) and one["link"] in self.dropped
                else one
                for one in raw["inputs"]
            ]
        if isinstance(raw.get("outputs"), list):
            outputs = [self._output(raw["id"], slot, one) for slot, one in enumerate(raw["outputs"])]
            if any(now is not before for now, before in zip(outputs, raw["outputs"], strict=True)):
                changed["outputs"] = outputs
        return {**raw, **changed} if changed else raw

    def _output(self, node: Id, slot: int, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        now = self._ids(raw.get("links"), self.leaving.get((node, slot), []), (node, slot), origin=True)
        return raw if now is None else {**raw, "links": now}

    def _ids(self, before: Any, now: list[int], end: tuple[Id, int], origin: bool) -> list[Any] | None:
        """A list of link ids brought up to date, None if it need not change; ids of no known link stay."""
        listed = before if isinstance(before, list) else []
        known = set(now)

        def stays(key: Any) -> bool:
            if not isinstance(key, int) or key not in self.old:
                return True
            row = self.old[key]
            was_here = (row.origin, row.origin_slot) if origin else (row.target, row.target_slot)
            return key in known or was_here != end

        kept = [key for key in listed if stays(key)]
        present = {key for key in kept if isinstance(key, int)}
        # what was missing before the migration is not its business
        added = [key for key in now if key not in present and self.rows[key] is not self.old.get(key)]
        result = kept + added
        return None if result == listed else result

    def _links(self) -> list[Any]:
        as_objects = any(isinstance(raw, dict) for raw in self.scope.get("links") or ())
        links: list[Any] = []
        seen: set[int] = set()
        for raw in self.scope.get("links") or ():
            key = raw[0] if isinstance(raw, list) and raw else raw.get("id") if isinstance(raw, dict) else None
            row = self.old.get(key) if isinstance(key, int) else None
            if row is None:
                links.append(raw)
            elif row.id in self.rows and row.id not in seen:
                seen.add(row.id)
                now = self.rows[row.id]
                links.append(raw if now is row else _raw_row(now, raw))
        pattern = {} if as_objects or "inputNode" in self.scope else []
        return links + [_raw_row(row, pattern) for key, row in self.rows.items() if key not in self.old]

    def _counters(self, nodes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        numbers = [node["id"] for node in nodes if isinstance(node["id"], int)]
        last = {"Node": max([0, *numbers]), "Link": max([0, *self.rows])}
        changed: dict[str, Any] = {}
        for what, name in (("Node", "last_node_id"), ("Link", "last_link_id")):
            if name in self.scope or "state" not in self.scope:
                changed[name] = max(last[what], _number(self.scope.get(name)))
        state = self.scope.get("state")
        if isinstance(state, dict):
            names = {f"last{what}Id": value for what, value in last.items()}
            changed["state"] = {**state, **{key: max(value, _number(state.get(key))) for key, value in names.items()}}
        return changed

    def _borders(self) -> dict[str, Any]:
        """The lists of links at the inputs and outputs of a subgraph."""
        changed: dict[str, Any] = {}
        arriving: dict[int, list[int]] = {}
        for row in self.rows.values():
            if row.target == -20:
                arriving.setdefault(row.target_slot, []).append(row.id)
        for name, border in (("inputs", -10), ("outputs", -20)):
            sockets = self.scope.get(name)
            if "inputNode" not in self.scope or not isinstance(sockets, list):
                continue
            written: list[Any] = []
            for slot, one in enumerate(sockets):
                if not isinstance(one, dict):
                    written.append(one)
                    continue
                now = self.leaving.get((-10, slot), []) if border == -10 else arriving.get(slot, [])
                ids = self._ids(one.get("linkIds"), now, (border, slot), origin=border == -10)
                written.append(one if ids is None else {**one, "linkIds": ids})
            changed[name] = written
        return changed

    def _extra(self) -> dict[str, Any]:
        """What the front end keeps about links, without those that are gone."""
        extra = self.scope.get("extra")
        gone = self.old.keys() - self.rows.keys()
        if not isinstance(extra, dict) or not gone:
            return {}
        changed: dict[str, Any] = {}
        for name in ("linkExtensions", "reroutes"):
            entries = extra.get(name)
            if isinstance(entries, list):
                changed[name] = [
                    {**one, "linkIds": [key for key in one["linkIds"] if key not in gone]}
                    if isinstance(one, dict) and isinstance(one.get("linkIds"), list)
                    else one
                    for one in entries
                    if name == "reroutes" or not isinstance(one, dict) or one.get("id") not in gone
                ]
        return {"extra": {**extra, **changed}} if changed else {}


def _raw_row(row: Row, like: Any) -> Any:
    """A link written the way the graph writes them."""
    if isinstance(like, dict):
        return {
            **like,
            "id": row.id,
            "origin_id": row.origin,
            "origin_slot": row.origin_slot,
            "target_id": row.target,
            "target_slot": row.target_slot,
            "type": row.type,
        }
    return [row.id, row.origin, row.origin_slot, row.target, row.target_slot, row.type]


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _last(scope: Mapping[str, Any], name: str, state_name: str) -> int:
    state = scope.get("state")
    inside = _number(state.get(state_name)) if isinstance(state, dict) else 0
    return max(_number(scope.get(name)), inside)
