"""Where prepared clips are kept: in the output folder, because they are large and made anew if they are gone.

The user folder holds what people keep and copy elsewhere, and the temp folder is emptied at every start.
"""

import contextlib
import os
import uuid
from pathlib import Path

from ..folders import output_folder

FOLDER = ("kinema", "training cache")
STAMP = "made.txt"


def training_cache() -> Path:
    """The folder; it need not be there."""
    return Path(output_folder(), *FOLDER)


def cache_stamp() -> str | None:
    """Changes when somebody has deleted the folder, so that clips are prepared again; None if it cannot be written."""
    folder = training_cache()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            made = os.open(folder / STAMP, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                os.write(made, uuid.uuid4().hex.encode())
            finally:
                os.close(made)
        return (folder / STAMP).read_text(encoding="ascii")
    return None
