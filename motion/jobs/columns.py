"""Which inputs a column means: ``NODE.input``, where NODE is an id, a class type or a title."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .declared import Declared, Input

Prompt = Mapping[str, Mapping[str, Any]]
"""Node id to ``{"class_type", "inputs", "_meta"}``, as ``POST /prompt`` takes it."""
CLOSE = 3
"""Names that are offered in place of one that is not there."""


class ColumnError(ValueError):
    """A column means no input of a prompt; the message is a sentence."""


@dataclass(frozen=True)
class Place:
    """An input of a node in a prompt."""

    node: str
    input: str
    declared: Input | None
    """None if the node is not known, such as one of a pack that is not here."""
    now: Any
    """Its value, None if it is left out."""


def places_of(column: str, prompt: Prompt, declared: Declared) -> Sequence[Place]:
    """The inputs that a column sets: of one node, or of all nodes of a class.

    Ids, class types and titles may have points in them, and so may inputs.

    Raises:
        ColumnError: there are none, a title belongs to several nodes, or what is there is no value.
    """
    named = [(before, after) for before, after in _splits(column) if _nodes(before, prompt)]
    if not named:
        raise ColumnError(_without_node(column, prompt))
    for name, input in named:
        nodes = _nodes(name, prompt)
        if any(_has(prompt[node], input, declared) for node in nodes):
            return _places(name, nodes, input, prompt, declared)
    name, input = named[-1]
    there = sorted({each for node in _nodes(name, prompt) for each in _inputs(prompt[node], declared)})
    raise ColumnError(
        f"{column}: {name} has no input {input}. {_offered(input, there, f'{name}.') or 'It has none with a value.'}"
    )


def _splits(column: str) -> Iterator[tuple[str, str]]:
    """Before and after each of its points."""
    for place, letter in enumerate(column):
        if letter == "." and 0 < place < len(column) - 1:
            yield column[:place].strip(), column[place + 1 :].strip()


def _nodes(name: str, prompt: Prompt) -> list[str]:
    if name in prompt:
        return [name]
    of_class = [id for id, node in prompt.items() if node["class_type"] == name]
    return of_class or [id for id, node in prompt.items() if _title(node) == name]


def _places(name: str, nodes: Sequence[str], input: str, prompt: Prompt, declared: Declared) -> Sequence[Place]:
    if len(nodes) > 1 and any(prompt[node]["class_type"] != name for node in nodes):
        listed = ", ".join(f"{node} ({prompt[node]['class_type']})" for node in nodes)
        raise ColumnError(
            f"{name}.{input}: the nodes {listed} have the title {name}. Write an id, such as {nodes[0]}.{input}"
        )
    found = [node for node in nodes if _has(prompt[node], input, declared)]
    places = [_place(node, input, prompt[node], declared) for node in found]
    for place in places:
        is_connected = isinstance(place.now, list) and not (place.declared is not None and place.declared.has_value)
        if is_connected or (place.declared is not None and place.now is None and not place.declared.has_value):
            raise ColumnError(f"{name}.{input}: takes what another node makes, and no value")
    return places


def _place(node: str, input: str, entry: Mapping[str, Any], declared: Declared) -> Place:
    return Place(node, input, declared.get(entry["class_type"], {}).get(input), entry["inputs"].get(input))


def _has(node: Mapping[str, Any], input: str, declared: Declared) -> bool:
    return input in node["inputs"] or input in declared.get(node["class_type"], {})


def _inputs(node: Mapping[str, Any], declared: Declared) -> Iterator[str]:
    """Those that take a value."""
    told = declared.get(node["class_type"], {})
    yield from (name for name, value in node["inputs"].items() if not isinstance(value, list))
    yield from (name for name, input in told.items() if input.has_value)


def _without_node(column: str, prompt: Prompt) -> str:
    if not any(True for _ in _splits(column)):
        return f"{column}: columns are NODE.input, name or workflow; a node is an id, a title or a class type"
    names = dict.fromkeys(name for id, node in prompt.items() for name in (node["class_type"], _title(node), id))
    node = next(before for before, _ in _splits(column))
    return f"{column}: the prompt has no node {node}. {_offered(node, [name for name in names if name])}"


def _offered(name: str, there: Sequence[str], before: str = "") -> str:
    lower = {each.lower(): each for each in there}
    close = [lower[each] for each in difflib.get_close_matches(name.lower(), lower, CLOSE, 0.5)]
    if close:
        return f"Did you mean {' or '.join(f'{before}{each}' for each in close)}?"
    return f"There are {', '.join(there[:12])}{', …' if len(there) > 12 else ''}." if there else ""


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title.strip() if isinstance(title, str) else ""
