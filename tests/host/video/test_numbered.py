"""Pictures by their numbers are those that reading the whole video gives, of every clip of the zoo."""

from pathlib import Path

import pytest
import torch
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import Numbered, VideoFramesError, read_frames

from .species import SPECIMENS

NAMES = [specimen.name for specimen in SPECIMENS]


@pytest.mark.parametrize("window", [{}, {"start_time": 0.5, "duration": 0.6}], ids=["whole", "trimmed"])
@pytest.mark.parametrize("name", NAMES)
def test_each_picture_is_found(zoo: dict[str, Path], name: str, window: dict[str, float]) -> None:
    video = InputImpl.VideoFromFile(str(zoo[name]), **window)
    try:
        whole = read_frames(video, Choice(), 0, 0).images
    except VideoFramesError:
        if not window:
            raise
        with pytest.raises(VideoFramesError, match="has no pictures here"):
            _ = Numbered(video).count
        return
    count = len(whole)
    assert Numbered(video).count == count
    for numbers in (range(count), [count - 1], [count // 2] * 2, [0, 0, count - 1]):
        found = torch.stack([*Numbered(video).pictures(numbers)])
        assert torch.equal(found, whole[[*numbers]])


def test_most_are_found_without_decoding_them(zoo: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.nodes.host.video.numbered.count_frames", None)
    for name in ("h264.mp4", "b-frames.mp4", "b-frames.mkv"):
        assert Numbered(InputImpl.VideoFromFile(str(zoo[name]))).count == 12


def test_a_picture_beyond_the_end(zoo: dict[str, Path]) -> None:
    for name in ("h264.mp4", "b-frames.ts"):
        with pytest.raises(VideoFramesError, match=rf"{name}: The video is damaged: picture 13 of it"):
            list(Numbered(InputImpl.VideoFromFile(str(zoo[name]))).pictures([3, 12]))
