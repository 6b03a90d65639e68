"""How many frames a clip has before they are read."""

from pathlib import Path

import pytest
import torch
from comfy_api.latest import InputImpl, Types
from kinema.motion.video import CODECS, Choice, Clip, Job, Sound, write_video
from kinema.nodes.host.video import count_frames, read_frames, whole_sound

RATE = 10
CHOICES = [
    Choice(),
    Choice(0.0, 3, 2, 0),
    Choice(8.0),
    Choice(8.0, 2, 3, 4),
    Choice(23.976, 5),
    Choice(30.0, 1, 1, 7),
    Choice(0.5),
]


@pytest.fixture(scope="module", params=["h264-mp4", "vp9-webm", "ffv1-mov", "gif", "apng", "webp", "memory"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> object:
    """Thirty-one frames, with sound where the format has it."""
    images = torch.rand(31, 32, 48, 3)
    sound = Sound(torch.rand(1, 3100 * 8), 8000)
    if request.param == "memory":
        audio = {"waveform": sound.samples[None], "sample_rate": sound.rate}
        return InputImpl.VideoFromComponents(Types.VideoComponents(images=images, audio=audio, frame_rate=RATE))
    codec = CODECS[request.param]
    path = tmp_path_factory.mktemp("videos") / f"clip.{codec.extension}"
    write_video(Job(Clip(images, RATE, sound=sound), codec, path))
    return InputImpl.VideoFromFile(str(path))


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("size", [(0, 0), (16, 0), (24, 40)])
def test_as_reading_gives_them(video: object, choice: Choice, size: tuple[int, int]) -> None:
    whole, clip = count_frames(video, choice, *size), read_frames(video, choice, *size)
    assert (whole.frames, whole.height, whole.width) == tuple(clip.images.shape[:3])
    assert whole.rate == clip.rate
    sound = whole_sound(video, choice, whole)
    assert (sound is None) == (clip.sound is None)
    if sound is not None and clip.sound is not None:
        assert torch.equal(sound["waveform"], clip.sound["waveform"])


def test_nothing_there(video: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends before frame 99"):
        count_frames(video, Choice(0.0, 99), 0, 0)
    (tmp_path / "page.mp4").write_text("<html>")
    with pytest.raises(ValueError, match="cannot be read"):
        count_frames(InputImpl.VideoFromFile(str(tmp_path / "page.mp4")), Choice(), 0, 0)
