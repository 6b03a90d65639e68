"""Expand ``%date:yyyy-MM-dd%`` and ``%Node title.widget%`` in a filename prefix.

The front end does this for ComfyUI's own save nodes only, and never for prompts queued over HTTP; here both
get it, from the prompt that is running. ``%width%``, ``%year%`` and the like are left to the host.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_DATE_PARTS = re.compile(r"d{1,2}|M{1,2}|h{1,2}|m{1,2}|s{1,2}|yyyy|yy")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')


def expand_prefix(
    prefix: str, prompt: Mapping[str, Any] | None, workflow: Mapping[str, Any] | None, now: datetime
) -> str:
    """The prefix with every token it can resolve replaced; unknown tokens stay as they are.

    Args:
        prompt: node id to ``{"class_type", "inputs", "_meta"}``, as queued.
        workflow: the graph it was made from, for names given in the editor.
    """
    names = _node_names(prompt or {}, workflow or {})

    def resolve(token: re.Match[str]) -> str:
        text = token[1]
        if text.startswith("date:"):
            return _UNSAFE.sub("_", _format_date(text.removeprefix("date:"), now))
        node, dot, widget = text.rpartition(".")
        for inputs in names.get(node, ()) if dot else ():
            value = inputs.get(widget)
            if value is not None and not isinstance(value, list | dict):
                return _UNSAFE.sub("_", str(value))
        return token[0]

    return re.sub(r"%([^%]+)%", resolve, prefix)


def _format_date(pattern: str, now: datetime) -> str:
    values = {"d": now.day, "M": now.month, "h": now.hour, "m": now.minute, "s": now.second}

    def part(found: re.Match[str]) -> str:
        text = found[0]
        if text[0] == "y":
            return f"{now.year:04}"[-len(text) :]
        return str(values[text[0]]).zfill(len(text))

    return _DATE_PARTS.sub(part, pattern)


def _node_names(prompt: Mapping[str, Any], workflow: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    names: dict[str, list[Mapping[str, Any]]] = {}
    for node in prompt.values():
        for name in {node.get("class_type"), (node.get("_meta") or {}).get("title")} - {None}:
            names.setdefault(name, []).append(node.get("inputs") or {})
    for node in workflow.get("nodes") or ():
        given = (node.get("properties") or {}).get("Node name for S&R")
        queued = prompt.get(str(node.get("id")))
        if given and queued:
            names.setdefault(given, []).append(queued.get("inputs") or {})
    return names
