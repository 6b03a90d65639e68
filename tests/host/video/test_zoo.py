"""Every clip of the zoo: each picture once and in order, upright, in its colours, and on time with its sound."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import count_frames, read_frames
from kinema.nodes.host.video import read as reading
from kinema.nodes.host.video.read import VideoFrames

from .species import SPECIMENS
from .zoo import CLICK, PATCHES, Specimen, colours_of, looked_at, number_of

BY_NAME = {specimen.name: specimen for specimen in SPECIMENS}
ROUNDED = 0.0015
"""Seconds to which containers round times."""
LATE = 0.03
"""Seconds by which coded sound may be late or early."""
every_specimen = pytest.mark.parametrize("name", BY_NAME)
sounding = pytest.mark.parametrize("name", [name for name, specimen in BY_NAME.items() if specimen.click is not None])


def read(path: Path, choice: Choice | None = None, **window: float) -> VideoFrames:
    return read_frames(InputImpl.VideoFromFile(str(path), **window), choice or Choice(), 0, 0)


def numbers(found: VideoFrames, specimen: Specimen) -> list[int]:
    return [number_of(specimen.upright(picture)) for picture in found.images.numpy()]


def clicks(found: VideoFrames) -> float:
    """Seconds to the click, -1 if there is none."""
    sound: Any = found.sound
    loud = np.flatnonzero(sound["waveform"][0, 0].abs().numpy() > 0.2)
    return float(loud[0]) / sound["sample_rate"] if loud.size else -1.0


def counted(path: Path) -> int:
    """How many pictures PyAV alone finds."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def on_screen(specimen: Specimen, time: float) -> tuple[int, ...]:
    """What is shown at a time; several pictures where one follows the other."""
    # a gif counts in hundredths of a second
    rounded = 0.006 if specimen.name.endswith(".gif") else ROUNDED
    first, last = (np.searchsorted(specimen.shown, time + off, side="right") for off in (-rounded, rounded))
    return specimen.numbers[max(0, int(first) - 1) : max(1, int(last))]


@every_specimen
def test_every_picture_once(zoo: dict[str, Path], name: str) -> None:
    specimen = BY_NAME[name]
    found = read(zoo[name])
    assert numbers(found, specimen) == list(specimen.numbers)
    if len(specimen.numbers) > 1:
        assert found.rate == pytest.approx(specimen.rate, rel=0.01)
    assert found.images.shape[1:3] == specimen.size[::-1]
    if not name.endswith(".webp"):
        assert counted(zoo[name]) == len(specimen.numbers)
    whole = count_frames(InputImpl.VideoFromFile(str(zoo[name])), Choice(), 0, 0)
    assert (whole.frames, whole.width, whole.height) == (len(specimen.numbers), *specimen.size)
    assert whole.rate == found.rate


def test_nothing_is_said_of_sound_clips(zoo: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(reading, "notice", lambda text, *_: said.append(text))
    for name, path in zoo.items():
        read(path)
        assert said == [], name


@every_specimen
def test_colours_and_opacity(zoo: dict[str, Path], name: str) -> None:
    specimen = BY_NAME[name]
    found = read(zoo[name], Choice(count=2))
    for picture, mask in zip(found.images.numpy(), found.mask.numpy(), strict=True):
        colours = colours_of(specimen.upright(picture))
        assert np.abs(colours - np.array(PATCHES[:3]) / 255).max() < specimen.off
        assert float(looked_at(mask[..., None], 2, 4.5)[0]) < 0.1
        assert (float(looked_at(mask[..., None], 7, 4.5)[0]) > 0.9) == specimen.transparent


@every_specimen
@pytest.mark.parametrize("factor", [0.43, 1.0, 2.9])
def test_what_is_on_the_screen_then(zoo: dict[str, Path], name: str, factor: float) -> None:
    """Looked at slower and faster than it plays, with some left out."""
    specimen = BY_NAME[name]
    rate = min(1000.0, factor * specimen.rate)
    lasts = specimen.shown[-1] + 0.5 / rate
    for skip, every in ((0, 1), (1, 2)):
        if specimen.shown[-1] * rate < skip:
            continue
        found = read(zoo[name], Choice(rate, skip, every))
        seen = numbers(found, specimen)
        wanted = [on_screen(specimen, (skip + place * every) / rate) for place in range(len(seen))]
        assert all(number in right for number, right in zip(seen, wanted, strict=True)), (seen, wanted)
        assert (skip + len(seen) * every) / rate >= lasts - every / rate
        assert found.rate == pytest.approx(rate / every)


@sounding
@pytest.mark.parametrize("choice", [Choice(), Choice(24.0), Choice(8.0, 2), Choice(10.0, 1, 2), Choice(0.0, 3)])
@pytest.mark.parametrize("start", [0.0, 0.25, 0.4])
def test_the_click_is_heard_when_it_is_seen(zoo: dict[str, Path], name: str, choice: Choice, start: float) -> None:
    """A clip from any place at any rate: the click comes with its frame, or is left out with it."""
    specimen = BY_NAME[name]
    assert specimen.click is not None
    found = read(zoo[name], choice, start_time=start)
    seen = numbers(found, specimen)
    shown = specimen.shown[specimen.numbers.index(CLICK)]
    apart = specimen.click - shown
    places = [place for place, number in enumerate(seen) if number >= CLICK]
    if seen[0] >= CLICK:
        assert clicks(found) < 0.06 + max(0.0, apart)
    elif specimen.click < shown + 1e-9 or places:
        # a frame at a time between two pictures shows the earlier one
        latest = places[0] / found.rate
        earliest = latest if choice.rate == 0.0 else latest - 1 / found.rate
        assert earliest - LATE < clicks(found) - apart < latest + LATE
