"""Animate Character and Reference Picture: parts left out or replaced, and everything that is answered beforehand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.character import CharacterError
from kinema.nodes.character import AnimateCharacter, PoseGuide, ReferencePicture
from kinema.nodes.host import character
from kinema.nodes.host.animate.animate import animate_model
from kinema.nodes.host.temporal import MusePoseWeights, Strengths, load_motion
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module
from tests.papers.error import relative_error

from ..models import CHANNELS, tiny_motion, tiny_sdxl
from . import plain, scene

FRAMES = 6
TIMES = [999, 949]


def test_embedding_alone(folder: Path, model) -> None:
    """The paper's ablation: without a reference UNet the picture acts through its embedding."""
    whole = scene.parts(folder)
    without = character.put_together("moore", None, whole.motion, whole.guiders)
    reference, positive, negative = ReferencePicture.execute(
        without, scene.picture(), scene.Vae(), scene.ClipVision()
    ).result
    assert reference == ()
    clip = positive[0][0][0]
    pictures = [scene.referenced(whole, scene.picture())]
    found = scene.run(scene.moved(model, without), pictures, FRAMES, TIMES)
    wanted = plain.sampling(plain.predictor(None, clip), FRAMES, TIMES)
    assert relative_error(found, wanted) < 1e-4
    assert not negative[0][0].any()


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_another_motion_module(loaded, model, tmp_path: Path, version: str) -> None:
    other = tiny_motion(tmp_path, version, seed=5)
    pictures = [scene.referenced(loaded, scene.picture())]
    found = scene.run(scene.moved(model, loaded, pictures, motion=other), pictures, FRAMES, TIMES)
    clip = pictures[0].embeddings
    state = motion_module(CHANNELS, mid=version == "v2", positions=32, seed=5)
    predict = plain.predictor(plain.banks_of(scene.picture(), clip), clip, motion=state)
    assert relative_error(found, plain.sampling(predict, FRAMES, TIMES)) < 1e-4


def test_motion_of_128_positions(loaded, model, tmp_path: Path) -> None:
    """MusePose's: told by its tables, sampled in windows of 48 that do not loop."""
    path = tmp_path / "motion_module.safetensors"
    save_file(motion_module(CHANNELS, mid=True, positions=128), path)
    parts = character.put_together("auto", loaded.reference, load_motion(str(path)), loaded.guiders)
    assert parts.release.id == "musepose"
    handler = scene.moved(model, parts).model_options["context_handler"]
    (stage,) = handler.stages
    assert (stage.options.length, stage.options.overlap, stage.options.closed_loop) == (48, 4, False)
    told = character.put_together("moore", None, load_motion(str(path)), {}).told
    assert "numbers 128 frames, as MusePose's" in told


def test_second_motion_module_in_a_chain(loaded, model, tmp_path: Path) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures)
    both = animate_model(moved, tiny_motion(tmp_path, "v3", seed=6), Strengths(), "auto")
    found = scene.run(both, pictures, FRAMES, TIMES)
    assert relative_error(found, scene.run(moved, pictures, FRAMES, TIMES)) > 1e-3


def test_what_is_set_is_told(loaded, model, caplog) -> None:
    caplog.set_level("INFO")
    scene.moved(model, loaded)
    assert "Moore-AnimateAnyone: sqrt_linear, zero SNR; windows of 24, overlap 4, loop." in caplog.text
    scene.moved(model, loaded, sampling=False, windows=False)
    assert "Moore-AnimateAnyone: schedule of the model; no windows." in caplog.text


def test_sampling_and_windows_of_ones_own(loaded, model) -> None:
    plainly = scene.moved(model, loaded, sampling=False, windows=False)
    assert plainly.model_options.get("context_handler") is None
    assert float(plainly.get_model_object("model_sampling").sigma_max) < 20  # type: ignore[union-attr]
    assert float(scene.moved(model, loaded).get_model_object("model_sampling").sigma_max) == 2e4  # type: ignore[union-attr]


def test_what_is_missing(loaded, model) -> None:
    with pytest.raises(CharacterError, match="got no model.*denoising UNet"):
        AnimateCharacter.execute(None, loaded)
    still = character.put_together("moore", loaded.reference, None, loaded.guiders)
    with pytest.raises(CharacterError, match="no motion module.*motion_model"):
        AnimateCharacter.execute(model, still)


def test_another_base(loaded) -> None:
    pictures = (scene.referenced(loaded, scene.picture()),)
    with pytest.raises(ValueError, match="SD1.5"):
        AnimateCharacter.execute(tiny_sdxl(), loaded, pictures)


def test_two_reference_nets(loaded, model, tmp_path: Path) -> None:
    other = scene.parts(tmp_path)
    pictures = [scene.referenced(each, scene.picture()) for each in (loaded, other)]
    with pytest.raises(CharacterError, match="Use one Load Animate Anyone"):
        scene.moved(model, loaded, pictures)


class WrongVae(scene.Vae):
    latent_channels = 16


class Pixels16(scene.Vae):
    def spacial_compression_encode(self) -> int:
        return 16


class WrongClip(scene.ClipVision):
    config = {"model_type": "clip_vision_model", "projection_dim": 1024}  # noqa: RUF012


class Dino(scene.ClipVision):
    config = {"model_type": "dinov2"}  # noqa: RUF012


class DamagedClip(scene.ClipVision):
    def encode_image(self, image: torch.Tensor, crop: bool = True) -> dict[str, torch.Tensor]:
        return {"image_embeds": torch.full((1, 768), float("nan"))}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"vae": WrongVae()}, "16 channels at 1/8.*VAE of an SD1.5"),
        ({"vae": Pixels16()}, "1/16 of the size"),
        ({"clip_vision": WrongClip()}, "embeddings of 1024 numbers.*ViT-L/14"),
        ({"clip_vision": Dino()}, "no projected embedding.*ViT-L/14"),
        ({"clip_vision": DamagedClip()}, "NaN.*damaged"),
        ({"image": torch.zeros(1, 64, 64, 3)}, "one colour"),
        ({"image": torch.rand(1, 64, 64, 3) * float("nan")}, "NaN"),
        ({"image": torch.rand(1, 4, 64, 3)}, "64 x 4 pixels"),
        ({"image": torch.rand(0, 64, 64, 3)}, "no pixels"),
        ({"strength": 1.5}, "between 0 and 1"),
        ({"start_percent": 0.8, "end_percent": 0.2}, "0.8"),
        ({"mask": torch.zeros(0, 8, 8)}, "mask is empty"),
    ],
)
def test_wrong_inputs_of_reference_picture(loaded, inputs: dict[str, Any], message: str) -> None:
    given = {"image": scene.picture(), "vae": scene.Vae(), "clip_vision": scene.ClipVision()} | inputs
    with pytest.raises(ValueError, match=f"(?s){message}"):
        ReferencePicture.execute(loaded, **given)


def test_vae_that_says_nothing_of_itself(loaded, model) -> None:
    """One of another pack, whose latents are wrong, is answered before the first step."""

    class Quiet(scene.Vae):
        def encode(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().encode(pixels)[:, :3]

    (picture,) = ReferencePicture.execute(loaded, scene.picture(), Quiet(), scene.ClipVision()).result[0]
    steps: list[Any] = []
    with pytest.raises(CharacterError, match="The VAE of Reference Picture gives latents of"):
        scene.run(scene.moved(model, loaded, [picture]), [picture], FRAMES, TIMES, callback=lambda *_: steps.append(_))
    assert not steps


def test_picture_of_other_proportions(loaded, model, caplog) -> None:
    """Stretched, as the authors do, or cropped; both are told."""
    wide = torch.rand(1, 64, 128, 3, generator=torch.Generator().manual_seed(1))
    found = {}
    for fit in character.FITS:
        (picture,) = ReferencePicture.execute(loaded, wide, scene.Vae(), scene.ClipVision(), fit=fit).result[0]
        found[fit] = scene.run(scene.moved(model, loaded, [picture]), [picture], FRAMES, TIMES)
    assert "128 x 64, the clip 64 x 64: the picture is stretched" in caplog.text
    assert "the picture is cropped" in caplog.text
    assert relative_error(found["stretch"], found["crop"]) > 1e-4


def test_transparent_and_grey_pictures(loaded) -> None:
    clear = torch.cat([scene.picture(), torch.rand(1, 64, 64, 1)], dim=-1)
    grey = torch.rand(1, 64, 64, 1)
    for image in (clear, grey):
        (made,) = ReferencePicture.execute(loaded, image, scene.Vae(), scene.ClipVision()).result[0]
        assert made.pixels.shape == (1, 64, 64, 3)


def test_musepose_numbers_128_frames_whatever_its_file_says(loaded, model, tmp_path: Path) -> None:
    """Its code makes the tables anew: a file of 32 positions gives what one of 128 does, in windows of 48."""
    files = {32: tmp_path / "short.safetensors", 128: tmp_path / "long.safetensors"}
    for positions, path in files.items():
        save_file(motion_module(CHANNELS, mid=True, positions=positions), path)
    made = [load_motion(str(path), MusePoseWeights) for path in files.values()]
    assert [each.max_frames for each in made] == [128, 128]
    pictures = [scene.referenced(loaded, scene.picture())]
    found = []
    for each in made:
        parts = character.put_together("musepose", loaded.reference, each, {})
        found.append(scene.run(scene.moved(model, parts, pictures), pictures, 50, TIMES[:1]))
    assert torch.equal(found[0], found[1])
    assert load_motion(str(files[32])).max_frames == 32
    other = tiny_motion(tmp_path, "v3")
    assert load_motion(str(tmp_path / "v3_.safetensors"), MusePoseWeights).max_frames == other.max_frames


def test_windows_of_the_release_are_what_it_was_trained_on(loaded, model, caplog) -> None:
    scene.run(scene.moved(model, loaded), [scene.referenced(loaded, scene.picture())], 4, TIMES[:1])
    assert "4 frames are very few: this motion module is trained on 24" in caplog.text


def test_parts_that_are_replaced_or_left_out_are_told(loaded, model, caplog) -> None:
    caplog.set_level("INFO")
    scene.moved(model, loaded)
    for text in ("not the model of Load Animate Anyone", "No ReferenceNet looks", "No guide is connected"):
        assert text in caplog.text
    caplog.clear()
    parts = replace(loaded, denoiser=model)
    pictures, guides = [scene.referenced(loaded, scene.picture())], [scene.guided(loaded, scene.poses(FRAMES))]
    scene.moved(model.clone(), parts, pictures, guides)
    for text in ("not the model of Load Animate Anyone", "No ReferenceNet looks", "No guide is connected"):
        assert text not in caplog.text


def test_masks_that_leave_nothing(loaded) -> None:
    black = torch.zeros(1, 64, 64)
    with pytest.raises(CharacterError, match="mask is black everywhere.*invert"):
        ReferencePicture.execute(loaded, scene.picture(), scene.Vae(), scene.ClipVision(), mask=black)
    with pytest.raises(CharacterError, match="mask is black everywhere.*invert"):
        PoseGuide.execute(loaded, scene.poses(2), mask=black)


def test_a_guider_in_the_place_of_champs(loaded) -> None:
    with pytest.raises(CharacterError, match="depth_guider is for an encoder of Champ.*pose_guider"):
        character.put_together("moore", None, None, {"depth": loaded.guiders["pose"]})


def test_called_without_a_sampler(loaded, model) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures)
    options = moved.model_options["transformer_options"] | {"cond_or_uncond": [0], "uuids": [1]}
    options |= {"sigmas": torch.ones(1), "sample_sigmas": torch.ones(2), "wrappers": moved.wrappers}
    moved.pre_run()
    with pytest.raises(CharacterError, match="samples in a way of its own"), torch.inference_mode():
        moved.model.apply_model(  # type: ignore[operator]
            scene.noise(2), torch.ones(2), c_crossattn=torch.ones(2, 1, 768), transformer_options=options
        )
    moved.cleanup()
