"""Texts with numbers as any keyboard types them: full-width signs, other digits, curly quotes, spaces that do not show.

Only for texts that hold nothing but numbers, names and signs; words stay as they are written.
"""

import math
import re
import unicodedata
from collections.abc import Mapping

COLONS = ":\uff1a\ufe55\ufe13\u2236"
COMMAS = ",\uff0c\ufe50\ufe51\u3001\uff64\u060c\u066c"
SEMICOLONS = ";\uff1b\ufe54\u061b\u037e"
EQUALS = "=\uff1d\ufe66"
MINUSES = "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
DOUBLE_QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f\u301d\u301e\u301f\uff02'
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b\u2039\u203a\uff07"
INVISIBLE = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\u2061\u2062\u2063\u2064\ufeff"
INVISIBLE += "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Joiners, marks of direction and the like. The two separators of lines are among them because they show nothing."""
SPACES = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B))))
SPACES += "\u2028\u2029\u202f\u205f\u3000"
_SIGNS: Mapping[str, str] = {
    COLONS: ":",
    COMMAS: ",",
    SEMICOLONS: ";",
    EQUALS: "=",
    MINUSES: "-",
    DOUBLE_QUOTES: '"',
    SINGLE_QUOTES: "'",
    "\uff0e\ufe52\u066b": ".",
    "\uff0b\ufe62": "+",
    "\u00d7\uff0a\u2217\u22c5": "*",
    "\u00f7\uff0f\u2044\u2215": "/",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u03c0": "pi",
    "\u2028\u2029\x85": "\n",
    INVISIBLE: "",
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:e[+-]?[0-9]++)?+", re.IGNORECASE)
_LONGEST = 64
"""Characters of a number; those of a double are 24."""
_WIDTHS = ("<wide>", "<narrow>", "<small>")
"""Kinds of letters that differ from others by their width alone."""
_PLAIN = {ord(sign): plain for signs, plain in reversed(_SIGNS.items()) for sign in signs}


def plain(text: str) -> str:
    """The same text in the signs of ASCII, as far as there are any; signs that do not show are left out.

    Linear, at the speed of a table look-up.
    """
    return text if text.isascii() else text.translate(_Typed())


def read_number(text: str) -> float | None:
    """A decimal number in ASCII, None for anything else: no names, no underscores, nothing without an end."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


class _Typed(dict[int, str]):
    """One look at each distinct character."""

    def __missing__(self, code: int) -> str:
        self[code] = sign = _PLAIN[code] if code in _PLAIN else _ascii(chr(code))
        return sign


def _ascii(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    if letter.isspace():
        return " "
    if unicodedata.decomposition(letter).startswith(_WIDTHS):
        return unicodedata.normalize("NFKC", letter)
    return letter
