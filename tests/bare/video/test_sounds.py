"""Sound that is shorter or longer than the frames."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kinema.motion.video import CODECS, ENDINGS, Clip, Job, Sound, write_video
from kinema.motion.video.sounds import write_sound

from .test_writing import decode, ffmpeg, frames

RATE = 8000


def click(seconds: float) -> Sound:
    """Loud for a tenth of a second, then soft."""
    samples = torch.full((1, int(RATE * seconds)), 0.01)
    samples[:, : RATE // 10] = 0.9
    return Sound(samples, RATE)


def saved(path: Path, sound: Sound, ending: str, count: int = 16) -> tuple[np.ndarray, int]:
    write_video(Job(Clip(frames(count), 8.0, sound=sound, ending=ending), CODECS["ffv1-mov"], path))
    raw = ffmpeg("-i", str(path), "-f", "f32le", "-ac", "1", "-") if ending != "none" else b""
    return np.frombuffer(raw, np.float32), len(decode(path, 48, 64))


@pytest.mark.parametrize(
    ("ending", "seconds", "samples", "pictures"),
    [
        ("cut", 0.5, 4000, 16),
        ("cut", 5.0, 16000, 16),
        ("pad with silence", 0.5, 16000, 16),
        ("pad with silence", 5.0, 16000, 16),
        ("loop", 0.5, 16000, 16),
        ("loop", 5.0, 16000, 16),
        ("shorten the clip", 0.5, 4000, 4),
        ("shorten the clip", 5.0, 16000, 16),
        ("shorten the clip", 0.01, 80, 1),
        ("none", 0.5, 0, 16),
    ],
)
def test_as_long_as_asked(tmp_path: Path, ending: str, seconds: float, samples: int, pictures: int) -> None:
    assert ending in ENDINGS
    heard, shown = saved(tmp_path / "x.mov", click(seconds), ending)
    assert (len(heard), shown) == (samples, pictures)
    if ending == "loop" and seconds == 0.5:
        starts = heard.reshape(4, 4000)
        assert np.array_equal(starts, np.broadcast_to(starts[:1], starts.shape))
    if ending == "pad with silence" and seconds == 0.5:
        assert np.abs(heard[4000:]).max() == 0


def test_shortened_both_ways(tmp_path: Path) -> None:
    clip = Clip(frames(6), 8.0, True, click(1.0), ending="shorten the clip")
    assert len(clip) == 8
    write_video(Job(clip, CODECS["ffv1-mov"], tmp_path / "x.mov"))
    assert len(decode(tmp_path / "x.mov", 48, 64)) == 8


@pytest.mark.parametrize("ending", ENDINGS)
def test_silence_that_has_no_length(tmp_path: Path, ending: str) -> None:
    path = write_sound(Sound(torch.zeros(1, 0), RATE), tmp_path / "sound", 1.0, ending)
    assert path.stat().st_size == (4 * RATE if ending == "pad with silence" else 0)
