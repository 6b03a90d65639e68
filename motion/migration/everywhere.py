"""Use Everywhere: nodes that gave what is connected to them to every open input of its type, as saved wires."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .records import LIVE, Id, UnsupportedError, Value
from .rules import Builder, Old, Rule
from .ui import Row, inputs_of, rows_of

PACK = "Use Everywhere"
ANY, THREE, SOME, PROMPTS, SEED = (
    "Anything Everywhere",
    "Anything Everywhere3",
    "Anything Everywhere?",
    "Prompts Everywhere",
    "Seed Everywhere",
)
ALL = frozenset({ANY, THREE, SOME, PROMPTS, SEED})
RANKS: Mapping[str, int] = {SOME: 2, PROMPTS: 1, SEED: 1}
"""Who wins where several would reach an input: the one that is choosier."""
MOST = 200
"""So many of these nodes are followed; every one of them looks at the whole graph."""
LONGEST = 100
"""Letters of a pattern."""


@dataclass(frozen=True)
class Sender:
    """Something that goes everywhere.

    Args:
        origin, slot: the output it comes from.
        titles, names: patterns that titles of nodes and names of inputs have to fit.
    """

    node: Id
    origin: Id
    slot: int
    type: str
    rank: int = 0
    titles: str = ".*"
    names: str = ".*"


def fits(pattern: str, text: str) -> bool:
    """Whether some part of a text fits a pattern of letters, ``.*``, ``|``, ``^`` and ``$``, whatever its case.

    Raises:
        UnsupportedError: the pattern has more.
    """
    if len(pattern) > LONGEST or set(pattern.replace(".*", "")) & set(".*+?()[]{}\\"):
        raise UnsupportedError(f"its pattern {pattern[:LONGEST]!r} has more than letters, .* and |")
    return any(_fits(one.casefold(), text.casefold()) for one in pattern.split("|"))


def _fits(pattern: str, text: str) -> bool:
    parts = pattern.removeprefix("^").removesuffix("$").split(".*")
    if pattern.startswith("^") and not text.startswith(parts[0]):
        return False
    if pattern.endswith("$") and not text.endswith(parts[-1]):
        return False
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def connected(scope: dict[str, Any], installed: Collection[str]) -> tuple[dict[str, Any], frozenset[Id]]:
    """A graph with the wires that were made when it was queued, and the nodes whose work they do now.

    The graph is one that `ui.read_scope` can read. The same object if there are none; nodes that cannot be followed
    are not among those returned.
    """
    nodes = {raw["id"]: raw for raw in scope["nodes"] if isinstance(raw.get("id"), (int, str))}
    found = [raw for raw in nodes.values() if raw.get("type") in ALL and raw["type"] not in installed]
    if not found or len(found) > MOST or len(nodes) != len(scope["nodes"]):
        return scope, frozenset()
    rows = rows_of(scope)
    done: set[Id] = set()
    senders: list[Sender] = []
    for raw in found:
        try:
            senders += _senders(raw, nodes, rows)
        except UnsupportedError:
            continue
        done.add(raw["id"])
    wires = list(_wires(nodes, rows, senders))
    return (_wired(scope, rows, wires), frozenset(done)) if wires else (scope, frozenset(done))


def _senders(raw: Mapping[str, Any], nodes: Mapping[Id, Any], rows: Mapping[int, Row]) -> Sequence[Sender]:
    type = raw["type"]
    if raw.get("mode", LIVE) != LIVE:
        return ()
    problem = _problem(raw)
    if problem:
        raise UnsupportedError(problem)
    rank = RANKS.get(type, 0)
    if type == SEED:
        return [Sender(raw["id"], raw["id"], 0, "INT", rank, names="seed")]
    titles, names = _patterns(raw) if type == SOME else (".*", ".*")
    found: list[Sender] = []
    for place, one in enumerate(inputs_of(raw)):
        row = rows.get(one["link"]) if isinstance(one.get("link"), int) else None
        if row is None or row.origin not in nodes:
            continue
        if type == PROMPTS:
            names = ("pos", "neg")[place] if place < 2 else ".*"
        kind = _type(row, nodes)
        if kind == "*":
            raise UnsupportedError("the type of what is connected to it is not known")
        found.append(Sender(raw["id"], row.origin, row.origin_slot, kind, rank, titles, names))
    return found


def _problem(raw: Mapping[str, Any]) -> str:
    """Why a node cannot be followed, empty if it can."""
    told = raw.get("properties")
    properties = told if isinstance(told, dict) else {}
    if any(properties.get(name) for name in ("group_restricted", "color_restricted")) or "ue_properties" in properties:
        return "it reaches only nodes of a group or colour"
    values = raw.get("widgets_values")
    if raw["type"] == SOME and isinstance(values, list) and len(values) > 2 and values[2] not in (".*", "", None):
        return "it reaches only nodes of a group"
    return ""


def _patterns(raw: Mapping[str, Any]) -> tuple[str, str]:
    values = raw.get("widgets_values")
    texts = [value if isinstance(value, str) else ".*" for value in values[:2]] if isinstance(values, list) else []
    titles, names = [*texts, ".*", ".*"][:2]
    for pattern in (titles, names):
        fits(pattern, "")
    return titles, names


def _type(row: Row, nodes: Mapping[Id, Any]) -> str:
    outputs = nodes[row.origin].get("outputs")
    one = outputs[row.origin_slot] if isinstance(outputs, list) and 0 <= row.origin_slot < len(outputs) else None
    told = one.get("type") if isinstance(one, dict) else None
    return told if isinstance(told, str) and told != "*" else row.type if isinstance(row.type, str) else "*"


def _wires(
    nodes: Mapping[Id, Any], rows: Mapping[int, Row], senders: Sequence[Sender]
) -> Iterator[tuple[Sender, Id, int]]:
    """Who reaches which input, by the node and its place there."""
    before: dict[Id, list[Id]] = {}
    for row in rows.values():
        before.setdefault(row.target, []).append(row.origin)
    behind = {sender: _ancestors(sender.origin, before) for sender in senders}
    for key, raw in nodes.items():
        if raw.get("type") in ALL or raw.get("mode", LIVE) != LIVE or not isinstance(raw.get("inputs"), list):
            continue
        title = raw.get("title") if isinstance(raw.get("title"), str) else str(raw.get("type"))
        for place, one in enumerate(raw["inputs"]):
            if not isinstance(one, dict) or one.get("link") is not None or not _takes(one, raw):
                continue
            near = [
                sender
                for sender in senders
                if sender.type == one.get("type")
                and key not in behind[sender]
                and fits(sender.names, str(one.get("name")))
                and fits(sender.titles, title)
            ]
            best = max((sender.rank for sender in near), default=0)
            chosen = [sender for sender in near if sender.rank == best]
            # of two that would reach it neither did
            if len({(sender.origin, sender.slot) for sender in chosen}) == 1:
                yield chosen[0], key, place


def _takes(one: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    """Whether an open input waits for something: newer front ends save those of all widgets too."""
    if "widget" not in one:
        return True
    told = raw.get("properties")
    version = told.get("ver") if isinstance(told, dict) else None
    return version is None and "localized_name" not in one


def _ancestors(key: Id, before: Mapping[Id, Sequence[Id]]) -> frozenset[Id]:
    """A node and all it depends on."""
    found: set[Id] = {key}
    stack = [key]
    while stack:
        for origin in before.get(stack.pop(), ()):
            if origin not in found:
                found.add(origin)
                stack.append(origin)
    return frozenset(found)


def _wired(scope: dict[str, Any], rows: Mapping[int, Row], wires: Sequence[tuple[Sender, Id, int]]) -> dict[str, Any]:
    told = scope.get("last_link_id")
    last = max([0, *rows, told if isinstance(told, int) else 0])
    as_objects = any(isinstance(raw, dict) for raw in scope.get("links") or ())
    into: dict[Id, dict[int, int]] = {}
    out: dict[tuple[Id, int], list[int]] = {}
    links: list[Any] = list(scope.get("links") or ())
    for sender, target, place in wires:
        last += 1
        into.setdefault(target, {})[place] = last
        out.setdefault((sender.origin, sender.slot), []).append(last)
        parts = (last, sender.origin, sender.slot, target, place, sender.type)
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links.append(dict(zip(names, parts, strict=True)) if as_objects else list(parts))
    origins = {origin for origin, _ in out}
    nodes = [
        _with_links(raw, into.get(raw["id"], {}), out) if raw["id"] in into or raw["id"] in origins else raw
        for raw in scope["nodes"]
    ]
    return {**scope, "nodes": nodes, "links": links, "last_link_id": last}


def _with_links(
    raw: dict[str, Any], into: Mapping[int, int], out: Mapping[tuple[Id, int], Sequence[int]]
) -> dict[str, Any]:
    changed = dict(raw)
    if into:
        changed["inputs"] = [
            {**one, "link": into[place]} if place in into else one for place, one in enumerate(raw["inputs"])
        ]
    if isinstance(raw.get("outputs"), list):
        changed["outputs"] = [
            {**one, "links": [*_listed(one.get("links")), *out[raw["id"], slot]]}
            if (raw["id"], slot) in out and isinstance(one, dict)
            else one
            for slot, one in enumerate(raw["outputs"])
        ]
    return changed


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _check(old: Old) -> None:
    """A prompt has these wires already; in a graph they have been made before, or could not be.

    Raises:
        UnsupportedError: they could not.
    """
    wired = old.graph.wired
    if wired is not None and old.node.id not in wired:
        raise UnsupportedError("it chooses inputs in a way that is not known here: connect them yourself")


def everywhere(old: Old, new: Builder) -> Sequence[Value | None]:
    """Wires."""
    _check(old)
    return []


def seed(old: Old, new: Builder) -> Sequence[Value | None]:
    """A number with wires to every seed."""
    _check(old)
    return [new.node("PrimitiveInt", old, value=old.get("seed", 0))[0]]


RULES = (
    *(Rule(id, PACK, (), everywhere, "wires that are saved") for id in (ANY, THREE, SOME, PROMPTS)),
    Rule(SEED, PACK, ("PrimitiveInt",), seed, "wires that are saved"),
)
