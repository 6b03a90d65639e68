"""Arithmetic in a text, such as ``where(t < 10, 0.5, sin(t / 12))``: a closed list, nothing is executed.

Names, functions and signs are those of numexpr, in which shared prompts and curves are written.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .keyboards import plain

LONGEST = 300
"""Characters of an expression; deeper nesting than fits in there helps nobody."""
_CHAINED = "comparisons need parentheses around each of them, as in (t > 3) & (t < 10)"


class ExpressionError(ValueError):
    """An expression cannot be read, or has no value; the message is part of a sentence that names the place."""


def _bitwise(compute: Callable[..., Any]) -> Callable[..., float]:
    """An operator of comparisons and whole numbers, as one that takes and gives either kind."""

    def computed(*values: float) -> float:
        if all(isinstance(value, bool) for value in values):
            # of one truth, ~ gives a number that is even or odd
            return bool(compute(*values) & 1)
        wrong = next((value for value in values if not float(value).is_integer()), None)
        if wrong is not None:
            raise ExpressionError(f"& | ^ ~ take comparisons or whole numbers, not {wrong:g}; {_CHAINED}")
        return float(compute(*map(int, values)))

    return computed


_SIGNED: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: _bitwise(lambda value: ~int(value)),
}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,
    ast.BitAnd: _bitwise(operator.and_),
    ast.BitOr: _bitwise(operator.or_),
    ast.BitXor: _bitwise(operator.xor),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SHARED = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "expm1", "log", "log10", "log1p", "sqrt", "floor")
_ARCS = ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in (*_SHARED, "ceil", "trunc", "fmod")},
    **{f"arc{name}": getattr(math, f"a{name}") for name in _ARCS},
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
}
"""By the names numexpr has for them; ``where`` is apart, because what it does not choose need have no value."""
_WHERE = "where"
_TOKEN = re.compile(
    r"[ \t]*+(?:(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:e[+-]?[0-9]++)?+(?![A-Za-z_0-9.])|[A-Za-z_][A-Za-z_0-9]*+"
    r"|[<>=!]=|\*\*|[-+*/%(),<>&|^~])[ \t]*+"
)


@dataclass(frozen=True, eq=False)
class Expression:
    """A parsed expression."""

    text: str
    tree: ast.expr

    def value(self, values: Mapping[str, float]) -> float:
        """Its value, finite; what is true counts as 1 and what is not as 0.

        Raises:
            ExpressionError: a name without value, or no number comes out (1 / 0, sqrt(-1)).
        """
        try:
            number = float(_value(self.tree, values))
        except ExpressionError:
            raise
        except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
            raise ExpressionError(f"`{self.text}` has no value: {error}") from error
        if not math.isfinite(number):
            raise ExpressionError(f"`{self.text}` has no value: {number}")
        return number


def parse_expression(text: str) -> Expression:
    """Read numbers, names, + - * / // % **, < <= > >= == !=, & | ^ ~, ( ), where and the functions in FUNCTIONS.

    Raises:
        ExpressionError: something else is in it, or it is no whole expression.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"`{text[:20]}…` is longer than {LONGEST} characters")
    text = " ".join(plain(text).split())
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
        case ast.Name(id=name):
            return _named(name, values)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNED:
            return _SIGNED[type(op)](_value(operand, values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _COMPARISONS[type(op)](_value(left, values), _value(right, values))
        case ast.Compare():
            raise ExpressionError(_CHAINED)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(name, args, values)
    raise ExpressionError("only numbers, names, + - * / % **, comparisons, & | ^ ~ and functions can be computed")


def _named(name: str, values: Mapping[str, float]) -> float:
    if name in values:
        return float(values[name])
    if name == "pi":
        return math.pi
    raise ExpressionError(f"{name!r} has no value here; there are {', '.join([*values, 'pi'])}")


def _called(name: str, arguments: list[ast.expr], values: Mapping[str, float]) -> float:
    if name == _WHERE:
        if len(arguments) != 3:
            raise ExpressionError("where needs three parts: where(condition, value if true, value if not)")
        condition, chosen, other = arguments
        return _value(chosen if _value(condition, values) else other, values)
    if name not in FUNCTIONS:
        raise ExpressionError(f"there is no function {name!r}; there are {', '.join([*FUNCTIONS, _WHERE])}")
    return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
