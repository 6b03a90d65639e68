"""Sound to Motion Value: sounds as the host hands them on, and where the values go."""

import math
from typing import Any

import pytest
import torch
from kinema.motion.prompts import plan_travel
from kinema.motion.sound import SoundError
from kinema.motion.values import MotionValue
from kinema.nodes.values import ReadMotionValue, SoundToMotionValue
from kinema.nodes.values import sound as module

RATE = 8000


def loud_in(*frames: int, count: int = 16, channels: int = 2, batch: int = 1, rate: int = RATE) -> dict[str, Any]:
    """A sound of the host, a tone in some of its frames at 8 frames a second."""
    place = torch.arange(count * rate // 8)
    heard = torch.isin(place * 8 // rate, torch.tensor(frames))
    tone = torch.where(heard, 0.5 * torch.sin(place * (2 * math.pi * 1000 / rate)), 0.0)
    return {"waveform": tone.expand(batch, channels, -1), "sample_rate": rate}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(module, "notice", texts.append)
    return texts


def values(audio: Any, frames: int = 16, **inputs: Any) -> list[float]:
    """What the node gives for each frame, as Read Motion Value shows it."""
    value, count = SoundToMotionValue.execute(audio, frames=frames, **inputs).args
    assert isinstance(value, MotionValue)
    assert count == frames or not frames
    return ReadMotionValue.execute(value, count).args[1]


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_loudness_of_each_frame(told: list[str], channels: int, rate: int) -> None:
    found = values(loud_in(3, 4, 9, channels=channels, rate=rate), low=0.5, high=1.5, release=0.0)
    assert found == [1.5 if frame in (3, 4, 9) else 0.5 for frame in range(16)]
    assert told == []


@pytest.mark.parametrize(("follow", "hit"), [("mid", True), ("high", False), ("low", False), ("band", True)])
def test_bands(told: list[str], follow: str, hit: bool) -> None:
    audio = loud_in(*range(4, 9), rate=48000)
    found = values(audio, follow=follow, from_hz=900.0, to_hz=1100.0, release=0.0, scaling="decibels")
    # decibels do not stretch what spills into other bands where the tone begins
    assert (found[6] > 0.9) == hit


def test_as_many_frames_as_the_sound_has(told: list[str]) -> None:
    assert SoundToMotionValue.execute(loud_in(1, count=21)).args[1] == 21
    assert SoundToMotionValue.execute(loud_in(1, count=21), frame_rate=24.0).args[1] == 63


def test_behind_the_end_is_silence(told: list[str]) -> None:
    assert values(loud_in(*range(4), count=4), frames=8, low=0.25, release=0.0) == [1.0] * 4 + [0.25] * 4


def test_silence_is_low_and_says_so(told: list[str]) -> None:
    assert values(loud_in(), low=0.3) == pytest.approx([0.3] * 16)
    assert told == ["The sound is silent: low at every frame."]


def test_the_first_sound_of_several_is_used(told: list[str]) -> None:
    audio = loud_in(3, batch=3)
    assert values(audio, release=0.0)[3] == 1.0
    assert told == ["The first of 3 sounds is used."]


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (None, "perhaps the video has none"),
        ({"waveform": torch.zeros(1, 2, 0), "sample_rate": RATE}, "empty"),
        ({"waveform": torch.zeros(0, 2, 9), "sample_rate": RATE}, "empty"),
        ({"waveform": torch.zeros(1, 2, 9), "sample_rate": 0}, "empty"),
        ({"waveform": torch.full((1, 2, 9), math.nan), "sample_rate": RATE}, "NaN"),
        ({"waveform": torch.zeros(1, 1, 102_000 * 8), "sample_rate": 8}, "Set frames, or trim it"),
    ],
    ids=["no-audio", "no-samples", "no-sound", "no-rate", "nan", "long"],
)
def test_what_cannot_be_followed_is_answered(audio: Any, words: str) -> None:
    with pytest.raises(SoundError, match=words):
        SoundToMotionValue.execute(audio)


def test_ranges_that_hold_nothing_are_answered() -> None:
    assert SoundToMotionValue.validate_inputs(quiet_db=-10.0) == "quiet_db (-10) must be below loud_db (-10)."
    assert SoundToMotionValue.validate_inputs(from_hz=300.0) == "from_hz (300) must be below to_hz (250)."
    assert SoundToMotionValue.validate_inputs(from_hz=None) is True
    with pytest.raises(SoundError, match="from_hz"):
        SoundToMotionValue.execute(loud_in(), from_hz=300.0)


def test_the_list_fits_the_weights_of_prompt_travel(told: list[str]) -> None:
    """Prompt Travel reads a connected Motion Value as Read Motion Value does."""
    found = values(loud_in(1, count=4), frames=4, low=0.5, high=1.5, release=0.0)
    travel = plan_travel('0: "a (storm:`pw_a`)"', 4, values={"pw_a": found})
    assert travel.prompts == ("a (storm:0.500)", "a (storm:1.500)")
