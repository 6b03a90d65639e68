"""Values as the new nodes take them: whole numbers whole, within their range, choices that are offered."""

import math
from collections.abc import Callable, Mapping

from .records import Link, Value
from .targets import TARGETS, Input


def fitted(type: str, values: Mapping[str, Value], note: Callable[[str], None]) -> dict[str, Value]:
    """The values that a node takes; what it would refuse is brought to the nearest that it does not, and told."""
    target = TARGETS[type]
    # inputs of the same name may differ from choice to choice
    declared = {one.name: one for one in target.chosen(values)}
    result: dict[str, Value] = {}
    for name, value in values.items():
        one = declared.get(name)
        if one is None or isinstance(value, Link):
            result[name] = value
            continue
        now = _fitted(one, value)
        if now is not None:
            result[name] = now
        if now != value:
            what = "its default" if now is None else repr(now)
            note(f"{name} of {target.display} is {what}: {_short(value)} is nothing it takes.")
    return result


def _fitted(one: Input, value: Value) -> Value | None:
    kind = one.type.partition(",")[0] if one.widget else ""
    if not one.widget:
        return value if one.type == "*" else None
    if kind in ("INT", "FLOAT") or "FLOAT" in one.type.split(","):
        return _number(one, kind, value)
    if kind == "BOOLEAN":
        return value if isinstance(value, bool) else None
    if kind == "STRING":
        return value if isinstance(value, str) else None if isinstance(value, (dict, list)) else str(value)
    if one.options is not None:
        return value if value in one.options else None
    return value if isinstance(value, str) else None


def _number(one: Input, kind: str, value: Value) -> int | float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return None
    if one.least is not None:
        value = max(value, one.least)
    if one.most is not None:
        value = min(value, one.most)
    return int(value) if kind == "INT" else value


def _short(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
