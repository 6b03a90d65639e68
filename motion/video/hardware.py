"""Encoders of the graphics card: which of them really work on this computer.

ffmpeg lists encoders that it was built with, whether or not there is such a card. So one tiny picture is encoded with
each of those that the computer could have at all, in the background, once.
"""

import functools
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .codecs import CODECS
from .encoding import Wanted, encoding_for
from .process import VideoError, encoders, ffmpeg
from .settings import SOFTWARE

PLACES = {
    "nvenc": ("/dev/nvidia0", "/dev/dxg", "C:/Windows/System32/nvEncodeAPI64.dll"),
    "qsv": ("/dev/dri/renderD128", "C:/Windows/System32/DriverStore"),
    "amf": ("C:/Windows/System32/amfrt64.dll", "/opt/amdgpu-pro"),
    "vaapi": ("/dev/dri/renderD128",),
}
"""What is there if a maker's encoders may be."""
SIDE = 256
"""Pixels; some encoders take nothing smaller."""
SECONDS = 10
"""A driver that does not answer does not work."""
AT_ONCE = 4


def is_possible(encoder: str) -> bool:
    """Whether the computer could have an encoder; costs nothing to ask."""
    maker = encoder.rpartition("_")[2]
    return sys.platform == "darwin" if maker == "videotoolbox" else any(map(_exists, PLACES[maker]))


def offered(format: str, wait: bool = False) -> tuple[str, ...]:
    """Encoders of a format that work, as far as that is known.

    Args:
        wait: until it is known.
    """
    try:
        found = _looking(ffmpeg())
    except VideoError:
        return ()
    return tuple(
        name
        for (of, name), answer in found.items()
        if of == format and (wait or answer.done()) and answer.result() is None
    )


def hardware_problem(format: str, encoder: str) -> str | None:
    """Why an encoder cannot be used here, None if it can."""
    if encoder == SOFTWARE or encoder in offered(format, wait=True):
        return None
    others = ", ".join((SOFTWARE, *offered(format)))
    return f"format.encoder is {encoder}, which does not work on this computer. Choose one of: {others}."


@functools.cache
def _looking(executable: str) -> dict[tuple[str, str], "Future[str | None]"]:
    """A future answer for each encoder that could be here: None if it works, else what it said."""
    known = encoders(executable)
    names = [
        (codec.name, name)
        for codec in CODECS.values()
        for setting in codec.settings
        if setting.name == "encoder"
        for name in setting.choices
        if name != SOFTWARE and name in known and is_possible(name)
    ]
    if not names:
        return {}
    pool = ThreadPoolExecutor(AT_ONCE, "kinema-encoders")
    found = {pair: pool.submit(_tried, executable, *pair) for pair in names}
    pool.shutdown(wait=False)
    return found


def _tried(executable: str, format: str, name: str) -> str | None:
    made = encoding_for(CODECS[format], Wanted(settings={"encoder": name, "depth": "8-bit"}))
    command = [executable, "-v", "error", *made.device, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIDE}x{SIDE}"]
    command += ["-r", "8", "-i", "pipe:0", "-vf", ",".join(made.filters), *made.arguments, "-f", "null", "-"]
    try:
        done = subprocess.run(command, input=bytes(SIDE * SIDE * 3), capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.decode("utf-8", "replace") or "no reason given"


def _exists(place: str) -> bool:
    return Path(place).exists()
