"""What is said about a clip, in a text file beside it or by its name."""

import re

from ..tables import decoded
from .errors import ClipsError

EMPTY, FROM_NAME, REFUSE = "empty", "from the name", "refuse"
MISSING = (EMPTY, FROM_NAME, REFUSE)
"""What to do about a clip without a caption."""
ENDINGS = ("txt", "caption")
LARGEST = 1 << 16
"""Bytes of a caption; a larger file is something else."""
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


def one_line(text: str) -> str:
    """A text without line breaks and what cannot be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def caption_of_name(name: str) -> str:
    """A caption from the name of a file without its ending: words, without the number at its end.

    A name of nothing but a number stays, and what is no text in it goes.
    """
    words = one_line(re.sub(r"[\s_.-]+", " ", name))
    return _NUMBER_AT_END.sub("", words)
