"""What an input takes, told by its declaration alone: values written into a prompt, and what comes over wires.

The host converts and compares what is written, and stops with a raw error where it cannot; nothing is looked at that
comes over a wire. Here both are one question, answered with a sentence.
"""

import copy
import json
import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

from comfy_api.latest import Input, io
from torch import Tensor

from ...motion.migration import Question, find_model
from ..host.requests import BrokenLink

SHOWN = 60
"""Characters of a wrong value that a message shows."""
LISTED = 20
"""Choices that a message lists."""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Real | str)


def _number(value: Any) -> float | None:
    """A number, from text as well, because the host takes it so."""
    try:
        return float(value) if _is_scalar(value) else None
    except (ValueError, OverflowError):
        return None


def _whole(value: Any) -> int | None:
    try:
        return int(value) if _is_scalar(value) else None
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    if not _is_scalar(value):
        return None
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def _truth(value: Any) -> bool | None:
    return bool(value) if isinstance(value, Real) else None


def _choice(value: Any) -> str | None:
    return _text(value) if isinstance(value, str) else None


_KINDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "INT": (_whole, "a whole number"),
    "FLOAT": (_number, "a number"),
    "STRING": (_text, "text"),
    "BOOLEAN": (_truth, "true or false"),
    "COMBO": (_choice, "one of its choices"),
    io.DynamicCombo.io_type: (_choice, "one of its choices"),
}
"""Types that can be written: what the host makes of a value, None if it is none, and what to call it."""
_WIRED: Mapping[str, type] = {"IMAGE": Tensor, "MASK": Tensor, "LATENT": Mapping, "CONDITIONING": list}
"""What comes over wires of these types."""
_BESIDE: Mapping[str, type] = {**_WIRED, "VIDEO": Input.Video}
"""The same for inputs that take several types."""
_BLANK: Mapping[str, Any] = {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}


def read(each: io.Input, value: Any) -> Any:
    """A written value as the host understands it, None if it is nothing the input takes."""
    values = (_KINDS[kind][0](value) for kind in _types(each) if kind in _KINDS)
    return next((value for value in values if value is not None), None)


def kind_problem(each: io.Input, value: Any) -> str | None:
    """What is wrong with the kind of a written value, None if nothing is."""
    if read(each, value) is not None or (value is None and each.optional and not _written(each)):
        return None
    if isinstance(value, BrokenLink):
        return f"{each.id} is connected to {value}. Connect it again."
    if isinstance(value, str) and _text(value) is None:
        return f"{each.id} holds half a character ({_shown(value)}). Type it again, or take it out."
    return f"{each.id} takes {takes(each)}, not {_shown(value)}."


def limit_problem(each: io.Input, value: Any) -> str | None:
    """What is wrong with a value of the right kind, None if nothing is."""
    widget = _widget(each)
    options = None if is_upload(each) else choices(widget)
    if options is not None and not getattr(widget, "multiselect", False) and value not in options:
        if not options:
            return f"{each.id} is {_shown(value)}, but there is nothing to choose from. Read the help page."
        options = _nearest_first(value, options)
        more = f" and {len(options) - LISTED} more" if len(options) > LISTED else ""
        return f"{each.id} is {_shown(value)}. Choose one of: {', '.join(map(str, options[:LISTED]))}{more}."
    low, high = getattr(widget, "min", None), getattr(widget, "max", None)
    number: Any = value if isinstance(value, Real) else 0
    endless = isinstance(number, float) and not math.isfinite(number)
    outside = (low is not None and number < low) or (high is not None and number > high)
    if not isinstance(value, Real) or not (endless or outside):
        return None
    return f"{each.id} takes {takes(each)}, not {_shown(value)}."


def _nearest_first(value: Any, options: list[Any]) -> list[Any]:
    """Choices with those before the others that may be meant by something that is none of them."""
    texts = [each for each in options if isinstance(each, str)]
    meant = find_model(value, texts) if isinstance(value, str) else None
    near = meant.candidates if isinstance(meant, Question) else (meant.name,) if meant else ()
    return list(dict.fromkeys([*near, *options]))


def wire_problem(each: io.Input, value: Any) -> str | None:
    """What is wrong with what came over a wire, None if nothing is; types the nodes know better pass."""
    types = _types(each)
    if value is None and each.optional:
        return None
    known = _WIRED if len(types) == 1 else _BESIDE
    if known.keys() >= set(types) and not isinstance(value, tuple(known[kind] for kind in types)):
        what = "nothing" if value is None else f"a {type(value).__name__}"
        return (
            f"{each.id} takes a value of type {' or '.join(types)}, but {what} came over the connection. Connect "
            "another output."
        )
    if len(types) == 1 and types[0] in _KINDS:
        return kind_problem(each, value) or limit_problem(each, value)
    return None


def is_upload(each: io.Input) -> bool:
    """Whether an input lists files that are there, while others may be named that came since or lie elsewhere."""
    return getattr(_widget(each), "upload", None) is not None


def stand_in(each: io.Input) -> Any:
    """A value the host has no complaint about, in place of a wrong one that is reported already."""
    default = getattr(_widget(each), "default", None)
    if isinstance(each, io.DynamicCombo.Input):
        return each.options[0].key
    return default if default is not None else _BLANK.get(_types(each)[0])


def choices(each: io.Input) -> list[str] | None:
    """What an input lets choose from, None if it is no choice."""
    if isinstance(each, io.DynamicCombo.Input):
        return [option.key for option in each.options]
    return getattr(each, "options", None)


def declared(inputs: Iterable[io.Input], given: Mapping[str, Any]) -> list[io.Input]:
    """All inputs a node has with what is given: those that belong to a choice are there while it is made."""
    found: list[io.Input] = []
    for each in inputs:
        found.append(each)
        if isinstance(each, io.DynamicCombo.Input):
            chosen = given.get(each.id)
            of_choice = (option.inputs for option in each.options if option.key == chosen)
            found += [_below(each.id, inner) for inner in next(of_choice, [])]
    return found


def flat(inputs: Iterable[io.Input], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the names requests have for them: the host hands over a choice and what belongs to it as one."""
    values = dict(given)
    for each in inputs:
        value = values.get(each.id)
        if isinstance(each, io.DynamicCombo.Input) and isinstance(value, Mapping) and each.id in value:
            values[each.id] = value[each.id]
            values |= {f"{each.id}.{name}": inner for name, inner in value.items() if name != each.id}
    return values


def choose(inputs: Iterable[io.Input], given: dict[str, Any]) -> None:
    """Write down a choice that is left out, or wrapped, while values that belong to it are there; in place."""
    for each in inputs:
        if not isinstance(each, io.DynamicCombo.Input):
            continue
        value = given.get(each.id)
        if isinstance(value, dict) and "__value__" in value:
            given[each.id] = value["__value__"]
        if each.optional and each.id not in given and any(name.startswith(f"{each.id}.") for name in given):
            given[each.id] = each.options[0].key


def stray_problem(inputs: Iterable[io.Input], given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The choice, and what is wrong with a value that belongs to none of its options; None if there is none.

    What belongs to another option than the chosen one stays without effect: it is left over where somebody changed the
    choice alone.
    """
    for each in (each for each in inputs if isinstance(each, io.DynamicCombo.Input)):
        known = {f"{each.id}.{inner.id}" for option in each.options for inner in option.inputs}
        for name in given:
            if name.startswith(f"{each.id}.") and name not in known:
                return each.id, f"{_shown(name)} is no setting of {each.id}. Take it out."
    return None


def _below(parent: str, each: io.Input) -> io.Input:
    below = copy.copy(each)
    below.id = f"{parent}.{each.id}"
    return below


def takes(each: io.Input) -> str:
    """What an input takes, as a part of a sentence."""
    connection = f"a connection from an output of type {' or '.join(_types(each))}"
    written = _written(each)
    if not written:
        return connection
    widget = _widget(each)
    low, high = getattr(widget, "min", None), getattr(widget, "max", None)
    range_ = ""
    if low is not None and high is not None and "COMBO" not in written:
        range_ = f" from {_bound(low)} to {_bound(high)}"
    return f"{_KINDS[written[0]][1]}{range_}" + (", or a connection" if len(_types(each)) > 1 else "")


def _bound(value: float) -> str:
    """A million with all its digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _types(each: io.Input) -> list[str]:
    if isinstance(each, io.MatchType.Input):
        return [kind.io_type for kind in each.template.allowed_types]
    return each.get_io_type().split(",")


def _written(each: io.Input) -> list[str]:
    return [kind for kind in _types(each) if kind in _KINDS]


def _widget(each: io.Input) -> io.Input:
    return getattr(each, "input_override", None) or each


def _shown(value: Any) -> str:
    try:
        shown = json.dumps(value, default=lambda other: type(other).__name__)
    except (ValueError, TypeError, RecursionError):
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
