"""Arithmetic in a text, such as ``0.5 + 0.5 * sin(t / 12)``: a closed list of what may occur, nothing is executed."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 200
"""Characters of an expression; deeper nesting than fits in there helps nobody."""
_OPERATORS: dict[type[ast.operator] | type[ast.unaryop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_SHARED = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log10", "sqrt", "floor", "ceil")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in _SHARED},
    **{f"arc{name}": getattr(math, f"a{name}") for name in ("sin", "cos", "tan")},
    "abs": abs,
    "min": min,
    "max": max,
}
"""By the names numexpr has for them, which shared prompts use."""
_TOKEN = re.compile(
    r"[ \t]*(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?(?![A-Za-z_0-9.])|[A-Za-z_][A-Za-z_0-9]*|[-+*/%(),])[ \t]*"
)


class ExpressionError(ValueError):
    """An expression cannot be read, or has no value; the message is part of a sentence that names the place."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A parsed expression."""

    text: str
    tree: ast.expr

    def value(self, values: Mapping[str, float]) -> float:
        """Its value, finite.

        Raises:
            ExpressionError: a name without value, or no number comes out (1 / 0, sqrt(-1)).
        """
        try:
            found = float(_value(self.tree, values))
        except ExpressionError:
            raise
        except (ArithmeticError, ValueError, TypeError) as error:
            raise ExpressionError(f"`{self.text}` has no value: {error}") from error
        if not math.isfinite(found):
            raise ExpressionError(f"`{self.text}` has no value: {found}")
        return found


def parse_expression(text: str) -> Expression:
    """Read numbers, names, + - * / // % ** ( ) and the functions in FUNCTIONS.

    Raises:
        ExpressionError: something else is in it, or it is no whole expression.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"`{text[:20]}…` is longer than {LONGEST} characters")
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise ExpressionError(f"`{text}` cannot be computed: {text[place:][:10]!r} is no arithmetic")
        place = token.end()
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"`{text}` is not complete arithmetic") from error
    return Expression(text, tree)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id="pi"):
            return math.pi
        case ast.Name(id=name):
            if name not in values:
                raise ExpressionError(f"{name!r} has no value here; there are {', '.join([*values, 'pi'])}")
            return float(values[name])
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=args) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, values) for argument in args))
        case ast.Call(func=ast.Name(id=name)):
            raise ExpressionError(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}")
    raise ExpressionError("only numbers, names, + - * / % ** and functions can be computed")
