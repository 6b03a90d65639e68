"""Letters for names in any language: PIL's own font has Latin ones alone."""

from collections.abc import Sequence
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


def font_for(texts: Sequence[str], size: int) -> Font:
    """PIL's own font, or the one on this machine that lacks the fewest letters of some texts.

    Args:
        size: pixels.
    """
    letters = "".join(sorted({letter for text in texts for letter in text if ord(letter) > 127}))
    own = ImageFont.load_default(size)
    if not letters or not _lacks(own, letters):
        return own
    return min((own, *filter(None, (_named(name, size) for name in NAMED))), key=lambda font: _lacks(font, letters))


@cache
def _named(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _lacks(font: Font, letters: str) -> int:
    absent = _drawn(font, ABSENT)
    return sum(_drawn(font, letter) == absent for letter in letters)


def _drawn(font: Font, letter: str) -> bytes:
    picture = Image.new("L", (CELL, CELL))
    ImageDraw.Draw(picture).text((0, 0), letter, 255, font)
    return picture.tobytes()
