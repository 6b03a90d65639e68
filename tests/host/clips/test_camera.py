"""A camera over clips and pictures: what it shows moves the other way, as much as was asked."""

from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.clips import SHOTS, ClipsError, Contents, filmed, shot_path, views
from torch import Tensor

from .conftest import draw, film, loaded, prepared, ramp, run


def noise(count: int = 1) -> Tensor:
    coarse = torch.rand(count, 3, 12, 16, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, (96, 128), mode="bicubic").clamp(0, 1).movedim(1, 3)


def filming(**given: Any) -> tuple[Any, Tensor]:
    clips, images = run("CameraMotionClips", **given)
    return clips, images


@pytest.mark.parametrize("move", SHOTS)
def test_a_picture_is_filmed_as_its_path_says(root: Path, move: str) -> None:
    picture = noise()
    clips, images = filming(image=picture, move=move, caption="noise", frames=6, width=64, height=64)
    (clip,) = clips.catalogue.clips
    assert clip.caption == "noise"
    assert not clips.choosing.flip
    with clips.open(clip) as footage:
        frames = footage.frames(range(6))
    assert torch.allclose(frames, filmed(picture, shot_path(move, 6, (96, 128), (64, 64)), (64, 64)), atol=1e-5)
    assert torch.equal(images, frames)
    assert (frames[0] - frames[-1]).abs().mean() > 0.01


def test_clips_are_filmed_while_they_play(root: Path, checkpoint: tuple[Any, Any]) -> None:
    film(root / "own" / "walk.mp4", 30, caption="somebody walks")
    draw(root / "own" / "frames", 3)
    source = loaded("own", missing_captions="from the name", skip_frames=2)
    clips, images = filming(clips=source, move="PanRight", amount=0.5)
    assert [clip.caption for clip in clips.catalogue.clips] == ["frames", "somebody walks"]
    assert images.shape == (4, 64, 64, 3)
    walk = clips.catalogue.clips[1]
    with clips.open(walk) as footage:
        assert footage.length == 28
        frames = footage.frames([0, 2, 4, 6])
    with source.open(source.catalogue.clips[1]) as footage:
        plain = footage.reel.pictures([2, 4, 6, 8])
        path = shot_path("PanRight", 4, (64, 96), (64, 64), 0.5)
        assert torch.allclose(frames, filmed(torch.stack([*plain]), path, (64, 64)), atol=1e-5)
    training = prepared(clips, checkpoint)
    assert {len(sample.views) for sample in training.learnt} == {1}
    # the same again with another move is something else
    other = prepared(filming(clips=source, move="PanLeft", amount=0.5)[0], checkpoint)
    assert other.identity != training.identity


def test_the_frames_that_are_shown_are_those_that_are_learnt(root: Path, tmp_path: Path) -> None:
    film(root / "own" / "walk.mp4", 30)
    clips, images = filming(clips=loaded("own"), move="RollingClockwise")
    (clip,) = clips.catalogue.clips
    with clips.open(clip) as footage:
        content = clips.reader.content(clip, Contents(tmp_path / "cache"))
        (view,) = views(content, footage.length, clips.choosing)
        assert torch.equal(images, footage.frames(view.frames))


def test_all_moves_of_clips_and_pictures(root: Path) -> None:
    film(root / "own" / "walk.mp4", 30)
    clips, _ = filming(clips=loaded("own"), image=noise(2), move="all")
    assert len(clips.catalogue.clips) == 3 * 8
    assert len({clip.source for clip in clips.catalogue.clips}) == 3 * 8
    assert {clip.name.rpartition(", ")[2] for clip in clips.catalogue.clips} == set(SHOTS)
    assert clips.size == (64, 64)


def test_a_camera_over_a_camera(root: Path, checkpoint: tuple[Any, Any]) -> None:
    once, _ = filming(image=noise(), move="ZoomIn", frames=5, width=64, height=64)
    twice, images = filming(clips=once, move="PanLeft")
    assert images.shape == (5, 64, 64, 3)
    assert prepared(twice, checkpoint).learnt[0].views != prepared(once, checkpoint).learnt[0].views


def test_a_broken_clip_is_passed_over(root: Path) -> None:
    (root / "own").mkdir()
    (root / "own" / "a.mp4").write_bytes(b"no video")
    source = root / "own" / "walk.mp4"
    film(source, 30)
    clips, images = filming(clips=loaded("own"))
    assert images.shape == (4, 64, 64, 3)
    source.write_bytes(b"gone")
    with pytest.raises(ClipsError, match=r"None of the clips can be used. a.mp4, ZoomIn: The video cannot be read"):
        filming(clips=loaded("own"))
    assert len(clips.catalogue.clips) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "There is nothing to film. Connect clips or an image."),
        ({"image": noise()[:0]}, "no clips"),
        ({"image": noise(), "width": 100}, "width is 100; it must be a multiple of 8"),
        ({"image": torch.full((1, 8, 8, 3), float("nan"))}, "values that are no numbers"),
    ],
)
def test_what_cannot_be_filmed(root: Path, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ClipsError, match=says):
        filming(**given)


def test_single_frames_cannot_move(root: Path) -> None:
    film(root / "own" / "walk.mp4", 30)
    with pytest.raises(ClipsError, match="A camera cannot move within 1 frame"):
        filming(clips=loaded("own", frames=1))


def test_too_short_clips_are_left_out_where_that_is_chosen(root: Path, checkpoint: tuple[Any, Any]) -> None:
    draw(root / "own" / "frames", 3)
    film(root / "own" / "walk.mp4", 30)
    training = prepared(filming(clips=loaded("own", short_clips="skip"))[0], checkpoint)
    assert "left out: frames, ZoomIn: it has 3 frames, and 4 are asked for." in training.about
    assert [sample.name for sample in training.learnt] == ["walk.mp4, ZoomIn"]


def test_pictures_with_opacity_are_filmed(root: Path) -> None:
    picture = torch.cat((noise(), torch.ones(1, 96, 128, 1)), 3)
    assert filming(image=picture)[1].shape == (16, 256, 256, 3)
    assert filming(image=ramp(1)[..., :1])[1].shape == (16, 256, 256, 3)
