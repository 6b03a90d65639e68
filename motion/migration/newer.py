"""Inputs that ComfyUI's nodes have got since a prompt was written: the host refuses prompts that lack them."""

from collections.abc import Callable, Mapping
from typing import Any

from .loaders import LOADERS
from .report import FilledEntry, Report

Defaults = Callable[[str], Mapping[str, Any]]
"""The required inputs of a node that have a default, with it, by the node's id; empty for a node that is not there."""


def defaults_of(type: str, required: Mapping[str, Any]) -> dict[str, Any]:
    """What the front end would fill in: a value's default, or the first choice of a list that is not one of files.

    Args:
        type: id of the node.
        required: its required inputs as ComfyUI declares them, a type and settings by name.
    """
    files = {one.name for one in LOADERS.get(type, ())}
    found: dict[str, Any] = {}
    for name, spec in required.items():
        kind, settings = spec[0], spec[1] if len(spec) > 1 else {}
        choices = kind if isinstance(kind, list) else settings.get("options") if kind == "COMBO" else None
        if name in files or settings.get("forceInput"):
            continue
        if settings.get("default") is not None:
            found[name] = settings["default"]
        elif choices:
            found[name] = choices[0]
    return found


def with_newer(prompt: dict[str, Any], defaults: Defaults, report: Report) -> dict[str, Any]:
    """A prompt whose nodes have all inputs that have a default; nodes that lack none stay the same objects."""
    written: dict[str, Any] = {}
    known: dict[str, Mapping[str, Any]] = {}
    for key, node in prompt.items():
        written[key] = node
        type = node.get("class_type") if isinstance(node, dict) else None
        if not isinstance(type, str) or not isinstance(node.get("inputs", {}), dict):
            continue
        if type not in known:
            known[type] = defaults(type)
        inputs = node.get("inputs", {})
        missing = {name: value for name, value in known[type].items() if name not in inputs}
        if missing:
            written[key] = {**node, "inputs": {**inputs, **missing}}
            report.filled.append(FilledEntry(key, type, missing))
    return written
