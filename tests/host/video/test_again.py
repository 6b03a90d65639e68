"""Videos that are saved once more: every frame, their transparency, their times, their sound."""

import resource
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from comfy_api.latest import InputImpl, Types
from kinema.motion.video import CODECS, Clip, Job, Sound, write_video
from kinema.nodes.host.video import saved_again
from kinema.nodes.host.video.again import VideoFramesError

from .test_read import AUDIO_RATE, COUNT, RATE, greys, numbers


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("again") / "clip.mov"
    sound = torch.arange(AUDIO_RATE).div(AUDIO_RATE)[None].repeat(2, 1)
    write_video(Job(Clip(greys(), RATE, sound=Sound(sound, AUDIO_RATE)), CODECS["ffv1-mov"], path))
    return path


def test_every_frame_in_any_order(path: Path) -> None:
    found = saved_again(InputImpl.VideoFromFile(str(path)), 0.0)
    assert found.rate == RATE
    assert tuple(found.images.shape) == (COUNT, 32, 64, 3)
    assert numbers(found.images[3:6]) == [3, 4, 5]
    assert numbers(found.images[6:8]) == [6, 7]
    assert numbers(found.images[0:2]) == [0, 1]
    assert (found.images[:] - greys()).abs().max() < 0.01


@pytest.mark.parametrize("rate", [8.0, 48.0])
def test_another_rate_keeps_the_time(path: Path, rate: float) -> None:
    found = saved_again(InputImpl.VideoFromFile(str(path)), rate)
    wanted = [int(number * RATE / rate) for number in range(int(rate))]
    assert numbers(found.images[:]) == wanted


def test_the_sound_is_that_of_the_frames(path: Path) -> None:
    whole = saved_again(InputImpl.VideoFromFile(str(path)), 0.0).sound
    assert whole is not None
    heard = np.concatenate([*whole.parts()])
    assert heard.shape == (AUDIO_RATE, 2)
    assert np.abs(heard[:, 0] - np.arange(AUDIO_RATE) / AUDIO_RATE).max() < 0.001
    part = saved_again(InputImpl.VideoFromFile(str(path)).as_trimmed(0.5, 0.25, strict_duration=False), 0.0)
    assert numbers(part.images[:]) == list(range(12, 18))
    assert part.sound is not None
    heard = np.concatenate([*part.sound.parts()])
    assert len(heard) == AUDIO_RATE // 4
    assert heard[0, 0] == pytest.approx(0.5, abs=0.001)


def test_transparency_goes_along(tmp_path: Path) -> None:
    images = torch.rand(4, 32, 64, 4)
    images[..., 3] = (torch.arange(64) < 32).float()
    path = tmp_path / "clip.webm"
    write_video(Job(Clip(images, 8.0), CODECS["vp9-webm"], path))
    found = saved_again(InputImpl.VideoFromFile(str(path)), 0.0).images
    assert tuple(found.shape) == (4, 32, 64, 4)
    assert found[:][..., :28, 3].min() > 0.8
    assert found[:][..., 36:, 3].max() < 0.2


def test_pictures_that_stay_for_different_times_stay_at_theirs(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate((0, 100, 200, 700, 800, 900)):
            picture = (greys()[number].numpy() * 255).round().astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = saved_again(InputImpl.VideoFromFile(str(path)), 0.0)
    shown = numbers(found.images[:])
    assert shown == [0, 1, 2, 2, 2, 2, 2, 3, 4, 5]
    assert found.rate == 10


def test_frames_in_memory(path: Path) -> None:
    sound = {"waveform": torch.zeros(1, 2, AUDIO_RATE), "sample_rate": AUDIO_RATE}
    parts = Types.VideoComponents(images=greys(), audio=sound, frame_rate=Fraction(RATE))
    video = InputImpl.VideoFromComponents(parts)
    assert saved_again(video, 0.0).rate == RATE
    assert numbers(saved_again(video, 8.0).images[2:4]) == [6, 9]


def test_a_long_video_takes_no_more_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    write_video(Job(Clip(torch.rand(1, 128, 128, 3).expand(1500, -1, -1, -1), 24.0), CODECS["h264-mp4"], path))
    clip = saved_again(InputImpl.VideoFromFile(str(path)), 0.0)
    write_video(Job(Clip(clip.images[0:8], 24.0), CODECS["h264-mp4"], tmp_path / "warm.mp4"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_video(Job(Clip(clip.images, clip.rate, at_once=8), CODECS["h264-mp4"], tmp_path / "again.mp4"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10, "of 295 MB of frames"


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 4096])
def test_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoFramesError, match="cannot be read"):
        saved_again(InputImpl.VideoFromFile(str(path)), 0.0)
