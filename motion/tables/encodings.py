"""Texts in whatever encoding programs write."""

import codecs

from .errors import TableError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How texts begin that say their encoding themselves, the longer ones first."""
LOOKED_AT = 1 << 20
"""Bytes from which the encoding is told."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r")
MOST_CONTROLS = 0.02
"""Part of the bytes of a text that are no letters of one; pictures and videos have more."""


def decoded(data: bytes) -> str:
    """Text as it says itself, else UTF-8, else that of Western Windows."""
    encoding = _told(data)
    if encoding is None:
        try:
            return data.decode()
        except UnicodeDecodeError:
            encoding = "cp1252"
    return data.decode(encoding, "replace")


def encoding_of(start: bytes) -> str:
    """The encoding of a text that begins like this, with `LOOKED_AT` bytes or all of it.

    Raises:
        TableError: it is no text.
    """
    told = _told(start)
    if told is not None:
        return told
    try:
        # of a longer file the last letter may be cut in two
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < LOOKED_AT)
    except UnicodeDecodeError as error:
        if len(start.translate(None, _CONTROLS)) < (1.0 - MOST_CONTROLS) * len(start):
            raise TableError("it is no text") from error
        return "cp1252"
    return "utf-8"


def _told(start: bytes) -> str | None:
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)
