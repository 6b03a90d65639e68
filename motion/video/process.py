"""Run ffmpeg on frames that are made while it works."""

import contextlib
import functools
import os
import queue
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np

from .codecs import Codec

WAITING = 2
"""Frames that are ready while one is written: they are made while ffmpeg takes the ones before."""
PIPE_BYTES = 1 << 20
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
    executable = ffmpeg()
    if codec.encoder not in encoders(executable):
        raise VideoError(
            f"{executable} has no encoder {codec.encoder}, which {codec.name} needs. Choose another format, or unset "
            "IMAGEIO_FFMPEG_EXE to use the ffmpeg that comes with imageio-ffmpeg."
        )
    return executable


def ffmpeg() -> str:
    """The ffmpeg binary.

    Raises:
        VideoError: there is none that runs.
    """
    try:
        executable = imageio_ffmpeg.get_ffmpeg_exe()
        if os.path.dirname(executable):
            executable = os.path.abspath(executable)  # it runs in a folder of its own
        encoders(executable)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise VideoError(
            f"ffmpeg cannot be run ({error}). Reinstall it with `pip install --force-reinstall imageio-ffmpeg`, or "
            "point IMAGEIO_FFMPEG_EXE to a working ffmpeg."
        ) from error
    return executable


def run(command: list[str], frames: Iterable[np.ndarray], folder: Path) -> tuple[int, str]:
    """Run a command in a folder with frames on its standard input.

    Files are named relative to the folder, so that none of the names above it, which are a person's, is read as a
    pattern or an option.

    Returns:
        The exit code and what it said. It says it through a pipe: a log file would be lost on a full disk.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        pipesize=PIPE_BYTES,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    said: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
    waiting: queue.Queue[np.ndarray | None] = queue.Queue(WAITING)
    closed = threading.Event()
    writer = threading.Thread(target=_write, args=(process.stdin, waiting, closed), daemon=True)
    listener.start()
    writer.start()
    try:
        for frame in frames:
            if not _put(waiting, frame, closed):
                break  # ffmpeg gave up; its exit code and its words tell why
        _put(waiting, None, closed)
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        _put(waiting, None, closed)
        writer.join()
        listener.join()
        process.stderr.close()
    return code, b"".join(said).decode("utf-8", "replace").strip()


def _put(waiting: "queue.Queue[np.ndarray | None]", frame: np.ndarray | None, closed: threading.Event) -> bool:
    """Hand a frame over; False if nobody takes any more."""
    while not closed.is_set():
        with contextlib.suppress(queue.Full):
            waiting.put(frame, timeout=0.1)
            return True
    return False


def _write(pipe: IO[bytes], waiting: "queue.Queue[np.ndarray | None]", closed: threading.Event) -> None:
    """Write frames until there is None, or until the other end of the pipe is closed."""
    try:
        with contextlib.suppress(OSError):
            while (frame := waiting.get()) is not None:
                pipe.write(frame.data)
    finally:
        closed.set()
        with contextlib.suppress(OSError):
            pipe.close()


def _listen(pipe: IO[bytes], said: list[bytes]) -> None:
    room = LOG_BYTES
    while text := pipe.read1(4096):  # type: ignore[attr-defined]
        said.append(text[:room])
        room -= len(said[-1])
