"""Latent Motion on the host's sampler: like a plain implementation of the paper, and a sampler goes on from it."""

from pathlib import Path
from typing import Any

import comfy.sample
import comfy.samplers
import pytest
import torch
from comfy.model_sampling import CONST
from kinema.motion.crossframe import CameraMotion, CrossFrameError
from kinema.motion.windows import WindowOptions
from kinema.nodes.crossframe.background import SmoothBackground
from kinema.nodes.crossframe.latent_motion import LatentMotion
from kinema.nodes.host import crossframe
from kinema.nodes.host.crossframe import CrossFrame, MotionLatents, read_across
from kinema.nodes.host.windows import Stage, slide
from torch import Tensor

from tests.papers import temporal, zero
from tests.papers.error import relative_error

from ..models import Patcher, animated, conds, tiny_model, tiny_motion, tiny_sdxl, tiny_state

FRAMES, SEED = 4, 11


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def empty(batch: int = 1) -> dict[str, Any]:
    return {"samples": torch.zeros(batch, 4, 16, 16)}


def made(model: Patcher, latents: dict[str, Any] | None = None, texts: Any = None, **settings: Any) -> MotionLatents:
    positive, negative = texts or conds()
    told = {"steps": 50, "scheduler": "ddim_uniform", "cfg": 7.5, "t0": 881, "t1": 941} | settings
    motion = CameraMotion(told.pop("dx", 40.0), told.pop("dy", -24.0))
    way = crossframe.MotionWay(told.pop("frames", FRAMES), motion, SEED, positive=positive, negative=negative, **told)
    with torch.inference_mode():
        return crossframe.motion_latents(model, latents or empty(), way)


def sampled(model: Patcher, latents: Tensor, noise: Tensor, texts: Any = None, **settings: Any) -> Tensor:
    """KSampler, or KSampler (Advanced), with the settings of the authors."""
    positive, negative = texts or conds()
    told = {"steps": 50, "cfg": 7.5, "sampler_name": "euler", "scheduler": "ddim_uniform"} | settings
    rest = (positive, negative, latents)
    with torch.inference_mode():
        return comfy.sample.sample(
            model, noise, told.pop("steps"), told.pop("cfg"), told.pop("sampler_name"), told.pop("scheduler"), *rest,
            disable_pbar=True, seed=SEED, **told,
        )  # fmt: skip


def test_equals_the_paper(model: Patcher) -> None:
    sampling, (positive, negative) = model.get_model_object("model_sampling"), conds()
    steps = list(range(981, 880, -20))
    alphas = [float(1 / (1 + sampling.sigmas[step] ** 2)) for step in steps]

    def noise(x: Tensor, step: int) -> Tensor:
        flat = x.transpose(0, 1)[None]
        good, bad = (
            temporal.unet(flat, steps[step], each[0][0], tiny_state(), {})[0].transpose(0, 1)
            for each in (positive, negative)
        )
        return bad + 7.5 * (good - bad)

    generator = torch.Generator().manual_seed(SEED)
    first = torch.randn(1, 4, 16, 16, generator=generator)
    fresh = torch.randn(FRAMES - 1, 4, 16, 16, generator=generator)
    # the host begins with noise of the strength sigma, not sqrt(1 + sigma^2)
    start = first * (1 - alphas[0]) ** 0.5
    high = zero.ddim(start, alphas[:3], noise)
    low = zero.ddim(high, alphas[2:], lambda x, step: noise(x, step + 2))
    others = zero.forward(zero.warped(low[0], FRAMES, 40.0, -24.0)[1:], alphas[5], alphas[2], fresh)
    found = made(model)
    scale = model.model.latent_format.scale_factor * alphas[2] ** 0.5
    assert (found.start, found.timesteps) == (2, (881, 941))
    assert torch.equal(found.sigmas[:-1], sampling.sigmas[1:942:20].flip(0))
    assert relative_error(found.latents * scale, torch.cat([high, others])) <= 1e-4


def test_the_first_frame_is_that_of_the_image_model(model: Patcher) -> None:
    """What KSampler makes of the same seed."""
    start = torch.zeros(1, 4, 16, 16)
    picture = sampled(model, start, comfy.sample.prepare_noise(start, SEED), steps=20)
    crossed = read_across(model, CrossFrame())
    found = made(crossed, steps=20)
    clip = sampled(crossed, found.latents, torch.zeros_like(found.latents), steps=20, start_step=found.start)
    assert found.start == 0
    assert relative_error(clip[:1], picture) <= 1e-5
    found = made(crossed, steps=20, t0=700, t1=800)
    clip = sampled(crossed, found.latents, torch.zeros_like(found.latents), steps=20, start_step=found.start)
    assert found.start == 3
    assert relative_error(clip[:1], picture) <= 1e-5
    assert relative_error(clip[1:], picture.expand(FRAMES - 1, -1, -1, -1)) > 1e-2


def test_both_samplers_go_on_alike(model: Patcher) -> None:
    found = made(model, steps=10)
    none = torch.zeros_like(found.latents)
    first = sampled(model, found.latents, none, steps=10, start_step=found.start)
    positive, negative = conds()
    with torch.inference_mode():
        second = comfy.sample.sample_custom(
            model, none, 7.5, comfy.samplers.sampler_object("euler"), found.sigmas, positive, negative, found.latents,
            disable_pbar=True, seed=SEED,
        )  # fmt: skip
    assert torch.equal(first, second)


@pytest.mark.parametrize("steps", [2, 3, 4, 7, 20, 30, 33, 100])
@pytest.mark.parametrize("scheduler", ["ddim_uniform", "karras"])
def test_numbers_of_steps(model: Patcher, steps: int, scheduler: str) -> None:
    found = made(model, steps=steps, scheduler=scheduler, cfg=1.0)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), scheduler, steps)
    low, high = found.timesteps
    assert low < high
    assert torch.equal(found.sigmas, sigmas[found.start :])
    strength = (model.model.process_latent_in(found.latents)).std() / sigmas[found.start]
    assert 0.8 < float(strength) < 1.25


def test_frames_that_differ_only_by_the_motion(model: Patcher) -> None:
    found = made(model, t0=901, t1=901, dx=32.0, dy=0.0).latents
    assert torch.equal(found[1][:, :, :-1], found[0][:, :, 1:])
    still = made(model, t0=981, t1=981, dx=0.0, dy=0.0).latents
    assert torch.equal(still, still[:1].expand(FRAMES, -1, -1, -1))


def test_sdxl() -> None:
    xl, texts = tiny_sdxl(), conds(2048, 1280)
    found = made(xl, texts=texts, steps=10)
    crossed = read_across(xl, CrossFrame())
    clip = sampled(crossed, found.latents, torch.zeros_like(found.latents), texts, steps=10, start_step=found.start)
    assert torch.isfinite(clip).all()


def test_with_a_motion_module_and_windows(tmp_path: Path, model: Patcher, caplog: pytest.LogCaptureFixture) -> None:
    """The first frame is sampled as a clip of one, about which nothing is said."""
    moving = animated(read_across(model, CrossFrame()), tiny_motion(tmp_path), "use existing")
    windows = slide(moving, Stage(WindowOptions(schedule="looped_uniform", closed_loop=True, length=8)))
    caplog.clear()
    found = made(windows, frames=10, steps=10)
    assert "Kinema" not in caplog.text
    clip = sampled(windows, found.latents, torch.zeros_like(found.latents), steps=10, start_step=found.start)
    assert torch.isfinite(clip).all()
    assert torch.equal(found.latents, made(moving, frames=10, steps=10).latents)


def test_what_cannot_be_used(model: Patcher) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "not one of pictures": {"samples": torch.zeros(1, 4, 3, 8, 8)},
        "The latent is empty": {"samples": torch.zeros(0, 4, 8, 8)},
        "holds NaN": {"samples": torch.full((1, 4, 8, 8), torch.nan)},
        "has a noise mask": empty() | {"noise_mask": torch.ones(1, 8, 8)},
        "has 16 channels, but this model takes 4": {"samples": torch.ones(1, 16, 8, 8)},
    }
    for words, latents in wrong.items():
        with pytest.raises(CrossFrameError, match=words):
            made(model, latents)
    flow = model.clone()
    flow.add_object_patch("model_sampling", CONST())
    with pytest.raises(CrossFrameError, match="samples with CONST"):
        made(flow)
    with pytest.raises(CrossFrameError, match="t0 is 950, above t1"):
        made(model, t0=950)


def test_the_node(model: Patcher) -> None:
    positive, negative = conds()
    latents = empty(8)
    with torch.inference_mode():
        moved, start, sigmas, report = LatentMotion.execute(model, positive, negative, latents, seed=SEED).result
    assert moved["samples"].shape == (8, 4, 16, 16)
    assert (start, len(sigmas)) == (2, 49)
    assert report == (
        "8 frames; the camera moves by 12, 12 pixels of 512 from one to the next.\n"
        "Frame 0 was moved at timestep 881 (t0); all frames are at timestep 941 (t1).\n"
        "Sample with noise switched off from step 2 on: KSampler (Advanced) with start_at_step 2, 50 steps, "
        "ddim_uniform, cfg 7.5."
    )
    assert torch.equal(latents["samples"], torch.zeros(8, 4, 16, 16))
    assert "t0 is 900, above t1" in str(LatentMotion.validate_inputs(t0=900, t1=800))
    assert LatentMotion.validate_inputs(t0=None, t1=800) is True
    assert "makes 31 steps of 30" in LatentMotion.execute(model, positive, negative, latents, steps=30).result[3]


def test_the_background_node(model: Patcher) -> None:
    latents = {"samples": made(model, steps=10).latents}
    mask = torch.zeros(FRAMES, 128, 128)
    mask[:, :64] = 1
    (found,) = SmoothBackground.execute(latents, mask, 40.0, -24.0).result
    small = mask[:, ::8, ::8]
    wanted = zero.smoothed(latents["samples"], small, 40.0, -24.0, 0.6, 2)
    assert relative_error(found["samples"], wanted) <= 1e-6
    with pytest.raises(CrossFrameError, match="There are 2 masks, but 4 frames"):
        SmoothBackground.execute(latents, mask[:2])
    with pytest.raises(ValueError, match="subject: the mask is empty"):
        SmoothBackground.execute(latents, mask[:0])
    with pytest.raises(ValueError, match="strength is 2"):
        SmoothBackground.execute(latents, mask, strength=2.0)
