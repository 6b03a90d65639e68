"""What nodes declare: the inputs that have values, as ComfyUI's ``/object_info`` tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VALUES = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
"""Types of inputs that are typed in, and not connected."""


@dataclass(frozen=True)
class Input:
    """An input of a node."""

    type: str
    choices: Sequence[Any] = ()
    """Of a COMBO, as far as they are known."""

    @property
    def has_value(self) -> bool:
        """Whether it may be typed in."""
        return self.type in VALUES


Declared = Mapping[str, Mapping[str, Input]]
"""Inputs by class type and name."""


def declared_inputs(object_info: Mapping[str, Any]) -> Declared:
    """The inputs of all nodes; whatever is of another shape is left out.

    Args:
        object_info: class type to ``{"input": {"required": {name: spec}, "optional": ...}}``.
    """
    return {
        kind: {
            name: told
            for group in ("required", "optional")
            for name, spec in _mapping(_mapping(_mapping(node).get("input")).get(group)).items()
            if (told := _input(spec)) is not None
        }
        for kind, node in object_info.items()
    }


def _input(spec: Any) -> Input | None:
    if not isinstance(spec, Sequence) or isinstance(spec, str) or not spec:
        return None
    # lists stand in the place of the type, or among the settings
    if isinstance(spec[0], list):
        return Input("COMBO", tuple(spec[0]))
    options = _mapping(spec[1]).get("options") if len(spec) > 1 else None
    return Input(str(spec[0]), tuple(options) if isinstance(options, list) else ())


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
