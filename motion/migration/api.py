"""API prompts, as they are posted to ``/prompt``: read into a graph, and written back."""

from collections.abc import Mapping
from typing import Any

from .naming import renamed
from .records import BadGraphError, Graph, Id, Link, New, Node, Value
from .targets import TARGETS, Target

PACK_MARKS = ("🅐🅓", "🅥🅗🅢", "🅐🅒🅝", "①", "②")
"""In names that packs give their nodes; a title with one of them is nobody's own."""


def is_prompt(data: Mapping[str, Any]) -> bool:
    """Whether this is an API prompt: ids with nodes that have a class."""
    nodes = [value for value in data.values() if isinstance(value, dict)]
    return any(isinstance(node.get("class_type"), str) for node in nodes)


def own_title(title: Any, type: str) -> str:
    """A title if a person wrote it."""
    if not isinstance(title, str) or title == type or any(mark in title for mark in PACK_MARKS):
        return ""
    return title


def read_prompt(prompt: Mapping[str, Any]) -> Graph:
    """The nodes of a prompt; entries that are no nodes stay out of it.

    Raises:
        BadGraphError: inputs are no objects.
    """
    nodes: dict[Id, Node] = {}
    for key, entry in prompt.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("class_type"), str):
            continue
        inputs = entry.get("inputs", {})
        if not isinstance(inputs, dict):
            raise BadGraphError(f"the inputs of node {key} are no object")
        type = entry["class_type"]
        values = {renamed(type, name): _value(value) for name, value in inputs.items()}
        meta = entry.get("_meta")
        title = own_title(meta.get("title"), type) if isinstance(meta, dict) else ""
        nodes[key] = Node(key, type, values, title=title)
    return Graph(nodes)


def write_prompt(prompt: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """The prompt with new nodes at the places of old ones; entries that nothing happened to are the same objects."""
    beside: dict[Id, list[New]] = {}
    for new in graph.new.values():
        beside.setdefault(new.beside, []).append(new)
    written: dict[str, Any] = {}
    for key, entry in prompt.items():
        for new in beside.get(key, ()):
            written[str(new.id)] = _entry(new, graph, prompt)
        if key in graph.gone:
            continue
        if key in graph.nodes and key not in graph.new:
            entry = _rewired(entry, graph)
        written.setdefault(key, entry)
    return written


def _value(value: Any) -> Value:
    if (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], (str, int))
        and isinstance(value[1], int)
        and not isinstance(value[0], bool)
        and not isinstance(value[1], bool)
    ):
        return Link(str(value[0]), value[1])
    return value


def _rewired(entry: dict[str, Any], graph: Graph) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    dropped: list[str] = []
    for name, raw in entry.get("inputs", {}).items():
        value = _value(raw)
        if isinstance(value, Link):
            now = graph.settled(value)
            if now is None:
                dropped.append(name)
            elif now != value:
                changed[name] = _raw(now)
    if not changed and not dropped:
        return entry
    inputs = {name: changed.get(name, raw) for name, raw in entry["inputs"].items() if name not in dropped}
    return {**entry, "inputs": inputs}


def _raw(value: Value) -> Any:
    return [str(value.node), value.slot] if isinstance(value, Link) else value


def _entry(new: New, graph: Graph, prompt: Mapping[str, Any]) -> dict[str, Any]:
    target = TARGETS[new.type]
    inputs = {name: settled for name in new.values if (settled := graph.settled(new.values[name])) is not None}
    filled = _required(target, inputs)
    order = {one.name: place for place, one in enumerate(target.all_inputs())}
    ordered = {name: _raw(filled[name]) for name in sorted(filled, key=lambda name: order.get(name, len(order)))}
    old = prompt.get(str(new.beside))
    kept = {}
    if isinstance(old, dict) and isinstance(old.get("_meta"), dict):
        kept["_meta"] = {**old["_meta"], "title": new.title or target.display}
    return {"inputs": ordered, "class_type": new.type, **kept}


def _required(target: Target, inputs: dict[str, Value]) -> dict[str, Value]:
    """Inputs with the defaults of what the host refuses to be without."""
    missing = {
        one.name: one.default
        for one in target.chosen(inputs)
        if one.widget and not one.optional and one.name not in inputs and one.default is not None
    }
    return {**inputs, **missing}
