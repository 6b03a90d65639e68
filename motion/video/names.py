"""Expand ``%date:yyyy-MM-dd%`` and ``%Node title.widget%`` in a filename prefix.

The front end does this for ComfyUI's own save nodes only, and never for prompts queued over HTTP; here both
get it, from the prompt that is running. ``%width%``, ``%year%`` and the like are left to the host.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_DATE_PARTS = re.compile(r"d{1,2}|M{1,2}|h{1,2}|m{1,2}|s{1,2}|yyyy|yy")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f\ud800-\udfff]')
_NOTHING = re.compile(r" *\.? *")
MAX_VALUE_LETTERS = 120
"""Of a widget's text in a name, such as a prompt."""
LARGEST = 1 << 256
"""Python refuses to write out numbers of thousands of digits."""


def expand_prefix(prefix: str, prompt: object, workflow: object, now: datetime) -> str:
    """The prefix with every token it can resolve replaced; unknown tokens stay as they are.

    Args:
        prompt: node id to ``{"class_type", "inputs", "_meta"}``, as queued.
        workflow: the graph it was made from, for names given in the editor. Nobody checks what a request puts into
            it or into ``_meta``, so whatever is of another shape gives no names.
    """
    names = _node_names(_mapping(prompt), _mapping(workflow))

    def resolve(token: re.Match[str]) -> str:
        text = token[1]
        if text.startswith("date:"):
            return _as_name(_format_date(text.removeprefix("date:"), now))
        node, dot, widget = text.rpartition(".")
        for inputs in names.get(node, ()) if dot else ():
            value = inputs.get(widget)
            if _is_short(value):
                return _as_name(str(value))
        return token[0]

    return re.sub(r"%([^%]+)%", resolve, prefix)


def _format_date(pattern: str, now: datetime) -> str:
    values = {"d": now.day, "M": now.month, "h": now.hour, "m": now.minute, "s": now.second}

    def part(match: re.Match[str]) -> str:
        text = match[0]
        if text[0] == "y":
            return f"{now.year:04}"[-len(text) :]
        return str(values[text[0]]).zfill(len(text))

    return _DATE_PARTS.sub(part, pattern)


def _as_name(text: str) -> str:
    """A text as a part of a file name, which leads into no other folder."""
    name = _UNSAFE.sub("_", text[:MAX_VALUE_LETTERS])
    return "_" if _NOTHING.fullmatch(name) else name


def _node_names(prompt: Mapping[str, Any], workflow: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    names: dict[str, list[Mapping[str, Any]]] = {}
    for node in map(_mapping, prompt.values()):
        given = [node.get("class_type"), _mapping(node.get("_meta")).get("title")]
        for name in dict.fromkeys(name for name in given if isinstance(name, str)):
            names.setdefault(name, []).append(_mapping(node.get("inputs")))
    nodes = workflow.get("nodes")
    for node in map(_mapping, nodes if isinstance(nodes, list) else ()):
        name, number = _mapping(node.get("properties")).get("Node name for S&R"), node.get("id")
        queued = _mapping(prompt.get(str(number))) if _is_short(number) else {}
        if isinstance(name, str) and queued:
            names.setdefault(name, []).append(_mapping(queued.get("inputs")))
    return names


def _is_short(value: object) -> bool:
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < LARGEST)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
