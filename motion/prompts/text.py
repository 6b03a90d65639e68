"""Prompts at some frames of a clip, written as text: ``0: "a cat", 24: "a dog --neg blurry"``.

Also read in the spelling of FizzNodes' BatchPromptSchedule (``"0" :"a cat", "max_f/2" :"a dog",``) and of other packs
(``0 = "a cat", 0.5 = "a dog", -1 = "a fox"``, where 0.5 is half-way and -1 the last frame), with any kind of quotes,
and without quotes if every prompt has a line of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..values import (
    COLONS,
    COMMAS,
    EQUALS,
    INVISIBLE,
    MINUSES,
    SEMICOLONS,
    SPACES,
    Expression,
    ExpressionError,
    parse_expression,
    plain,
)
from .tokens import NEGATIVE, foreign

LONGEST = 200_000
"""Characters of a text with prompts: a book, and read in a moment."""
MOST_ARITHMETIC = 1000
"""Expressions in one prompt."""
_EXAMPLE = 'Write frame: "prompt" pairs with commas between them, for example 0: "a cat", 24: "a dog".'
_ARITHMETIC = "Between backticks stands arithmetic, for example (smile:`0.5 + 0.5 * sin(t / 12)`)."
_ESCAPE_IT = r"Write a quote inside a prompt as \"."
_PAIRS = {'"': '"', "\uff02": "\uff02"}
_PAIRS |= dict.fromkeys("\u201c\u201d\u201e\u201f", "\u201c\u201d\u201e\u201f")
_PAIRS |= dict.fromkeys("\u00ab\u00bb", "\u00ab\u00bb") | dict.fromkeys("\u301d\u301e\u301f", "\u301d\u301e\u301f")
_PAIRS |= {"\u300c": "\u300d", "\u300e": "\u300f"}
_SINGLES = "'\u2018\u2019\u201a\u201b\uff07"
_DOUBLES = "".join(_PAIRS) + "\u300d\u300f"
_QUOTES = _DOUBLES + _SINGLES + "\u2039\u203a"
_BETWEEN = rf"\s{COMMAS}{SEMICOLONS}{INVISIBLE}"
_SPACE = rf"[\s{INVISIBLE}]*+"
_ASSIGNS = rf"[{COLONS}{EQUALS}]"
_SEPARATORS = re.compile(rf"[{_BETWEEN}]*+")
_AROUND = SPACES + COMMAS + SEMICOLONS + INVISIBLE
_KEY = re.compile(
    rf"(?P<open>[{_QUOTES}])?+{_SPACE}(?P<frame>[^{_QUOTES}{COLONS}{EQUALS}{{}}\n\r]{{1,120}}+){_SPACE}"
    rf"(?P<close>[{_QUOTES}])?+{_SPACE}{_ASSIGNS}{_SPACE}"
)
_NUMBER = re.compile(r"-?(?:[0-9]{0,9}\.[0-9]{1,9}|[0-9]{1,9}\.?)")
# an apostrophe between letters belongs to the word
_SINGLE = re.compile(rf"((?:[^{_SINGLES}\\]++|\\.|(?<=\w)[{_SINGLES}](?=\w))*+)[{_SINGLES}]", re.DOTALL)
_QUOTED = {
    **{opened: re.compile(rf"((?:[^{ends}\\]++|\\.)*+)[{ends}]", re.DOTALL) for opened, ends in _PAIRS.items()},
    **dict.fromkeys(_SINGLES, _SINGLE),
    "\u2039": re.compile(r"((?:[^\u203a\\]++|\\.)*+)\u203a", re.DOTALL),
}
_ENDS = re.compile(rf"[^\S\n\r]*+(?:[{COMMAS}{SEMICOLONS}{INVISIBLE}\n\r]|\Z)")
_LINE = re.compile(r"[^\n\r]*+")
# without quotes around it, a prompt with one of these could end in several places: a quote, or what looks like a key
_AMBIGUOUS = re.compile(
    rf'["\u201c\u201d\u201e]|(?:^|[{COMMAS}{SEMICOLONS}])\s*+'
    rf"(?:[{MINUSES}]?+[\d.]++|max_f[-+*/\d.() ]{{0,60}}+)\s*+{_ASSIGNS}"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\n", "t": "\t", "/": "/", "\\": "\\", **{quote: quote for quote in _QUOTES}}
_EXPRESSION = re.compile(r"`([^`\n]*+)`")


class PromptError(ValueError):
    """A text with prompts cannot be read; the message shows the place, what is wrong and what to write."""

    def __init__(self, what: str, text: str, offset: int, advice: str = _EXAMPLE, where: str = "") -> None:
        self.line = text.count("\n", 0, offset) + 1
        self.character = offset - text.rfind("\n", 0, offset)
        place = f"{where}, line" if where else "Line"
        super().__init__(f"{place} {self.line}, character {self.character}: {what}. {advice}".rstrip(". ") + ".")


@dataclass(frozen=True, eq=False)
class Prompt:
    """A text, perhaps with arithmetic in backticks that is computed for each frame."""

    parts: tuple[str | tuple[Expression, int], ...]
    """Pieces in order; an expression comes with its offset in the source."""
    source: str
    where: str = ""
    """What the source is called if a message is to tell it from other texts."""
    negative: "Prompt | None" = None
    """What was written behind --neg."""

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


NO_PROMPT = Prompt((), "")
"""Of what nobody wrote anything."""


def parse_prompts(text: str, frames: int, where: str = "") -> dict[int, Prompt]:
    """Read the prompt of every key, by frame, in the order written.

    Args:
        frames: length of the clip, which -1, 0.5 and max_f / 2 count from.
        where: what messages call the text if there are several.

    Raises:
        PromptError: a key or a prompt that cannot be told apart, or a frame with two prompts.
    """
    if len(text) > LONGEST:
        what = f"the text has {len(text)} characters, and {LONGEST} are read"
        raise PromptError(what, text, LONGEST, "Write fewer or shorter prompts.", where)
    start, end = _inside(text)
    if start == end:
        raise PromptError("there is no prompt", text, start, where=where)
    keys: dict[int, Prompt] = {}
    at = start
    while at < end:
        key = _KEY.match(text, at, end)
        frame = (
            _frame(key["frame"], frames, text, at, where) if key and bool(key["open"]) == bool(key["close"]) else None
        )
        if key is None or frame is None:
            what = f"a frame number and a colon are expected, found {_shown(text, at, end)}"
            raise PromptError(what, text, at, where=where)
        if frame in keys:
            raise PromptError(f"frame {frame} has two prompts, keep one of them", text, at, where=where)
        keys[frame], at = _value(text, key.end(), end, frame, where)
        at = _skipped(text, at, end)
    return keys


def read_prompt(source: str, start: int = 0, end: int | None = None, where: str = "") -> Prompt:
    r"""A prompt from its place in a text, escapes such as \" and \n resolved, --neg taken apart.

    Backslashes before anything else stay: \( and \) mean something to the text encoder.

    Raises:
        PromptError: arithmetic in backticks that cannot be read, --neg twice, or a token of another program.
    """
    end = len(source) if end is None else end
    if end - start > LONGEST:
        what = f"the text has {end - start} characters, and {LONGEST} are read"
        raise PromptError(what, source, start + LONGEST, "Write a shorter one.", where)
    negative = NEGATIVE.search(source, start, end)
    if negative is None:
        return Prompt(_parts(source, start, end, where), source, where)
    again = NEGATIVE.search(source, negative.end(), end)
    if again is not None:
        what = "--neg stands twice in one prompt. Write everything that is not to be seen behind one --neg"
        raise PromptError(what, source, again.start(), "", where)
    behind = Prompt(_parts(source, negative.end(), end, where), source, where)
    before = start + len(source[start : negative.start()].rstrip(SPACES + COMMAS))
    return Prompt(_parts(source, start, before, where), source, where, behind)


def _parts(source: str, start: int, end: int, where: str) -> tuple[str | tuple[Expression, int], ...]:
    parts: list[str | tuple[Expression, int]] = []
    at = start
    for match in _EXPRESSION.finditer(source, start, end):
        parts.append(_words(source, at, match.start(), where))
        if len(parts) > 2 * MOST_ARITHMETIC:
            raise PromptError(f"there are more than {MOST_ARITHMETIC} expressions", source, at, _ARITHMETIC, where)
        try:
            parts.append((parse_expression(match[1]), match.start()))
        except ExpressionError as error:
            raise PromptError(str(error), source, match.start(), _ARITHMETIC, where) from error
        at = match.end()
    parts.append(_words(source, at, end, where))
    return tuple(parts)


def _words(source: str, start: int, end: int, where: str) -> str:
    strange = foreign(source, start, end)
    if strange is not None:
        raise PromptError(strange[1], source, strange[0], "", where)
    return _unescaped(source[start:end])


def _inside(text: str) -> tuple[int, int]:
    """Start and end of what is to be read: without space, separators and a pair of braces around it."""
    start = _skipped(text, 0, len(text))
    end = _stripped(text, start, len(text))
    if start < end and text[start] in "{\uff5b" and text[end - 1] in "}\uff5d":
        start = _skipped(text, start + 1, end - 1)
        end = _stripped(text, start, end - 1)
    return start, max(start, end)


def _skipped(text: str, at: int, end: int) -> int:
    separators = _SEPARATORS.match(text, at, end)
    return separators.end() if separators else at


def _stripped(text: str, start: int, end: int) -> int:
    """The end of a part of a text without separators behind it."""
    return start + len(text[start:end].rstrip(_AROUND))


def _frame(written: str, frames: int, text: str, at: int, where: str) -> int | None:
    """The frame of a key, None if it is nothing of the kind."""
    written = plain(written).strip()
    if "max_f" in written:
        return _computed_frame(written, frames, text, at, where)
    if not _NUMBER.fullmatch(written):
        return None
    if "." not in written:
        return _counted(int(written), written, frames, text, at, where)
    part = float(written)
    if not 0 <= part <= 1:
        what = f"{written} is neither a whole frame nor a part of the clip between 0.0 and 1.0"
        raise PromptError(what, text, at, where=where)
    return min(int(part * frames), frames - 1)


def _counted(frame: int, written: str, frames: int, text: str, at: int, where: str) -> int:
    if frame < -frames:
        raise PromptError(f"{written} lies before the beginning of a clip of {frames} frames", text, at, where=where)
    return frame if frame >= 0 else frame + frames


def _computed_frame(written: str, frames: int, text: str, at: int, where: str) -> int:
    """The frame of a key such as max_f / 2, cut to a whole number as FizzNodes does."""
    try:
        frame = int(parse_expression(written).value({"max_f": frames - 1}))
    except ExpressionError as error:
        raise PromptError(str(error), text, at, where=where) from error
    return _counted(frame, written, frames, text, at, where)


def _value(text: str, at: int, end: int, frame: int, where: str) -> tuple[Prompt, int]:
    """The prompt that starts at a place, and where to read on."""
    if at < end and text[at] in _QUOTED:
        match = _QUOTED[text[at]].match(text, at + 1, end)
        if match is None:
            what = f"the quote that opens the prompt of frame {frame} is never closed"
            raise PromptError(what, text, at, where=where)
        if not _ENDS.match(text, match.end(), end):
            behind = _skipped(text, match.end(), end)
            what = f"a comma is expected after the prompt of frame {frame}, found {_shown(text, behind, end)}"
            advice = f"{_ESCAPE_IT} {_EXAMPLE}"
            raise PromptError(f"{what}. Perhaps a quote is missing before", text, behind, advice, where)
        return read_prompt(text, at + 1, match.end(1), where), match.end()
    match = _LINE.match(text, at, end)
    until = _stripped(text, at, match.end() if match else at)
    if until == at:
        what = f'frame {frame} has no prompt (an empty one is written "")'
        raise PromptError(what, text, min(at, end), where=where)
    unclear = _AMBIGUOUS.search(text[at:until])
    if unclear:
        what = f"where the prompt of frame {frame} ends is not clear; put it in quotes"
        raise PromptError(what, text, at + unclear.start(), f"{_ESCAPE_IT} {_EXAMPLE}", where)
    return read_prompt(text, at, until, where), until


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    plain_text = _ESCAPE.sub(lambda match: _character(match[1]), raw)
    # JSON writes characters beyond 16 bits as two escapes; half a one is nothing
    return plain_text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in raw else plain_text


def _character(escaped: str) -> str:
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return _ESCAPED.get(escaped, f"\\{escaped}")


def _shown(text: str, at: int, end: int) -> str:
    return repr(text[at : min(end, at + 20)]) if at < end else "the end"
