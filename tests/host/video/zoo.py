"""A zoo of clips as cameras, phones, editors and websites make them, each frame with its number drawn into it.

``draw`` makes the pictures and ``number_of`` reads them; ``species`` says how ffmpeg packs them.
"""

import subprocess
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from PIL import Image

COUNT, RATE = 12, 8
"""Frames in most clips, and how many a second."""
CLICK = 8
"""The frame that begins with a click."""
AUDIO_RATE = 48000
COLUMNS, ROWS = 8, 6
PATCHES = ((220, 40, 40), (40, 200, 60), (50, 60, 220), (128, 128, 128))
"""Colours under the number; the last one is transparent in clips that have transparency."""
HDR_WHITE = 203.0
"""Where white lies in BT.2408: candelas per square metre, and light in front of the camera."""


def draw(number: int, width: int, height: int) -> np.ndarray:
    """A picture of (height, width, 4) bytes: a white mark at the top left, the number in blocks, and colours."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 3] = 255

    def fill(left: int, right: int, top: int, bottom: int, colour: Any) -> None:
        rows = slice(round(top * height / ROWS), round(bottom * height / ROWS))
        columns = slice(round(left * width / COLUMNS), round(right * width / COLUMNS))
        picture[rows, columns, : len(colour)] = colour

    fill(0, 1, 0, 1, (255, 255, 255))
    for bit in range(COLUMNS):
        fill(bit, bit + 1, 1, 3, (255, 255, 255) if number >> bit & 1 else (0, 0, 0))
    for place, colour in enumerate(PATCHES):
        fill(2 * place, 2 * place + 2, 3, 6, colour)
    fill(6, 8, 3, 6, (*PATCHES[3], 0))
    return picture


def looked_at(picture: np.ndarray, column: float, row: float) -> np.ndarray:
    """The mean around a place, in blocks from the top left."""
    high, wide = picture.shape[:2]
    y, x = int(row * high / ROWS), int(column * wide / COLUMNS)
    return picture[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean((0, 1))


def number_of(picture: np.ndarray) -> int:
    """Which frame a picture of (height, width, 3) in 0..1 is; -1 if it does not stand upright."""
    marks = [float(looked_at(picture, column + 0.5, 0.5).mean()) for column in (0, 3, 7)]
    if not marks[0] > 0.5 > max(marks[1:]):
        return -1
    return sum(int(looked_at(picture, bit + 0.5, 2).mean() > 0.5) << bit for bit in range(COLUMNS))


def colours_of(picture: np.ndarray) -> np.ndarray:
    """The (3, 3) opaque colours under the number."""
    return np.stack([looked_at(picture, 2 * place + 1, 4.5) for place in range(3)])


@dataclass(frozen=True)
class Specimen:
    """A clip and what is true of it."""

    name: str
    steps: tuple[tuple[str, ...], ...]
    """ffmpeg's options, one command after the other; ``{}`` is the file, ``{1}`` what the step before made."""
    numbers: tuple[int, ...] = tuple(range(COUNT))
    times: tuple[float, ...] = ()
    """When each picture appears, in seconds from the first one on; at the clip's rate if there are none."""
    rate: float = RATE
    """Frames a second that reading all of them gives."""
    size: tuple[int, int] = (64, 48)
    upright: Callable[[np.ndarray], np.ndarray] = field(default=lambda picture: picture)
    """Turns a picture that stands right back into the one that was drawn."""
    off: float = 0.02
    """How far colours may be off."""
    transparent: bool = False
    click: float | None = None
    """Seconds from the first picture to the click; no sound if None."""

    @property
    def shown(self) -> tuple[float, ...]:
        """When each picture appears."""
        return self.times or tuple(place / self.rate for place in range(len(self.numbers)))


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg and fail with its words."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")


def raise_zoo(folder: Path, specimens: list[Specimen]) -> dict[str, Path]:
    """Make all clips; the path of each by its name."""
    _write_sources(folder)
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda specimen: _raise(folder, specimen), specimens)
        return {specimen.name: path for specimen, path in zip(specimens, made, strict=True)}


def _raise(folder: Path, specimen: Specimen) -> Path:
    path = folder / specimen.name
    before = path
    for place, step in enumerate(specimen.steps):
        last = place == len(specimen.steps) - 1
        after = path if last else folder / f"step{place}-{specimen.name}"
        words = [word.replace("{in}", str(folder)).replace("{1}", str(before)) for word in step]
        ffmpeg(*words, after)
        before = after
    return path


def _write_sources(folder: Path) -> None:
    for width, height in ((64, 48), (63, 47)):
        frames = [draw(number, width, height) for number in range(COUNT)]
        (folder / f"{width}.rgba").write_bytes(b"".join(frame.tobytes() for frame in frames))
    coded = np.stack([draw(number, 64, 48)[..., :3] for number in range(COUNT)]) / 255.0
    for name, signal in (("pq", pq), ("hlg", hlg)):
        (folder / f"{name}.rgb48").write_bytes(np.round(signal(coded) * 65535).astype("<u2").tobytes())
    lasting = {"sound": 1.5, "long": 3.0, "short": 1.2}
    for name, seconds in lasting.items():
        samples = np.zeros(round(seconds * AUDIO_RATE), np.int16)
        start = CLICK * AUDIO_RATE // RATE
        samples[start : start + 2400] = (28000 * np.sin(np.arange(2400) / 6)).astype(np.int16)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(AUDIO_RATE)
            file.writeframes(samples.tobytes())
    Image.fromarray(draw(99, 40, 40)[..., :3]).save(folder / "cover.png")
    (folder / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nWords\n")


WIDER = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
"""BT.709 to BT.2020 light (BT.2087)."""


def _light(coded: np.ndarray) -> np.ndarray:
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return np.clip(linear @ WIDER.T, 0, None)


def pq(coded: np.ndarray) -> np.ndarray:
    """SRGB as BT.2100 PQ."""
    powered = (_light(coded) * HDR_WHITE / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * powered) / (1 + 18.6875 * powered)) ** 78.84375


def hlg(coded: np.ndarray) -> np.ndarray:
    """SRGB as BT.2100 HLG, for a screen of 1000 candela per square metre, whose light is the scene's to the 1.2."""
    shown = _light(coded) * HDR_WHITE / 1000
    brightness = np.maximum(shown @ np.array([0.2627, 0.6780, 0.0593]), 1e-9)[..., None]
    light = shown * brightness ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), bright)
