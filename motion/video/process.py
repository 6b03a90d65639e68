"""Run ffmpeg on frames that are made while it works."""

import contextlib
import functools
import os
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np

from .codecs import Codec

LOG_BYTES = 64 << 10
"""Of what ffmpeg says, the beginning; a fault may repeat itself for every frame."""


class VideoError(RuntimeError):
    """A clip could not be written; the message says why, and nothing is left behind."""


@functools.cache
def encoders(executable: str) -> frozenset[str]:
    """Names of the encoders an ffmpeg binary offers."""
    listing = subprocess.run([executable, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True)
    return frozenset(line.split()[1] for line in listing.stdout.splitlines() if len(line.split()) > 1)


def check_encoder(codec: Codec) -> str:
    """The ffmpeg binary to use.

    Raises:
        VideoError: there is none, or it lacks the codec's encoder.
    """
    try:
        executable = imageio_ffmpeg.get_ffmpeg_exe()
        if os.path.dirname(executable):
            executable = os.path.abspath(executable)  # it runs in a folder of its own
        known = encoders(executable)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise VideoError(
            f"ffmpeg cannot be run ({error}). Reinstall it with `pip install --force-reinstall imageio-ffmpeg`, or "
            "point IMAGEIO_FFMPEG_EXE to a working ffmpeg."
        ) from error
    if codec.encoder not in known:
        raise VideoError(
            f"{executable} has no encoder {codec.encoder}, which {codec.name} needs. Choose another format, or unset "
            "IMAGEIO_FFMPEG_EXE to use the ffmpeg that comes with imageio-ffmpeg."
        )
    return executable


def run(command: list[str], frames: Iterable[np.ndarray], folder: Path) -> tuple[int, str]:
    """Run a command in a folder with frames on its standard input.

    Files are named relative to the folder, so that none of the names above it, which are a person's, is read as a
    pattern or an option.

    Returns:
        The exit code and what it said. It says it through a pipe: a log file would be lost on a full disk.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder
    )
    assert process.stdin is not None
    assert process.stderr is not None
    said: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
    listener.start()
    try:
        # a closed pipe is ffmpeg's way to say that it gave up; its exit code and its words tell why
        with contextlib.suppress(BrokenPipeError):
            for frame in frames:
                process.stdin.write(frame.data)
            process.stdin.close()
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        listener.join()
        process.stderr.close()
        with contextlib.suppress(OSError):
            process.stdin.close()
    return code, b"".join(said).decode("utf-8", "replace").strip()


def _listen(pipe: IO[bytes], said: list[bytes]) -> None:
    room = LOG_BYTES
    while text := pipe.read1(4096):  # type: ignore[attr-defined]
        said.append(text[:room])
        room -= len(said[-1])
