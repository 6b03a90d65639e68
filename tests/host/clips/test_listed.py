"""What the host's own data set nodes give is taken as it comes."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy_api.latest import InputImpl, Types
from comfy_extras import nodes_dataset
from kinema.motion.clips import ClipsError, Contents
from kinema.nodes.inputs import InputError

from .conftest import STEP, film, loaded, prepared, ramp, run

SMALL: dict[str, list[Any]] = {"frames": [4], "stride": [2], "width": [64], "height": [64], "flip": [False]}


def listed(**given: Any) -> Any:
    return run("ClipsFromList", **(SMALL | given))[0]


@pytest.fixture
def folder(root: Path) -> Path:
    film(root / "own" / "2_boats" / "boat.mp4", caption="a boat")
    film(root / "own" / "walk.mp4", caption="somebody walks")
    return root / "own"


def test_folders_of_videos_with_texts(folder: Path, checkpoint: tuple[Any, Any]) -> None:
    videos, texts = nodes_dataset.LoadVideoTextDataSetFromFolderNode.execute("own").result
    clips = listed(videos=videos, texts=texts)
    assert [clip.caption for clip in clips.catalogue.clips] == ["a boat", "a boat", "somebody walks"]
    assert [clip.name for clip in clips.catalogue.clips] == ["boat", "boat", "walk"]
    training = prepared(clips, checkpoint)
    # the same clip as in a folder, so that nothing is encoded twice
    again = prepared(loaded("own", flip=False), checkpoint)
    assert {sample.views for sample in training.learnt} == {sample.views for sample in again.learnt}


def test_videos_stay_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (videos,) = nodes_dataset.LoadVideoDataSetFromFolderNode.execute("own").result
    (folder / "walk.mp4").unlink()
    clips = listed(videos=videos, missing_captions=["from the name"])
    assert [clip.caption for clip in clips.catalogue.clips] == ["walk"]


def test_cropped_and_sampled_videos(folder: Path, tmp_path: Path) -> None:
    video = InputImpl.VideoFromFile(str(folder / "walk.mp4"))
    cropped = nodes_dataset.VideoTemporalCropNode.execute(video, 6, 8).result[0]
    sampled = nodes_dataset.VideoFrameSampleNode.execute(video, 5, "uniform", 0).result[0]
    clips = listed(videos=[video, cropped, sampled])
    contents = Contents(tmp_path / "cache")
    assert len({clips.reader.content(clip, contents) for clip in clips.catalogue.clips}) == 3
    lengths, firsts = [], []
    for clip in clips.catalogue.clips:
        with clips.open(clip) as footage:
            lengths.append(footage.length)
            firsts.append(float(footage.frames([1]).mean()) * 255)
    assert lengths == [20, 8, 5]
    assert abs(firsts[1] - firsts[0] - 6 * STEP) < 2
    assert abs(firsts[2] - firsts[0] - 4 * STEP) < 2


def test_pictures_and_frames_in_memory() -> None:
    pictures = [frame[None] for frame in ramp(3)]
    clips = listed(images=[*pictures, ramp(9)], texts=["all"], frames=[1])
    assert {clip.caption for clip in clips.catalogue.clips} == {"all"}
    lengths = []
    for clip in clips.catalogue.clips:
        with clips.open(clip) as footage:
            lengths.append(footage.length)
            assert footage.frames([0]).shape == (1, 64, 64, 3)
    assert lengths == [1, 1, 1, 9]


def test_a_video_in_memory_and_one_beside_images(checkpoint: tuple[Any, Any]) -> None:
    video = InputImpl.VideoFromComponents(Types.VideoComponents(images=ramp(7), frame_rate=Fraction(8)))
    clips = listed(videos=[video], images=[ramp(7)], texts=["a", "b"])
    (one, two) = clips.catalogue.clips
    assert (one.caption, two.caption) == ("a", "b")
    assert clips.reader.content(one, Contents(Path("/none"))) == clips.reader.content(two, Contents(Path("/none")))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "There are no clips. Connect videos or images"),
        ({"videos": [None]}, "There are no clips"),
        ({"images": [ramp(2)] * 3, "texts": ["a", "b"]}, "There are 3 clips and 2 captions"),
        ({"images": [ramp(2)], "missing_captions": ["refuse"]}, "There is no caption for clip 1"),
        ({"images": [torch.zeros(2, 100, 9)]}, "no pictures"),
    ],
)
def test_lists_that_cannot_be_used(given: dict[str, Any], says: str, checkpoint: tuple[Any, Any], root: Path) -> None:
    with pytest.raises(ClipsError, match=says):
        prepared(listed(**given), checkpoint)


def test_each_value_of_a_list_is_looked_at() -> None:
    with pytest.raises(InputError, match="Clips From List: images takes a value of type IMAGE, but a str came over"):
        listed(images=[ramp(2), "frames"])
    with pytest.raises(InputError, match="Clips From List: frames takes a whole number from 1 to 10000, not 0"):
        listed(images=[ramp(2)], frames=[0])
