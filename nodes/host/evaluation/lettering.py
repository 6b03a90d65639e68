"""Letters for names in any language: PIL's own font has those of English alone."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from PIL import Image, ImageDraw, ImageFont

NAMED = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "wqy-zenhei.ttc", "DejaVuSans.ttf"),
    *("NotoSans-Regular.ttf", "msyh.ttc", "YuGothM.ttc", "msgothic.ttc", "malgun.ttf", "segoeui.ttf", "arial.ttf"),
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "Arial Unicode.ttf"),
)
"""Fonts of Linux, Windows and macOS that have many letters; PIL looks for them where the system keeps fonts."""
ABSENT = "\U0010fffe"
"""No letter, so that it is drawn as a font draws all that it lacks."""
CELL = 48
"""Pixels of the square in which letters are compared."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Lettering:
    """How some texts are drawn."""

    font: Font
    spelling: Mapping[int, str] = field(default_factory=dict)
    """What is drawn in place of letters that the font lacks."""

    @classmethod
    def of(cls, texts: Sequence[str], size: int) -> "Lettering":
        """With PIL's own font, or the one on this machine that lacks the fewest letters of the texts.

        Args:
            size: pixels.
        """
        letters = "".join(sorted({letter for text in texts for letter in text if ord(letter) > 127}))
        own = ImageFont.load_default(size)
        if not _lacking(own, letters):
            return cls(own)
        fonts = (own, *filter(None, (_named(name, size) for name in NAMED)))
        font = min(fonts, key=lambda each: len(_lacking(each, letters)))
        plain = {letter: _plain(letter) for letter in _lacking(font, letters)}
        return cls(font, {ord(letter): text for letter, text in plain.items() if text})

    def spelt(self, text: str) -> str:
        """A text as it is drawn."""
        return text.translate(self.spelling)


def _plain(letter: str) -> str:
    """A letter without accents, nothing if it is none of the Latin alphabet."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if ord(part) < 128)


@cache
def _named(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _lacking(font: Font, letters: str) -> str:
    absent = _drawn(font, ABSENT)
    return "".join(letter for letter in letters if _drawn(font, letter) == absent)


def _drawn(font: Font, letter: str) -> bytes:
    picture = Image.new("L", (CELL, CELL))
    ImageDraw.Draw(picture).text((0, 0), letter, 255, font)
    return picture.tobytes()
