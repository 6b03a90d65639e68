"""A picture in the noise of a clip, and pictures put into it while it is sampled."""

from typing import Any

import comfy.sample
import comfy.samplers
import pytest
import torch
from kinema.motion.values import Keyframe, Keyframes, MotionValue
from kinema.nodes.host.sampling.latents import PictureError
from kinema.nodes.inputs import as_value
from kinema.nodes.pictures import InjectPicture, StartFromPicture
from torch import Tensor

from tests.papers.error import relative_error

from ..models import Patcher, animated, conds, sample, tiny_model, tiny_motion

FRAMES, STEPS, SIZE = 4, 4, 8
SHAPE = (FRAMES, 4, SIZE, SIZE)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def picture(frames: int = 1, size: int = SIZE, channels: int = 4) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(3)
    return {"samples": torch.randn(frames, channels, size, size, generator=generator) * 4}


def started(model: Patcher, latent: dict[str, Any], strength: Any) -> Patcher:
    return StartFromPicture.execute(model, latent, strength).result[0]


def injected(
    model: Patcher, latent: dict[str, Any], strength: Any = 1.0, start: float = 0.5, steps: int = 1
) -> Patcher:
    return InjectPicture.execute(model, latent, strength, start, steps).result[0]


def sigmas_of(model: Patcher, steps: int = STEPS) -> Tensor:
    return comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", steps)


def custom(
    model: Patcher, noise: Tensor, sigmas: Tensor, latent: Tensor, sampler: str = "euler", callback: Any = None
) -> Tensor:
    """The host's custom sampling: noise is scaled by the first sigma and put on the latent."""
    with torch.inference_mode():
        return comfy.sample.sample_custom(
            model,
            noise,
            5.0,
            comfy.samplers.sampler_object(sampler),
            sigmas,
            *conds(),
            latent,
            seed=7,
            callback=callback,
            disable_pbar=True,
        )


def noise() -> Tensor:
    return comfy.sample.prepare_noise(torch.zeros(SHAPE), 7)


def test_the_noise_is_mixed_frame_by_frame(model: Patcher) -> None:
    amounts = [0.5, 0.25, 0.0, 1.0]
    latent = picture()
    factor = torch.tensor(amounts)[:, None, None, None]
    mixed = (1 - factor) * noise() + factor * latent["samples"] * 0.18215
    wanted = custom(model, mixed, sigmas_of(model), torch.zeros(SHAPE))
    found = custom(started(model, latent, amounts), noise(), sigmas_of(model), torch.zeros(SHAPE))
    assert relative_error(found, wanted) < 1e-4


def test_nothing_of_a_picture_is_no_picture(model: Patcher) -> None:
    plain = sample(model, FRAMES)
    assert torch.equal(sample(started(model, picture(), 0.0), FRAMES), plain)
    assert torch.equal(sample(injected(model, picture(), 0.0), FRAMES), plain)


def test_a_start_needs_a_value_for_the_start(model: Patcher) -> None:
    keyed = MotionValue(keyframes=(Keyframes((Keyframe(0.5, MotionValue(0.5)),)),))
    with pytest.raises(ValueError, match="needed once, at its start"):
        started(model, picture(), keyed)


@pytest.mark.parametrize("strength", [1.0, 0.6, [1.0, 0.0, 0.5, 0.25]])
def test_injecting_equals_sampling_in_two_parts(model: Patcher, strength: Any) -> None:
    """The way of the incumbent: stop, replace what was predicted, go on without noise."""
    sigmas, latent, seen = sigmas_of(model), picture(), []
    half = STEPS // 2
    part = custom(model, noise(), sigmas[: half + 1], torch.zeros(SHAPE), callback=lambda i, x0, x, n: seen.append(x0))
    factor = torch.tensor(strength).expand(FRAMES) if isinstance(strength, float) else torch.tensor(strength)
    change = factor[:, None, None, None] * (latent["samples"] - seen[-1] / 0.18215)
    wanted = custom(model, torch.zeros(SHAPE), sigmas[half:], part + change)
    start = 1.0 - float(model.get_model_object("model_sampling").timestep(sigmas[half])) / 999.0
    found = custom(injected(model, latent, strength, start), noise(), sigmas, torch.zeros(SHAPE))
    assert relative_error(found, wanted) < 1e-4
    assert relative_error(found, custom(model, noise(), sigmas, torch.zeros(SHAPE))) > 0.05


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m", "heun", "lcm", "uni_pc", "euler_ancestral", "dpmpp_2m_sde"])
def test_every_sampler_goes_on_from_the_picture(model: Patcher, sampler: str) -> None:
    """At the very start it is sampling with the picture under the noise."""
    sigmas, latent = sigmas_of(model), picture()
    wanted = custom(model, noise(), sigmas, latent["samples"].expand(SHAPE), sampler)
    found = custom(injected(model, latent, start=0.0), noise(), sigmas, torch.zeros(SHAPE), sampler)
    assert relative_error(found, wanted) < 1e-4


def test_previews_and_results_show_the_clip(model: Patcher) -> None:
    seen: list[Tensor] = []
    result = custom(
        injected(model, picture(), start=0.4),
        noise(),
        sigmas_of(model),
        torch.zeros(SHAPE),
        callback=lambda i, x0, x, n: seen.append(x0),
    )
    assert relative_error(seen[-1] / 0.18215, result) < 1e-6


def test_a_mask_keeps_the_rest_of_the_video(model: Patcher) -> None:
    clip = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(FRAMES, SIZE, SIZE)
    mask[:, :4] = 1.0
    arguments = (noise(), STEPS, 5.0, "euler", "normal", *conds(), clip)
    with torch.inference_mode():
        found = comfy.sample.sample(injected(model, picture()), *arguments, noise_mask=mask, seed=7, disable_pbar=True)
        plain = comfy.sample.sample(model, *arguments, noise_mask=mask, seed=7, disable_pbar=True)
    assert torch.allclose(found[:, :, 4:], clip[:, :, 4:], atol=1e-5)
    assert relative_error(found[:, :, :4], plain[:, :, :4]) > 0.01


def test_several_pictures_and_steps(model: Patcher) -> None:
    once = sample(injected(model, picture(), 0.5, 0.3), FRAMES, STEPS)
    twice = sample(injected(model, picture(), 0.5, 0.3, steps=2), FRAMES, STEPS)
    both = sample(injected(injected(model, picture(), 0.5, 0.3), picture(), 0.5, 0.3), FRAMES, STEPS)
    assert relative_error(twice, once) > 1e-3
    assert relative_error(both, once) > 1e-3
    assert torch.equal(sample(injected(model, picture(), 0.5, 0.3), FRAMES, STEPS), once)


def test_with_a_motion_module_and_masks(model: Patcher, tmp_path: Any) -> None:
    moving = animated(model, tiny_motion(tmp_path))
    plain = sample(moving, FRAMES, STEPS)
    where = torch.zeros(FRAMES, 16, 16)
    where[0] = 1.0
    value = as_value("strength", where)
    late = sample(injected(moving, picture(), value, 0.9), FRAMES, STEPS)
    assert relative_error(late[0], plain[0]) > 0.05
    assert relative_error(late[1:], plain[1:]) < relative_error(late[0], plain[0])


@pytest.mark.parametrize("made", [started, injected])
@pytest.mark.parametrize(
    ("latent", "words"),
    [
        (picture(size=16), "has 128 x 128 pixels, but the clip 64 x 64"),
        (picture(frames=3), "3 pictures, but the clip has 4 frames"),
        (picture(channels=16), "another kind of model"),
    ],
)
def test_pictures_that_do_not_fit(model: Patcher, made: Any, latent: dict[str, Any], words: str) -> None:
    calls: list[int] = []
    model = model.clone()
    model.set_model_unet_function_wrapper(lambda apply, args: calls.append(1))
    with pytest.raises(PictureError, match=words):
        sample(made(model, latent, 0.5), FRAMES)
    assert not calls, "answered before anything is sampled"


@pytest.mark.parametrize("made", [started, injected])
def test_pictures_that_are_none(model: Patcher, made: Any) -> None:
    for samples, words in (
        (torch.full(SHAPE, float("nan")), "NaN"),
        (torch.zeros(0, 4, 8, 8), "empty"),
        (torch.zeros(1, 4, 2, 8, 8), "not one of pictures"),
    ):
        with pytest.raises(PictureError, match=words):
            made(model, {"samples": samples}, 0.5)


def test_settings() -> None:
    assert "strength" in str(StartFromPicture.validate_inputs(strength=1.5))
    assert "start_percent" in str(InjectPicture.validate_inputs(start_percent=-0.1))
    assert InjectPicture.validate_inputs(strength=None, start_percent=None) is True
