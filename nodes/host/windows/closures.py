"""What functions of other nodes leave behind when they return, as far as it can be seen from outside."""

import dis
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType
from typing import Any


@lru_cache(maxsize=256)
def _assigned(code: CodeType) -> frozenset[str]:
    """Variables of the functions around this one that it assigns."""
    return frozenset(
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname == "STORE_DEREF" and instruction.argval in code.co_freevars
    )


def rebinds(function: Any) -> bool:
    """Whether a function assigns a variable of the function around it, which lives on after the call."""
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and bool(_assigned(code))


def leaves_to(function: Any, readers: Iterable[Any]) -> bool:
    """Whether one of other functions sees a variable that this one assigns."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return False
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    own = {id(cell) for name, cell in cells if name in _assigned(code)}
    return any(id(cell) in own for reader in readers for cell in getattr(reader, "__closure__", None) or ())


def has_in_common(function: Any, readers: Iterable[Any]) -> bool:
    """Whether a function and one of others hold the same dictionary or list, or belong to the same object."""
    own = {id(each) for each in _held(function)}
    return any(id(each) in own for reader in readers for each in _held(reader))


def _held(function: Any) -> list[Any]:
    held = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:  # a variable that nothing was assigned to yet
            continue
        if isinstance(content, dict | list):
            held.append(content)
    owner = getattr(function, "__self__", None if hasattr(function, "__code__") else function)
    return held if owner is None else [*held, owner]


def name_of(function: Any) -> str:
    """The class a function was written in, which in ComfyUI is the node; else the function, or an object's class."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return str(named.__qualname__).split(".")[0]
