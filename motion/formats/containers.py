"""What kind of file lies under a name, by its first bytes; an extension says nothing."""

import os
import re
import stat
from typing import Literal

from .errors import WeightFileError

Container = Literal["safetensors", "zip", "pickle"]
HEAD = 4096
"""Bytes that are enough to tell."""
LFS = b"version https://git-lfs.github.com/spec/"
MARKUP = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|script|title|!--)", re.IGNORECASE)
SIGNATURES = (
    (b"GGUF", "a GGUF file, which holds quantised weights", "Get the safetensors version of this model."),
    (b"\x89HDF", "a Keras (HDF5) file", "Get the PyTorch or safetensors version of this model."),
    (b"\x93NUMPY", "a NumPy array", "Get the PyTorch or safetensors version of this model."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and choose what is inside."),
    (b"BZh", "a bzip2 archive", "Unpack it and choose what is inside."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it and choose what is inside."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it and choose what is inside."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and choose what is inside."),
    (b"Rar!", "a RAR archive", "Unpack it and choose what is inside."),
    (b"%PDF", "a PDF document", "Choose a model file."),
    (b"\x89PNG", "a picture (PNG)", "Choose a model file."),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Choose a model file."),
    (b"GIF8", "a picture (GIF)", "Choose a model file."),
    (b"\x1a\x45\xdf\xa3", "a video (Matroska or WebM)", "Choose a model file."),
)
"""First bytes, what they say, and what to do."""
ASK_FOR_FILE = (
    "Open the link in a browser, sign in or accept the terms if the page asks for it, and save the file itself with "
    "the page's download button."
)


def container(path: str, name: str) -> Container:
    """How the weights in a file are packed.

    Raises:
        WeightFileError: there is no such file, it cannot be read, or it is no weight file; the message says what it is.
    """
    try:
        mode, size = _status(path, name)
        if stat.S_ISDIR(mode):
            raise WeightFileError(
                f"{name} is a folder, not a file. Choose the weight file inside it; models in the diffusers layout "
                "call it diffusion_pytorch_model.safetensors."
            )
        # opening a pipe would wait for somebody to write into it
        if not stat.S_ISREG(mode):
            raise WeightFileError(f"{name} is a device or a pipe, not a file. Choose a model file.")
        if size == 0:
            raise WeightFileError(f"{name} is empty (0 bytes). Download it again.")
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise unreadable(error, path, name) from error
    packed = _packed(head, size)
    if packed is None:
        raise WeightFileError(f"{name} {_what_else(head, size)}")
    return packed


def unreadable(error: OSError, path: str, name: str) -> WeightFileError:
    """What to say when the system does not let a file be read, each time it is tried."""
    if isinstance(error, PermissionError):
        return WeightFileError(
            f"{name} may not be read: the system denies it. Give the user that runs ComfyUI the permission to read "
            f"{path}."
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return WeightFileError(f"{name} was not found at {path}. Check the file name, or refresh the node list (R).")
    return WeightFileError(
        f"{name} cannot be read from its disk ({error.strerror or type(error).__name__}). Check the disk or the "
        f"network drive of {path}."
    )


def _status(path: str, name: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        if os.path.islink(path) and not os.path.exists(path):
            raise WeightFileError(
                f"{name} is a link to {os.readlink(path)}, where there is no file. Put the file there, or renew the "
                "link."
            ) from error
        raise
    except ValueError as error:
        raise WeightFileError(f"{name!r} is no name a file can have. Choose another file.") from error
    return status.st_mode, status.st_size


def _packed(head: bytes, size: int) -> Container | None:
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    # protocol 2 or newer, as torch writes it
    if head[:1] == b"\x80" and 2 <= int.from_bytes(head[1:2]) <= 5:
        return "pickle"
    # the length of its header is no text, unless it is damaged
    return "safetensors" if head[8:9] == b"{" and size > 9 and not _is_text(head[:8]) else None


def _what_else(head: bytes, size: int) -> str:
    if head.startswith(LFS):
        return (
            "is a Git LFS pointer: a few lines of text that stand for the model. Run `git lfs pull` in its folder, or "
            "download the file itself from the page of its repository."
        )
    if MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        title = re.search(rb"<title[^>]*>([^<]{1,200})", head, re.IGNORECASE)
        called = f' ("{_line(title[1])}")' if title and _line(title[1]) else ""
        return f"is a web page{called} that was saved in place of a model. {ASK_FOR_FILE}"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and _is_text(head):
        return (
            f"is a JSON text, not a model. It begins: {_line(head)}. If it tells an error, the download was refused: "
            f"{ASK_FOR_FILE}"
        )
    for signature, what, advice in SIGNATURES:
        if head.startswith(signature):
            return f"is {what}, not a file of PyTorch weights. {advice}"
    if head[4:8] == b"ftyp":
        return "is a video or a picture (MP4), not a model. Choose a model file."
    if head.startswith(b"PK"):
        return "is an empty zip archive. Download it again."
    if _is_text(head):
        return f"is a text, not a model. It begins: {_line(head)}. {ASK_FOR_FILE}"
    if not head.strip(b"\0"):
        return "begins with nothing but zeros: it was reserved on the disk and never filled. Download it again."
    return (
        f"is of an unknown kind: it begins neither as a safetensors file nor as a PyTorch file ({size:,} bytes). Check "
        "where it comes from, and whether it has to be unpacked or decrypted."
    )


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", "replace")
    odd = sum(not (letter.isprintable() or letter in "\r\n\t\f") for letter in text)
    # the last letter may be cut
    return odd == 0 and text[:-1].count("\N{REPLACEMENT CHARACTER}") == 0


def _line(text: bytes, longest: int = 80) -> str:
    """The beginning of a text on one line."""
    words = " ".join("".join(x if x.isprintable() else " " for x in text.decode("utf-8", "replace")).split())
    return words if len(words) <= longest else words[:longest] + " …"
