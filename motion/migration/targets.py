"""What the migration has to know of the nodes it writes: the host's own list, kept by ``python dev.py targets``.

The table lies in ``targets.json`` so that nothing here needs a running host.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("targets.json")
DYNAMIC, MATCHING, GROWING = "COMFY_DYNAMICCOMBO_V3", "COMFY_MATCHTYPE_V3", "COMFY_AUTOGROW_V3"
"""A choice that brings inputs of its own; a socket of the type of another; as many sockets as are connected."""
WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
UPLOADS: Mapping[str, tuple[Any, ...]] = {
    "image_upload": ("image",),
    "video_upload": ("image",),
    "audio_upload": (None, None),
}
"""What the front end saves of a node that takes uploads: its buttons."""
BUTTONS: Mapping[str, bool] = {"buttons": False, "last": True}
"""Where they are kept, by whether the upload may be left out: ``web/widgets/upload.js`` puts such a button last."""
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
        grown: one of as many sockets as are connected, of which the front end saves no others.
        inner: for a choice that brings inputs of its own, those of each choice; their names go behind a dot.
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
    grown: bool = False
    inner: Mapping[str, "tuple[Input, ...]"] | None = None


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
        last: and those behind all widgets.
    """

    id: str
    display: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    buttons: tuple[Any, ...] = ()
    last: tuple[Any, ...] = ()

    def all_inputs(self) -> Iterator[Input]:
        """Inputs in their order, each with all that its choices bring."""
        for one in self.inputs:
            yield one
            for brought in (one.inner or {}).values():
                yield from brought

    def chosen(self, values: Mapping[str, Any]) -> list[Input]:
        """Inputs in their order, each with those that its choice brings."""
        found: list[Input] = []
        for one in self.inputs:
            choice = values.get(one.name)
            key = choice if isinstance(choice, str) else one.default
            found += [one, *(one.inner or {}).get(key, ())]
        return found


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
    buttons: dict[bool, list[Any]] = {False: [], True: []}
    for optional, group in ((False, "required"), (True, "optional")):
        for name, spec in (info["input"].get(group) or {}).items():
            kind, settings = spec[0], spec[1] if len(spec) > 1 else {}
            for flag, values in UPLOADS.items():
                buttons[optional] += values if settings.get(flag) else ()
            if kind == GROWING:
                inputs += _grown(name, settings["template"])
                continue
            inputs.append(_input(name, kind, settings, optional))
            if kind == DYNAMIC:
                inputs[-1]["inner"] = {
                    option["key"]: _inner(name, option.get("inputs") or {}) for option in settings["options"]
                }
    found = {
        "display": info["display_name"],
        "inputs": inputs,
        "outputs": [[name, kind] for name, kind in zip(info["output_name"], info["output"], strict=True)],
    }
    return found | {name: buttons[optional] for name, optional in BUTTONS.items() if buttons[optional]}


def _grown(name: str, template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sockets of a node that has as many as are connected, under their dotted names."""
    (kind, *_), *_ = next(iter(template["input"].values())).values()
    return [{"name": f"{name}.{one}", "type": kind, "optional": True, "grown": True} for one in template["names"]]


def _inner(name: str, groups: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Inputs that a choice brings, under their dotted names."""
    return [
        _input(f"{name}.{inner}", spec[0], spec[1] if len(spec) > 1 else {}, group == "optional")
        for group in ("required", "optional")
        for inner, spec in (groups.get(group) or {}).items()
    ]


def _input(name: str, kind: Any, settings: Mapping[str, Any], optional: bool) -> dict[str, Any]:
    options = kind if isinstance(kind, list) else settings.get("options")
    if kind == DYNAMIC:
        options = [option["key"] for option in options or ()]
    type = "COMBO" if isinstance(kind, list) else kind
    # a socket of several types has the widget of the one it is told to have
    kinds = WIDGETS | {DYNAMIC}
    widget = not settings.get("forceInput") and (type in kinds or settings.get("widgetType") in kinds)
    # what a list of files or of encoders offers, and so what it begins with, differs from one computer to the next
    files = name in FILE_LISTS or (name.endswith("_name") and name != "sampler_name") or name.endswith(".encoder")
    found: dict[str, Any] = {"name": name, "type": type}
    if widget:
        found["widget"] = True
        default = settings.get("default")
        found["default"] = default if default is not None else "" if files else _first(type, options)
        found |= {ours: settings[theirs] for ours, theirs in (("least", "min"), ("most", "max")) if theirs in settings}
    if optional:
        found["optional"] = True
    if settings.get("control_after_generate"):
        found["control"] = True
    if type in ("COMBO", DYNAMIC) and options and not files:
        found["options"] = list(options)
    return found


def _first(type: str, options: Sequence[Any] | None) -> Any:
    return {"INT": 0, "FLOAT": 0.0, "BOOLEAN": False, "STRING": ""}.get(type, options[0] if options else "")


def _read(entry: Mapping[str, Any]) -> Input:
    options, inner = entry.get("options"), entry.get("inner")
    changed = {
        "options": None if options is None else tuple(options),
        "inner": None if inner is None else {key: tuple(map(_read, brought)) for key, brought in inner.items()},
    }
    return Input(**{"widget": False, **entry, **changed})


def _loaded(data: Mapping[str, Any]) -> dict[str, Target]:
    return {
        key: Target(
            id=key,
            display=entry["display"],
            inputs=tuple(_read(one) for one in entry["inputs"]),
            outputs=tuple(Output(*one) for one in entry["outputs"]),
            buttons=tuple(entry.get("buttons", ())),
            last=tuple(entry.get("last", ())),
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
