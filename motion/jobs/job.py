"""A job: a prompt with the values of its row, and what tells it from others."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from .columns import Place, Prompt
from .errors import JobsError

EXACT = 2.0**53
"""Below it, every whole number is one with a point."""


class Change(NamedTuple):
    """A value for an input."""

    place: Place
    value: Any


@dataclass(frozen=True)
class Job:
    """One clip to make."""

    name: str
    values: Mapping[str, Any]
    """What its row and the values it is multiplied with say, by column."""
    prompt: Prompt
    key: str
    """Jobs with the same one make the same."""


def checked_prompt(data: Any, name: str) -> Prompt:
    """A prompt in API format.

    Args:
        name: what people call it.

    Raises:
        JobsError: it is none.
    """
    if not isinstance(data, dict) or not data:
        raise JobsError([f"{name} is no prompt in API format: an object with nodes by their ids."])
    wrong = [id for id, node in data.items() if not _is_node(node)]
    if wrong:
        raise JobsError([f"{name} is no prompt in API format: {wrong[0]} has no class_type, or wrong inputs."])
    return {id: {**node, "inputs": dict(node.get("inputs", {}))} for id, node in data.items()}


def changed(prompt: Prompt, changes: Iterable[Change]) -> Prompt:
    """A prompt with other values; nodes without any are the same objects."""
    made = dict(prompt)
    for place, value in changes:
        node = made[place.node]
        made[place.node] = {**node, "inputs": {**node["inputs"], place.input: value}}
    return made


def key_of(prompt: Prompt, known: Mapping[int, str] = MappingProxyType({})) -> str:
    """What a prompt makes: titles do not count, nor how a number is written.

    Args:
        known: `texts_of` a prompt that this one shares nodes with, and that is still there.
    """
    nodes = ((id, known.get(_identity(node)) or _text(node)) for id, node in sorted(prompt.items()))
    text = ",".join(f"{json.dumps(id)}:{node}" for id, node in nodes)
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()


def texts_of(prompt: Prompt) -> Mapping[int, str]:
    """What `key_of` makes of each node, by its identity as long as it lives."""
    return {_identity(node): _text(node) for node in prompt.values()}


_identity = id
"""Python's, since `id` is that of a node here."""


def _text(node: Mapping[str, Any]) -> str:
    bare = {name: _plain(part) for name, part in node.items() if name != "_meta"}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """The same with 8 for 8.0, as front ends write it."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs", {}), dict)
    )


def each_once(jobs: Sequence[Job]) -> list[Job]:
    """Without those that are like an earlier one."""
    return list({job.key: job for job in reversed(jobs)}.values())[::-1]
