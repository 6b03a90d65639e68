"""No damaged clip ends in an error of a library, takes long, or is read for what it is not."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import read as reading
from kinema.nodes.host.video.read import VideoFramesError, read_frames

from .damaged import damage, write_clips

CHOICES = [(Choice(count=12), 0, 0), (Choice(8.0, 1, 2, 6), 32, 0), (Choice(12.0, count=5), 16, 24)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One of each container."""
    return write_clips(tmp_path_factory.mktemp("clips"))


def outcome(path: Path, number: int) -> str:
    """What reading it comes to: "read" or "refused"; anything else is raised."""
    choice, width, height = CHOICES[number % len(CHOICES)]
    video = InputImpl.VideoFromFile(str(path), start_time=0.2 * (number % 4 == 3), duration=0.5 * (number % 8 == 7))
    try:
        found = read_frames(video, choice, width, height)
    except VideoFramesError:
        return "refused"
    assert found.images.shape[:3] == found.mask.shape
    assert 0 < found.images.shape[0] <= choice.count
    assert found.rate > 0
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    return "read"


def test_sound_clips_are_read(clips: list[Path]) -> None:
    assert len(clips) >= 12
    for path in clips:
        assert [outcome(path, number) for number in range(8)] == ["read"] * 8, path.name


def test_damaged_clips(clips: list[Path], tmp_path: Path) -> None:
    counts = {"read": 0, "refused": 0}
    began = time.monotonic()
    for seed in range(8):
        for number, clip in enumerate(clips):
            path = tmp_path / clip.name
            path.write_bytes(damage(clip.read_bytes(), 1000 * number + seed))
            start = time.monotonic()
            counts[outcome(path, seed)] += 1
            assert time.monotonic() - start < 5
        if time.monotonic() - began > 20:
            break
    assert min(counts.values()) > 0, counts


@pytest.mark.parametrize("length", [0, 1, 7, 100])
def test_almost_nothing(tmp_path: Path, length: int) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0" * length)
    assert outcome(path, 0) == "refused"


def test_what_is_no_video(tmp_path: Path) -> None:
    page = tmp_path / "page.mp4"
    page.write_text("<html>" * 100)
    for path in (page, tmp_path, tmp_path / "gone.mp4"):
        assert outcome(path, 0) == "refused"
    with pytest.raises(VideoFramesError, match=r"No such file.*Choose another file"):
        read_frames(InputImpl.VideoFromFile(str(tmp_path / "gone.mp4")), Choice(), 0, 0)


def test_streams_nobody_can_decode() -> None:
    container = SimpleNamespace(
        streams=SimpleNamespace(video=[SimpleNamespace(codec_context=None, disposition=0)], audio=[])
    )
    with pytest.raises(VideoFramesError, match="nobody here can read"):
        reading.pictures_of(container)
    container.streams.video.append(SimpleNamespace(codec_context=object(), disposition=0, width=8, height=8))
    assert reading.pictures_of(container) is container.streams.video[1]


def test_sound_that_fails_does_not_cost_the_pictures(clips: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("broken")

    said: list[str] = []
    monkeypatch.setattr(reading, "read_sound", fail)
    monkeypatch.setattr(reading, "notice", lambda text, *_: said.append(text))
    found = read_frames(InputImpl.VideoFromFile(str(clips[0])), Choice(count=4), 0, 0)
    assert found.sound is None
    assert "broken" in said[0]
