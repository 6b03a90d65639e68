"""A workflow as the migration sees it, whichever format it was saved in: nodes, their values by name, and links.

Formats read a scope (a graph, a subgraph or an API prompt) into a `Graph`, rules change it, and the format writes back
only what changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Id = int | str


class BadGraphError(ValueError):
    """The workflow cannot be read, for a reason a person can understand; nothing was changed."""


class UnsupportedError(ValueError):
    """A node stays as it is, for a reason a person can understand."""


@dataclass(frozen=True, slots=True)
class Link:
    """An output of a node; ``made`` if the node is one of those that the migration makes, which reuse old ids."""

    node: Id
    slot: int
    made: bool = False


Value = Any
"""A link, or what stands in a widget: a number, text, truth value, or any JSON."""

LIVE, MUTED, BYPASSED = 0, 2, 4
"""Modes of a node as the front end saves them."""


@dataclass(slots=True)
class Node:
    """A node.

    Args:
        values: inputs and widgets by name; a link wins over a widget's value.
        problem: why the values cannot be read, empty if they can.
        title: what a person called it, empty if it has the name of its kind.
    """

    id: Id
    type: str
    values: dict[str, Value]
    mode: int = LIVE
    title: str = ""
    problem: str = ""
    outputs: tuple[str, ...] = ()
    """Types of the outputs, where the format says them."""


@dataclass(slots=True)
class New:
    """A node to be written: at the place of an old one, with its id if it is the first one there."""

    id: Id
    type: str
    values: dict[str, Value]
    beside: Id
    mode: int = LIVE
    title: str = ""
    notes: list[str] = field(default_factory=list)
    replaces: str = ""
    """The type of the node that was there."""


@dataclass(slots=True)
class Graph:
    """One scope of a workflow.

    Args:
        nodes: in the order of the file.
        border: ids that stand for the outside of a subgraph.
        last_id: the largest number that is an id somewhere.
    """

    nodes: dict[Id, Node]
    border: frozenset[Id] = frozenset()
    last_id: int = 0
    new: dict[Id, New] = field(default_factory=dict)
    gone: set[Id] = field(default_factory=set)
    moved: dict[Link, Value | None] = field(default_factory=dict)
    """Where what came out of an old node comes from now; None where nothing does."""
    outside: frozenset[Id] = frozenset()
    """Nodes that something outside of a subgraph reads."""
    wired: frozenset[Id] | None = None
    """Nodes of Use Everywhere whose wires have been made, None where they need not be."""
    _readers: dict[Id, list[Id]] | None = None
    _sets: dict[str, Id] | None = None
    _gets: dict[str, list[Id]] | None = None
    _counted: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.new or self.gone or self.moved)

    def fresh_id(self, beside: Id) -> Id:
        """An id that no node has."""
        if not self._counted:
            self._counted = True
            self.last_id = max([self.last_id, *(_number(key) for key in self.nodes)])
        self.last_id += 1
        return self.last_id if isinstance(beside, int) else str(self.last_id)

    def readers(self, node: Id) -> list[Id]:
        """Old nodes that read a node over a wire, or a Set node by its name."""
        if self._readers is None:
            self._readers = {}
            for reader in self.nodes.values():
                sources = {value.node for value in reader.values.values() if isinstance(value, Link)}
                for source in sources:
                    self._readers.setdefault(source, []).append(reader.id)
        return self._readers.get(node, []) + self._getters(node)

    def reads(self, node: Id, slots: tuple[int, ...]) -> bool:
        """Whether something may read one of these outputs of a node."""
        if node in self.outside:
            return True
        return any(
            isinstance(value, Link) and value.node == node and value.slot in slots
            for reader in self.readers(node)
            for value in self.nodes[reader].values.values()
        )

    def source(self, link: Link) -> tuple[Link, tuple[Id, ...]]:
        """Where a link begins behind nodes that only hand on, and those nodes."""
        passed: list[Id] = []
        seen: set[Id] = set()
        while (node := self.nodes.get(link.node)) is not None and node.id not in seen:
            seen.add(node.id)
            before = self.handed_on(node)
            if not isinstance(before, Link):
                break
            passed.append(node.id)
            link = before
        return link, tuple(passed)

    def handed_on(self, node: Node) -> Value | None:
        """What a node that only hands on reads: a reroute, or a Get node with the Set node of its name."""
        if node.type in REROUTES:
            return next((value for value in node.values.values() if isinstance(value, Link)), None)
        if node.type == "SetNode":
            return next((value for value in node.values.values() if isinstance(value, Link)), None)
        if node.type == BRIDGE:
            return node.values.get("value")
        if node.type == "GetNode":
            setter = self._setters().get(str(node.values.get("name")))
            return None if setter is None else Link(setter, 0)
        return None

    def _setters(self) -> Mapping[str, Id]:
        if self._sets is None:
            setters = [node for node in self.nodes.values() if node.type == "SetNode"]
            self._sets = {str(node.values.get("name")): node.id for node in setters}
        return self._sets

    def _getters(self, key: Id) -> list[Id]:
        node = self.nodes.get(key)
        if node is None or node.type != "SetNode":
            return []
        if self._gets is None:
            self._gets = {}
            for getter in self.nodes.values():
                if getter.type == "GetNode":
                    self._gets.setdefault(str(getter.values.get("name")), []).append(getter.id)
        return self._gets.get(str(node.values.get("name")), [])

    def settled(self, value: Value) -> Value | None:
        """A value after everything that moved, None if its source is gone."""
        seen: set[Link] = set()
        while isinstance(value, Link) and not value.made:
            if value in seen:
                return None
            seen.add(value)
            if value in self.moved:
                value = self.moved[value]
            elif value.node in self.gone or value.slot >= OUTER:
                return None
            else:
                return value
        return value


OUTER = 100
"""From this slot on: outputs that only new nodes have, under the ids of old ones."""
REROUTES = frozenset({"Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss"})
"""Nodes that hand one wire on."""
BRIDGE = "ImpactControlBridge"
"""One that also mutes what is behind it while a workflow is queued."""


LARGEST = 1e300


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and not one that no float can hold."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST


def _number(key: Id) -> int:
    if isinstance(key, int):
        return key
    tail = key.rpartition(":")[2]
    return int(tail) if tail.isdecimal() and len(tail) < 16 else 0
