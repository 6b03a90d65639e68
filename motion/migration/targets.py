"""What the migration has to know of the nodes it writes, generated from the host's own list by ``python dev.py targets``.

The table lies in ``targets.json`` so that nothing here needs a running host.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("targets.json")
WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
UPLOADS: Mapping[str, tuple[Any, ...]] = {
    "image_upload": ("image",),
    "video_upload": ("image",),
    "audio_upload": (None, None),
}
"""What the front end saves behind the widgets of a node that takes uploads: its buttons."""


@dataclass(frozen=True)
class Input:
    """An input of a node.

    Args:
        widget: has a value of its own when nothing is connected.
        control: the front end saves a second value behind it, what to do with it after a run.
        options: what a list offers, None for anything else and for lists of files.
    """

    name: str
    type: str
    widget: bool
    optional: bool = False
    default: Any = None
    control: bool = False
    options: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Output:
    """An output of a node."""

    name: str
    type: str


@dataclass(frozen=True)
class Target:
    """A node that the migration may write.

    Args:
        buttons: values that the front end saves behind the required widgets.
    """

    id: str
    display: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    buttons: tuple[Any, ...] = ()

    def input(self, name: str) -> Input | None:
        """An input by name."""
        return next((one for one in self.inputs if one.name == name), None)

    def ordered(self, names: Iterable[str]) -> list[str]:
        """Names in the order of the node, what it does not declare at the end."""
        given = list(names)
        known = [one.name for one in self.inputs if one.name in given]
        return known + [name for name in given if name not in known]


def described(info: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of one node of ``/object_info``, as JSON."""
    inputs: list[dict[str, Any]] = []
    buttons: list[Any] = []
    for optional, group in ((False, "required"), (True, "optional")):
        for name, spec in (info["input"].get(group) or {}).items():
            kind, settings = spec[0], spec[1] if len(spec) > 1 else {}
            for flag, values in UPLOADS.items():
                buttons += values if settings.get(flag) else ()
            inputs.append(_input(name, kind, settings, optional))
    found = {
        "display": info["display_name"],
        "inputs": inputs,
        "outputs": [[name, kind] for name, kind in zip(info["output_name"], info["output"], strict=True)],
    }
    return {**found, "buttons": buttons} if buttons else found


def _input(name: str, kind: Any, settings: Mapping[str, Any], optional: bool) -> dict[str, Any]:
    options = kind if isinstance(kind, list) else settings.get("options")
    type = "COMBO" if isinstance(kind, list) else kind
    # a socket of several types has the widget of the one it is told to have
    widget = not settings.get("forceInput") and (type in WIDGETS or settings.get("widgetType") in WIDGETS)
    found: dict[str, Any] = {"name": name, "type": type}
    if widget:
        found["widget"] = True
        default = settings.get("default")
        if default is None:
            default = _first(type, options)
        found["default"] = default
    if optional:
        found["optional"] = True
    if settings.get("control_after_generate"):
        found["control"] = True
    files = any(settings.get(flag) for flag in (*UPLOADS, "kinema_upload", "remote"))
    if type == "COMBO" and options and not files:
        found["options"] = list(options)
    return found


def _first(type: str, options: Sequence[Any] | None) -> Any:
    return {"INT": 0, "FLOAT": 0.0, "BOOLEAN": False, "STRING": ""}.get(type, options[0] if options else "")


def _loaded() -> dict[str, Target]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        key: Target(
            id=key,
            display=entry["display"],
            inputs=tuple(
                Input(**{**one, "options": tuple(one["options"]) if one.get("options") else None, "widget": one.get("widget", False)})
                for one in entry["inputs"]
            ),
            outputs=tuple(Output(*one) for one in entry["outputs"]),
            buttons=tuple(entry.get("buttons", ())),
        )
        for key, entry in data.items()
    }


TARGETS: Mapping[str, Target] = _loaded()
"""Every node that a rule may write, by id."""
