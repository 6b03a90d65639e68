"""Picture for PIA and Picture for AnimateLCM-I2V: what they give, and what they answer to pictures that do not fit."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.temporal import PositionAdjustment
from kinema.nodes.host.pictures import animated as pictures
from kinema.nodes.host.temporal import fit
from kinema.nodes.pictures import LcmPicture, PiaPicture
from kinema.nodes.temporal import MotionModelInfo
from torch import Tensor

from ..models import Patcher, animated, sample, tiny_model, tiny_motion
from ..pictured import LCM, PIA, latents, lcm, load, pia


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def test_no_picture_is_answered_before_sampling(model, tmp_path: Path) -> None:
    for state, node in ((PIA, "Picture for PIA"), (LCM, "Picture for AnimateLCM-I2V")):
        with pytest.raises(fit.AnimateError, match=f"there is none. Put {node} between Load Motion Module"):
            animated(model, load(tmp_path, state))


def test_adjusted_positions_keep_the_picture(tmp_path: Path) -> None:
    motion = pia(tmp_path)
    adjusted = motion.adjusted(PositionAdjustment(cap=16))
    assert adjusted.companions == motion.companions
    assert adjusted.given == (
        ("positions", "adjusted, up to 16 frames at once"),
        ("picture", "from Picture for PIA"),
    )
    (text,) = MotionModelInfo.execute(adjusted).result
    assert text.splitlines()[-1].split() == ["picture:", "from", "Picture", "for", "PIA"]


@pytest.mark.parametrize("frame", [8, -9])
def test_a_frame_the_clip_does_not_have(model, tmp_path: Path, frame: int) -> None:
    steps: list[int] = []
    with pytest.raises(pictures.PictureError, match=f"frame of Picture for PIA is {frame}, but the clip has 8 frames"):
        sample(animated(model, pia(tmp_path, frame=frame)), callback=lambda step, *_: steps.append(step))
    assert steps == []


def test_other_sizes_and_counts_are_told(model, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.WARNING)
    sample(animated(model, pia(tmp_path, latents=latents(size=16))), steps=1)
    assert "is 128 x 128, the clip 64 x 64: its latent is resized. Scale" in caplog.text
    for way, words in (
        ("crop", "its latent is resized and cropped in its middle. Scale"),
        ("pad", "its latent is continued at its edges.\n"),
        ("stretch", "its latent is resized and its proportions change. Scale"),
    ):
        sample(animated(model, lcm(tmp_path, latents=latents(3)[..., :6], fit=way)), steps=1)
        assert f"is 48 x 64, the clip 64 x 64: {words}" in caplog.text
    assert "has 3 pictures, but the clip has 8 frames: the last one is used for the rest" in caplog.text
    sample(animated(model, pia(tmp_path, affinity=[1.0, 0.5])), steps=1)
    assert "affinity of Picture for PIA has a list of 2 values, but the clip has 8 frames" in caplog.text
    sample(animated(model, lcm(tmp_path, latents=latents(12))), steps=1)
    assert "has 12 pictures, but the clip has 8 frames: those after them are not used" in caplog.text
    caplog.clear()
    sample(animated(model, pia(tmp_path)), steps=1)
    assert "Picture" not in caplog.text


class Eighth:
    """A VAE that halves three times and keeps what it was given."""

    latent_dim, device = 2, torch.device("cpu")

    def __init__(self, channels: int = 4) -> None:
        self.channels = channels

    def throw_exception_if_invalid(self) -> None:
        """It is valid."""

    def spacial_compression_encode(self) -> int:
        return 8

    def encode(self, images: Tensor) -> Tensor:
        small = torch.nn.functional.avg_pool2d(images.movedim(-1, 1), 8)
        return small.repeat(1, self.channels, 1, 1)[:, : self.channels]


def test_the_nodes(tmp_path: Path) -> None:
    image, vae = torch.rand(1, 32, 24, 3), Eighth()
    (given,) = PiaPicture.execute(load(tmp_path, PIA), image, vae, "custom", frame=-1, affinity=0.4).args
    found = given.companions[0]
    assert (found.preset, found.frame, found.affinity.number) == ("custom", -1, 0.4)
    assert (found.fit, found.first_layer) == ("crop", "auto")
    assert torch.equal(found.latents, vae.encode(image))
    (given,) = LcmPicture.execute(load(tmp_path, LCM), image, vae, 0.6, 0.1, 0.9, 2.0).args
    found = given.companions[0]
    assert (found.acts.strength.number, found.acts.start_percent, found.acts.end_percent, found.drift) == (
        0.6,
        0.1,
        0.9,
        2.0,
    )
    assert load(tmp_path, LCM).companions == ()
    alpha = torch.cat([image, torch.rand(1, 32, 24, 1)], dim=-1)
    (found,) = PiaPicture.execute(load(tmp_path, PIA), alpha, vae, "custom").args
    assert torch.equal(found.companions[0].latents, vae.encode(image))
    grey = torch.rand(1, 32, 24, 1)
    for shades in (grey, torch.cat([grey, torch.rand(1, 32, 24, 1)], dim=-1)):
        (found,) = PiaPicture.execute(load(tmp_path, PIA), shades, vae, "custom").args
        assert torch.equal(found.companions[0].latents, vae.encode(grey.expand(-1, -1, -1, 3)))


def test_choices_are_looked_at_when_they_are_there(tmp_path: Path) -> None:
    """The host looks only at those that stand on the node."""
    image, vae = torch.rand(1, 32, 24, 3), Eighth()
    chosen = {"motion": "custom", "fit": "pad", "first_layer": "pia"}
    (given,) = PiaPicture.execute(load(tmp_path, PIA), image, vae, **chosen).args
    assert (given.companions[0].fit, given.companions[0].first_layer) == ("pad", "pia")
    for name in chosen:
        with pytest.raises(ValueError, match=f"^{name} is 'other'. Choose one of "):
            PiaPicture.execute(load(tmp_path, PIA), image, vae, **{name: "other"})
    with pytest.raises(ValueError, match="^fit is 'other'. Choose one of crop, pad, stretch.$"):
        LcmPicture.execute(load(tmp_path, LCM), image, vae, fit="other")


def test_drift_is_the_authors_unless_it_is_given(tmp_path: Path) -> None:
    """Settings saved with 0, when that was the default, still mean 0; new inputs come after all that were saved."""
    image, vae = torch.rand(1, 32, 24, 3), Eighth()
    for given, meant in (({}, 0.8), ({"drift": 0.0}, 0.0), ({"drift": 0}, 0.0)):
        (found,) = LcmPicture.execute(load(tmp_path, LCM), image, vae, **given).args
        assert found.companions[0].drift == meant
    inputs = {node: [each.id for each in node.define_schema().inputs] for node in (LcmPicture, PiaPicture)}
    assert inputs[LcmPicture][-2:] == ["drift", "fit"]
    assert inputs[PiaPicture][-3:] == ["affinity", "fit", "first_layer"]
    defaults = {each.id: each.default for each in LcmPicture.define_schema().inputs if each.id in ("drift", "fit")}
    assert defaults == {"drift": 0.8, "fit": "crop"}


@pytest.mark.parametrize(
    ("image", "vae", "words"),
    [
        (torch.full((1, 16, 16, 3), float("nan")), Eighth(), "holds NaN or infinite values"),
        (torch.rand(1, 0, 16, 3), Eighth(), "The picture is empty"),
        (torch.rand(0, 16, 16, 3), Eighth(), "The picture is empty"),
        (torch.rand(1, 16, 16, 3), Eighth(16), "latents of 16 channels; .* Connect the VAE of the SD1.5 checkpoint"),
        (torch.rand(1, 4, 16, 3), Eighth(), "16 x 4 pixels, which is too small"),
    ],
)
def test_pictures_that_cannot_be_read(tmp_path: Path, image: Tensor, vae: Any, words: str) -> None:
    with pytest.raises(pictures.PictureError, match=words), torch.inference_mode():
        PiaPicture.execute(load(tmp_path, PIA), image, vae, "custom")
    with pytest.raises(pictures.PictureError, match=words), torch.inference_mode():
        LcmPicture.execute(load(tmp_path, LCM), image, vae, 1.0, 0.0, 1.0)


def test_one_picture_for_pia(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 pictures came in image, but PIA animates one"):
        PiaPicture.execute(load(tmp_path, PIA), torch.rand(3, 16, 16, 3), Eighth(), "custom")


def test_other_motion_modules(tmp_path: Path) -> None:
    image = torch.rand(1, 16, 16, 3)
    with pytest.raises(
        pictures.PictureError, match="is AnimateDiff v2, which takes no picture. Picture for PIA is for"
    ):
        PiaPicture.execute(tiny_motion(tmp_path), image, Eighth(), "custom")
    with pytest.raises(pictures.PictureError, match="is PIA, which takes Picture for PIA. Picture for AnimateLCM-I2V"):
        LcmPicture.execute(load(tmp_path, PIA), image, Eighth(), 1.0, 0.0, 1.0)


def test_a_real_vae(checkpoint, tmp_path: Path) -> None:
    _, vae = checkpoint
    image = torch.rand(1, 67, 40, 4)
    with torch.inference_mode():
        (given,) = PiaPicture.execute(load(tmp_path, PIA), image, vae, "custom").args
        assert torch.equal(given.companions[0].latents, vae.encode(image[..., :3]))
    assert given.companions[0].latents.shape == (1, 4, 8, 5)
