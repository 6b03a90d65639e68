"""Guides: strengths, halves, other sizes and numbers of pictures, what is answered before sampling."""

import logging
from pathlib import Path

import pytest
import torch
from kinema.motion.character import CharacterError
from kinema.nodes.character import PoseGuide
from kinema.nodes.host import character
from torch import Tensor

from tests.papers import guiders
from tests.papers.character import Guide
from tests.papers.error import relative_error

from ..models import Patcher, sample
from . import plain, scene

FRAMES = 6
TIMES = [999, 949]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> character.AnimateAnyone:
    return scene.parts(tmp_path_factory.mktemp("character"))


@pytest.fixture(scope="module")
def model() -> Patcher:
    return scene.denoiser()


def guided_run(
    model: Patcher, loaded: character.AnimateAnyone, *guides: character.Guide, frames: int = FRAMES
) -> Tensor:
    pictures = [scene.referenced(loaded, scene.picture())]
    return scene.run(scene.moved(model, loaded, pictures, guides), pictures, FRAMES, TIMES)


def plain_run(loaded: character.AnimateAnyone, guide: Guide | None) -> Tensor:
    clip = character.embed(scene.ClipVision(), scene.picture())
    predict = plain.predictor(plain.banks_of(scene.picture(), clip), clip, guide)
    return plain.sampling(predict, FRAMES, TIMES)


def test_strength_of_each_frame(loaded, model) -> None:
    """A share of the maps, and nothing at 0, to the bit."""
    poses = scene.poses(FRAMES)
    shares = [0.0, 0.5, 1.0, 1.5, 0.25, 0.0]
    (whole,) = plain.guide_of("moore", poses).maps
    wanted = plain_run(loaded, Guide(maps=[whole * torch.tensor(shares)[:, None, None, None]]))
    assert relative_error(guided_run(model, loaded, scene.guided(loaded, poses, strength=shares)), wanted) < 1e-4
    assert torch.equal(guided_run(model, loaded, scene.guided(loaded, poses, strength=0.0)), guided_run(model, loaded))


def test_part_of_the_sampling(loaded, model) -> None:
    late = guided_run(model, loaded, scene.guided(loaded, scene.poses(FRAMES), start_percent=0.9))
    assert torch.equal(late, guided_run(model, loaded))


def test_one_picture_serves_all_frames(loaded, model, caplog) -> None:
    caplog.set_level(logging.INFO)
    one = guided_run(model, loaded, scene.guided(loaded, scene.poses(1)))
    same = guided_run(model, loaded, scene.guided(loaded, scene.poses(1).expand(FRAMES, -1, -1, -1)))
    assert relative_error(one, same) < 1e-5
    assert "one picture: it holds for all 6 frames" in caplog.text


def test_more_pictures_than_frames(loaded, model, caplog) -> None:
    poses = scene.poses(FRAMES + 3)
    assert torch.equal(
        guided_run(model, loaded, scene.guided(loaded, poses)),
        guided_run(model, loaded, scene.guided(loaded, poses[:FRAMES])),
    )
    assert "of 9 pose pictures the first 6 are used" in caplog.text


def test_pictures_of_another_size(loaded, model) -> None:
    """They are brought to the size of the clip."""
    poses = scene.poses(FRAMES, size=128)
    small = torch.nn.functional.avg_pool2d(poses.movedim(-1, 1), 2).movedim(1, -1)
    found = guided_run(model, loaded, scene.guided(loaded, poses))
    assert relative_error(found, guided_run(model, loaded, scene.guided(loaded, small))) < 0.05


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (scene.poses(FRAMES - 1), "5 pose pictures, but the clip has 6 frames.*Retime Pose"),
        (scene.poses(FRAMES)[:, :32], "64 x 32, the clip 64 x 64.*proportions"),
        (torch.zeros(FRAMES, 64, 64, 3), "All pictures of Pose Guide are black"),
    ],
)
def test_answers_before_sampling(loaded, model, frames: Tensor, message: str) -> None:
    with pytest.raises(CharacterError, match=f"(?s){message}"):
        guided_run(model, loaded, scene.guided(loaded, frames))


def test_empty_frames_are_told(loaded, model, caplog) -> None:
    poses = scene.poses(FRAMES)
    poses[2:4] = 0.0
    guided_run(model, loaded, scene.guided(loaded, poses))
    assert "frames 2, 3 are black" in caplog.text


def test_what_is_refused_at_the_node(loaded) -> None:
    with pytest.raises(CharacterError, match="no guider for depth pictures.*pose.*depth_guider"):
        PoseGuide.execute(loaded, scene.poses(2), shows="depth")
    with pytest.raises(CharacterError, match="NaN"):
        PoseGuide.execute(loaded, scene.poses(2) * float("nan"))
    with pytest.raises(CharacterError, match="3 masks for 2 pictures"):
        PoseGuide.execute(loaded, scene.poses(2), mask=torch.ones(3, 64, 64))


def test_range_of_aniportraits_scripts(loaded, model, tmp_path: Path) -> None:
    """An option, for its guider alone."""
    with pytest.raises(CharacterError, match="raw_range is for the guider of AniPortrait"):
        PoseGuide.execute(loaded, scene.poses(2), raw_range=True)
    parts = scene.parts(tmp_path, {"pose": "aniportrait"}, "aniportrait")
    (guide,) = PoseGuide.execute(parts, scene.poses(FRAMES), raw_range=True).result[0]
    maps = guiders.aniportrait(scene.poses(FRAMES).movedim(-1, 1), scene.guider_state("aniportrait"), raw=True)
    assert relative_error(guided_run(model, parts, guide), plain_run(parts, Guide(maps=maps))) < 1e-4


def test_mask_blackens(loaded) -> None:
    """Champ's body parts without what is around the person; grey and transparent pictures become colours."""
    mask = torch.zeros(64, 64)
    mask[:, :32] = 1.0
    (guide,) = PoseGuide.execute(loaded, scene.poses(2), mask=mask).result[0]
    assert torch.equal(guide.frames[:, :, :31], scene.poses(2)[:, :, :31])
    assert not guide.frames[:, :, 33:].any()
    (clear,) = PoseGuide.execute(loaded, torch.cat([scene.poses(2), torch.rand(2, 64, 64, 1)], -1)).result[0]
    assert torch.equal(clear.frames, scene.poses(2))
    assert PoseGuide.execute(loaded, torch.rand(2, 64, 64, 1)).result[0][0].frames.shape == (2, 64, 64, 3)


def test_guider_for_other_widths(loaded, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from tests.harness.seeded.layouts_guiders import moore_guider, seeded_guider

    save_file(seeded_guider(moore_guider(320), "wide"), tmp_path / "pose_guider.safetensors")
    wide = character.GuiderWeights.load(str(tmp_path / "pose_guider.safetensors"))
    guide = character.Guide(wide, scene.poses(FRAMES))
    with pytest.raises(CharacterError, match="maps of 320 channels where this model has 32"):
        scene.moved(scene.denoiser(), loaded, guides=[guide])


def test_first_call_of_a_plain_sampler(loaded, model) -> None:
    """Host samplers that know nothing of characters go on as ever."""
    assert sample(model).shape == (8, 4, 8, 8)
