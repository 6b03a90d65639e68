"""Prompts at some frames of a clip, written as text: ``0: "a cat", 24: "a dog"``.

Also read in the spelling of FizzNodes' BatchPromptSchedule (``"0" :"a cat",``) and of other packs
(``0 = "a cat", 0.5 = "a dog", -1 = "a fox"``, where 0.5 is half-way and -1 the last frame), with any kind of quotes,
and without quotes if every prompt has a line of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .expressions import Expression, ExpressionError, parse_expression

_EXAMPLE = 'Write frame: "prompt" pairs with commas between them, for example 0: "a cat", 24: "a dog".'
_ARITHMETIC = "Between backticks stands arithmetic, for example (smile:`0.5 + 0.5 * sin(t / 12)`)."
_ESCAPE_IT = r"Write a quote inside a prompt as \"."
_AROUND = " \t\r\n\f\v\u00a0\ufeff,"
_SEPARATORS = re.compile(r"[\s,\ufeff]*")
_DOUBLES, _SINGLES = "\u201c\u201d\u201e", "'\u2018\u2019\u201a"
_QUOTES = f'"{_DOUBLES}{_SINGLES}'
_KEY = re.compile(rf"([{_QUOTES}]?)\s*(-?(?:[0-9]{{0,9}}\.[0-9]{{1,9}}|[0-9]{{1,9}}\.?))\s*([{_QUOTES}]?)\s*[:=]\s*")
_STRAIGHT = re.compile(r'((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_CURLY = re.compile(rf"((?:[^{_DOUBLES}\\]++|\\.)*+)[{_DOUBLES}]", re.DOTALL)
# an apostrophe between letters belongs to the word
_SINGLE = re.compile(rf"((?:[^{_SINGLES}\\]++|\\.|(?<=\w)[{_SINGLES}](?=\w))*+)[{_SINGLES}]", re.DOTALL)
_QUOTED = {'"': _STRAIGHT, **dict.fromkeys(_DOUBLES, _CURLY), **dict.fromkeys(_SINGLES, _SINGLE)}
_ENDS = re.compile(r"[^\S\n\r]*(?:[,\n\r]|\Z)")
_LINE = re.compile(r"[^\n\r]*")
# without quotes around it, a prompt with one of these could end in several places: a quote, or what looks like a key
_AMBIGUOUS = re.compile(rf'["{_DOUBLES}]|(?:^|[,;])\s*-?[0-9.]+\s*[:=]')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\n", "t": "\t", "/": "/", "\\": "\\", **{quote: quote for quote in _QUOTES}}
_EXPRESSION = re.compile(r"`([^`\n]*)`")


class PromptError(ValueError):
    """A text with prompts cannot be read; the message shows the place, what is wrong and what to write."""

    def __init__(self, what: str, text: str, offset: int, advice: str = _EXAMPLE, where: str = "") -> None:
        self.line = text.count("\n", 0, offset) + 1
        self.character = offset - text.rfind("\n", 0, offset)
        place = f"{where}, line" if where else "Line"
        super().__init__(f"{place} {self.line}, character {self.character}: {what}. {advice}")


@dataclass(frozen=True, eq=False)
class Prompt:
    """A text, perhaps with arithmetic in backticks that is computed for each frame."""

    parts: tuple[str | tuple[Expression, int], ...]
    """Pieces in order; an expression comes with its offset in the source."""
    source: str
    where: str = ""
    """What the source is called if a message is to tell it from other texts."""

    @property
    def changes(self) -> bool:
        """Whether it may differ from frame to frame."""
        return any(not isinstance(part, str) for part in self.parts)

    def at(self, values: Mapping[str, float]) -> str:
        """The text with the value of each expression, rounded to three digits; nothing around it.

        Raises:
            PromptError: an expression has no value.
        """
        return "".join(part if isinstance(part, str) else self._computed(*part, values) for part in self.parts).strip()

    def _computed(self, expression: Expression, offset: int, values: Mapping[str, float]) -> str:
        try:
            return f"{round(expression.value(values), 3) + 0.0:.3f}"  # + 0.0 makes -0.0 positive
        except ExpressionError as error:
            what = f"{error} (at frame {values['t']:.0f})"
            raise PromptError(what, self.source, offset, _ARITHMETIC, self.where) from error


def parse_prompts(text: str, frames: int) -> dict[int, Prompt]:
    """Read the prompt of every key, by frame, in the order written.

    Args:
        frames: length of the clip, which -1 and 0.5 count from.

    Raises:
        PromptError: a key or a prompt that cannot be told apart, or a frame with two prompts.
    """
    start, end = _inside(text)
    if start == end:
        raise PromptError("there is no prompt", text, start)
    keys: dict[int, Prompt] = {}
    at = start
    while at < end:
        key = _KEY.match(text, at, end)
        if key is None or bool(key[1]) != bool(key[3]):
            raise PromptError(f"a frame number and a colon are expected, found {_shown(text, at, end)}", text, at)
        frame = _frame(key[2], frames, text, at)
        if frame in keys:
            raise PromptError(f"frame {frame} has two prompts, keep one of them", text, at)
        keys[frame], at = _value(text, key.end(), end, frame)
        at = _skipped(text, at, end)
    return keys


def read_prompt(source: str, start: int = 0, end: int | None = None, where: str = "") -> Prompt:
    r"""A prompt from its place in a text, escapes such as \" and \n resolved.

    Backslashes before anything else stay: \( and \) mean something to the text encoder.

    Raises:
        PromptError: arithmetic in backticks that cannot be read.
    """
    end = len(source) if end is None else end
    parts: list[str | tuple[Expression, int]] = []
    at = start
    for found in _EXPRESSION.finditer(source, start, end):
        parts.append(_unescaped(source[at : found.start()]))
        try:
            parts.append((parse_expression(found[1]), found.start()))
        except ExpressionError as error:
            raise PromptError(str(error), source, found.start(), _ARITHMETIC, where) from error
        at = found.end()
    parts.append(_unescaped(source[at:end]))
    return Prompt(tuple(parts), source, where)


def _inside(text: str) -> tuple[int, int]:
    """Start and end of what is to be read: without space, commas and a pair of braces around it."""
    start, end = _skipped(text, 0, len(text)), len(text.rstrip(_AROUND))
    if start < end and text[start] == "{" and text[end - 1] == "}":
        start, end = _skipped(text, start + 1, end - 1), end - 1
    return start, max(start, end)


def _skipped(text: str, at: int, end: int) -> int:
    separators = _SEPARATORS.match(text, at, end)
    return separators.end() if separators else at


def _frame(written: str, frames: int, text: str, at: int) -> int:
    if "." not in written:
        frame = int(written)
        if frame < -frames:
            raise PromptError(f"{written} lies before the beginning of a clip of {frames} frames", text, at)
        return frame if frame >= 0 else frame + frames
    part = float(written)
    if not 0 <= part <= 1:
        raise PromptError(f"{written} is neither a whole frame nor a part of the clip between 0.0 and 1.0", text, at)
    return min(int(part * frames), frames - 1)


def _value(text: str, at: int, end: int, frame: int) -> tuple[Prompt, int]:
    """The prompt that starts at a place, and where to read on."""
    if at < end and text[at] in _QUOTED:
        found = _QUOTED[text[at]].match(text, at + 1, end)
        if found is None:
            raise PromptError(f"the quote that opens the prompt of frame {frame} is never closed", text, at)
        if not _ENDS.match(text, found.end(), end):
            behind = _skipped(text, found.end(), end)
            what = f"a comma is expected after the prompt of frame {frame}, found {_shown(text, behind, end)}"
            raise PromptError(f"{what}. Perhaps a quote is missing before", text, behind, f"{_ESCAPE_IT} {_EXAMPLE}")
        return read_prompt(text, at + 1, found.end(1)), found.end()
    found = _LINE.match(text, at, end)
    line = found[0].rstrip(_AROUND) if found else ""
    if not line:
        raise PromptError(f'frame {frame} has no prompt (an empty one is written "")', text, min(at, end))
    unclear = _AMBIGUOUS.search(line)
    if unclear:
        what = f"where the prompt of frame {frame} ends is not clear; put it in quotes"
        raise PromptError(what, text, at + unclear.start(), f"{_ESCAPE_IT} {_EXAMPLE}")
    return read_prompt(text, at, at + len(line)), at + len(line)


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    plain = _ESCAPE.sub(lambda found: _character(found[1]), raw)
    # JSON writes characters beyond 16 bits as two escapes; half a one is nothing
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in raw else plain


def _character(escaped: str) -> str:
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return _ESCAPED.get(escaped, f"\\{escaped}")


def _shown(text: str, at: int, end: int) -> str:
    return repr(text[at : min(end, at + 20)]) if at < end else "the end"
