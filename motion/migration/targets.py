"""What the migration has to know of the nodes it writes: the host's own list, kept by ``python dev.py targets``.

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
FILE_LISTS = frozenset(
    {"domain_adapter", "audio", "file", "folder", "lora", "sparsectrl", "motion_module", "camera_file"}
)
"""Lists of files, whose choices differ from one computer to the next; so are all whose names end in ``_name``."""


@dataclass(frozen=True)
class Input:
    """An input of a node.

    Args:
        widget: has a value of its own when nothing is connected.
        control: the front end saves a second value behind it, what to do with it after a run.
        options: what a list offers, None for anything else and for lists of files.
        least, most: the range of a number.
    """

    name: str
    type: str
    widget: bool
    optional: bool = False
    default: Any = None
    control: bool = False
    options: tuple[Any, ...] | None = None
    least: float | None = None
    most: float | None = None


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


def table(object_info: Mapping[str, Any], wanted: Iterable[str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The whole table from ``/object_info``; nodes that are not there are kept from before as planned.

    Raises:
        KeyError: a node is neither there nor in the table before.
    """
    nodes: dict[str, Any] = {}
    for key in sorted(wanted):
        nodes[key] = described(object_info[key]) if key in object_info else {**before["nodes"][key], "planned": True}
    return {"installed": sorted({*object_info, *nodes}), "nodes": nodes}


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
        found |= {ours: settings[theirs] for ours, theirs in (("least", "min"), ("most", "max")) if theirs in settings}
    if optional:
        found["optional"] = True
    if settings.get("control_after_generate"):
        found["control"] = True
    files = name in FILE_LISTS or (name.endswith("_name") and name != "sampler_name")
    if type == "COMBO" and options and not files:
        found["options"] = list(options)
    return found


def _first(type: str, options: Sequence[Any] | None) -> Any:
    return {"INT": 0, "FLOAT": 0.0, "BOOLEAN": False, "STRING": ""}.get(type, options[0] if options else "")


def _read(entry: Mapping[str, Any]) -> Input:
    options = entry.get("options")
    return Input(**{"widget": False, **entry, "options": None if options is None else tuple(options)})


def _loaded(data: Mapping[str, Any]) -> dict[str, Target]:
    return {
        key: Target(
            id=key,
            display=entry["display"],
            inputs=tuple(_read(one) for one in entry["inputs"]),
            outputs=tuple(Output(*one) for one in entry["outputs"]),
            buttons=tuple(entry.get("buttons", ())),
        )
        for key, entry in data.items()
    }


_DATA = json.loads(FILE.read_text(encoding="utf-8"))
TARGETS: Mapping[str, Target] = _loaded(_DATA["nodes"])
"""Every node that a rule may write, by id."""
PLANNED = frozenset(key for key, entry in _DATA["nodes"].items() if entry.get("planned"))
"""Those that the host did not have when the table was written."""
INSTALLED = frozenset(_DATA["installed"])
"""Ids of all nodes of ComfyUI and this pack."""
