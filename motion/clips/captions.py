"""What is said about a clip, in a text file beside it or by its name."""

import codecs
import re

from .errors import ClipsError

EMPTY, FROM_NAME, REFUSE = "empty", "from the name", "refuse"
MISSING = (EMPTY, FROM_NAME, REFUSE)
"""What to do about a clip without a caption."""
ENDINGS = ("txt", "caption")
LARGEST = 1 << 16
"""Bytes of a caption; a larger file is something else."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How texts begin that say their encoding themselves, the longer ones first."""
_NUMBER_AT_END = re.compile(r" [0-9]+$")


def read_caption(path: str) -> str:
    """The text of a file, in one line.

    Raises:
        ClipsError: it cannot be read, or is no text.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ClipsError(f"its caption cannot be read ({error.strerror})") from error
    if len(data) > LARGEST:
        raise ClipsError(f"its caption is longer than {LARGEST >> 10} KB")
    text = decoded(data)
    if "\0" in text:
        raise ClipsError("its caption is no text")
    return one_line(text)


def decoded(data: bytes) -> str:
    """Text in whatever encoding programs write: as it says itself, else UTF-8, else that of Western Windows."""
    encoding = encoding_of(data)
    if encoding is None:
        try:
            return data.decode()
        except UnicodeDecodeError:
            encoding = "cp1252"
    return data.decode(encoding, "replace")


def encoding_of(start: bytes) -> str | None:
    """The encoding that a text says it has, None if it says nothing."""
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)


def one_line(text: str) -> str:
    """A text without line breaks and what cannot be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def caption_of_name(name: str) -> str:
    """A caption from the name of a file without its ending: words, without the number at its end.

    A name of nothing but a number stays, and what is no text in it goes.
    """
    words = one_line(re.sub(r"[\s_.-]+", " ", name))
    return _NUMBER_AT_END.sub("", words)
