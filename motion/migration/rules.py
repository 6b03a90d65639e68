"""What a row of the mapping table is, and what it may ask and do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .records import BYPASSED, LIVE, Graph, Id, Link, New, Node, UnsupportedError, Value

ABSENT: Any = object()
"""No value at all, for inputs that may be left out."""


Make = Callable[["Old", "Builder"], Sequence[Any] | Mapping[int, Any]]
"""Writes what stands in the place of a node, and says where each of its outputs comes from now."""


@dataclass(frozen=True)
class Rule:
    """A row of the table: what becomes of nodes with an id of another pack.

    Args:
        old: the id.
        pack: where it is from.
        makes: ids of the nodes that may stand in its place.
        make: writes them; returns where each output comes from now. None for a node that is only a setting of others:
            they read it, and it goes when nothing is left that does.
        says: what differs, for the table.
        alone: writes what stands in the place of a setting that a graph uses by itself, a model going through it.
        refused: why nothing stands in its place, for a row that only says so.
    """

    old: str
    pack: str
    makes: tuple[str, ...]
    make: Make | None = None
    says: str = ""
    alone: Make | None = None
    refused: str = ""

    def maker(self, node: Node) -> Make | None:
        """What writes the place of a node; None if it is only read by others."""
        return self.alone if self.alone is not None and isinstance(node.values.get("model"), Link) else self.make


def refused(old: str, pack: str, why: str) -> Rule:
    """A row for a node that stays missing, which says why."""

    def make(_old: "Old", _new: "Builder") -> Sequence[Any]:
        raise UnsupportedError(why)

    return Rule(old, pack, (), make, why, refused=why)


@dataclass(frozen=True)
class Old:
    """An old node as a rule reads it."""

    node: Node
    graph: Graph
    builder: "Builder"

    def __getitem__(self, name: str) -> Value:
        """A value or link, ABSENT if there is none."""
        return self.node.values.get(name, ABSENT)

    def get(self, name: str, default: Value) -> Value:
        """A value or link; the default also for an empty text where something else belongs."""
        value = self.node.values.get(name, default)
        if value is None or (value == "" and not isinstance(default, str)):
            return default
        return value

    def linked(self, name: str) -> bool:
        """Whether a wire goes into it."""
        return isinstance(self.node.values.get(name), Link)

    def need(self, name: str) -> Value:
        """A value or link that the node is meant to have; without it, what is made lacks it just the same."""
        value = self.node.values.get(name, ABSENT)
        return ABSENT if value is None else value

    def known(self, name: str, default: Value = ABSENT) -> Value:
        """A value that can be read off the workflow, also through primitives; ABSENT behind any other wire."""
        value = self.get(name, default)
        if not isinstance(value, Link):
            return value
        source, _ = self.graph.source(value)
        node = self.graph.nodes.get(source.node)
        constant = CONSTANTS.get(node.type) if node is not None else None
        if node is None or constant is None:
            return ABSENT
        inner = node.values.get(constant, ABSENT)
        return ABSENT if isinstance(inner, Link) else inner

    def upstream(self, name: str) -> "Old | None":
        """The node at the other end of a wire, behind reroutes and Get and Set nodes."""
        value = self.node.values.get(name)
        if not isinstance(value, Link):
            return None
        source, passed = self.graph.source(value)
        node = self.graph.nodes.get(source.node)
        if node is None:
            return None
        return Old(node, self.graph, self.builder.passing(passed))

    def setting(self, name: str, *types: str) -> "Old | None":
        """A node whose values belong to this one; the person is told if it is of a kind that is not known."""
        if not self.linked(name):
            return None
        found = self.upstream(name)
        if found is None:
            return None
        if found.node.type not in types or found.node.problem:
            why = found.node.problem or "whose settings are not known here"
            self.builder.note(f"{name} is left out: it comes from {found.node.type}, {why}.")
            return None
        self.builder.absorb(found.node.id)
        return found

    def chain(self, name: str, before: str, *types: str, idle: bool = False) -> "list[Old]":
        """Nodes strung along an input of their own, the first one of the string first; ``idle`` with muted ones."""
        found: list[Old] = []
        seen: set[Id] = set()
        link, at = name, self
        while (setting := at.setting(link, *types)) is not None and setting.node.id not in seen:
            seen.add(setting.node.id)
            if idle or setting.node.mode == LIVE:
                found.append(setting)
            link, at = before, setting
        return found[::-1]


@dataclass
class Builder:
    """Collects what one rule makes, so that nothing is half done if it gives up."""

    graph: Graph
    root: Node
    new: dict[Id, New] = field(default_factory=dict)
    absorbed: set[Id] = field(default_factory=set)
    passed: set[Id] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    moved: dict[Link, Value] = field(default_factory=dict)
    """Outputs of other nodes that go through something new now."""
    titled: set[Id] = field(default_factory=set)
    """Old nodes whose titles have been handed on."""

    def passing(self, passed: Iterable[Id]) -> "Builder":
        """Remember nodes that only handed a setting on."""
        self.passed.update(passed)
        return self

    def absorb(self, node: Id) -> None:
        """A node's values went into others."""
        self.absorbed.add(node)

    def note(self, text: str) -> None:
        """Something the person should know."""
        if text not in self.notes:
            self.notes.append(text)

    def node(self, type: str, at: Old, /, main: bool | None = None, **values: Value) -> "Made":
        """A new node at the place of an old one; values that are ABSENT are left to their defaults.

        Args:
            main: it takes over the id of the node the rule is for; if it is not said, the first at its place does.
        """
        values = {name: value for name, value in values.items() if value is not ABSENT and value is not None}
        takes_over = (at.node.id == self.root.id if main is None else main) and self.root.id not in self.new
        key = self.root.id if takes_over else self.graph.fresh_id(at.node.id)
        title = at.node.title if at.node.id not in self.titled else ""
        self.titled.add(at.node.id)
        self.new[key] = New(key, type, values, at.node.id, self._mode(at.node), title, replaces=at.node.type)
        return Made(key)

    def _mode(self, at: Node) -> int:
        if self.root.mode != LIVE:
            return self.root.mode
        return LIVE if at.mode == LIVE else BYPASSED if at.id != self.root.id else at.mode


@dataclass(frozen=True)
class Made:
    """A node that was made."""

    id: Id

    def __getitem__(self, slot: int) -> Link:
        """One of its outputs."""
        return Link(self.id, slot, made=True)


CONSTANTS: Mapping[str, str] = {
    "PrimitiveNode": "value",
    "PrimitiveInt": "value",
    "PrimitiveFloat": "value",
    "PrimitiveString": "value",
    "PrimitiveStringMultiline": "value",
    "PrimitiveBoolean": "value",
    "INTConstant": "value",
    "FloatConstant": "value",
    "ImpactInt": "value",
    "ImpactFloat": "value",
    "Int Literal": "int",
    "Integer": "value",
    "String Literal": "string",
    "Text Multiline": "text",
    "Text box": "text",
}
"""Nodes that hold one value, and the name it has there."""
