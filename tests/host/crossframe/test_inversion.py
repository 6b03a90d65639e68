"""DDIM inversion on the host's samplers: the way back, what acts in it, and what cannot be inverted."""

from pathlib import Path
from typing import Any

import comfy.sample
import pytest
import torch
from comfy.model_sampling import CONST
from comfy.patcher_extension import WrappersMP
from kinema.motion.crossframe import OneShotError, relative_error
from kinema.nodes.crossframe import DdimInvert
from kinema.nodes.host import crossframe
from kinema.nodes.host.options import TIMING
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts_crossframe import blocks, one_shot
from tests.papers import crossframe as reference

from ..models import CHANNELS, Patcher, animated, conds, tiny_model, tiny_motion, tiny_state

FRAMES = 6


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def clip(frames: int = FRAMES) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    still = torch.randn(1, 4, 8, 8, generator=generator)
    return 4.0 * (still + 0.2 * torch.randn(frames, 4, 8, 8, generator=generator))


def inverted(
    model: Patcher, steps: int = 10, check: bool = True, latents: Tensor | None = None, **settings: Any
) -> Any:
    positive, negative = conds()
    way = crossframe.Way(steps, settings.pop("scheduler", "ddim_uniform"), settings.pop("cfg", 1.0), positive, negative)
    with torch.inference_mode():
        return crossframe.invert(model, {"samples": clip() if latents is None else latents}, way, check)


def tuned(folder: Path, model: Patcher) -> Patcher:
    save_file(one_shot(CHANNELS), folder / "tuned.safetensors")
    return crossframe.apply_one_shot(model, crossframe.load_one_shot(str(folder / "tuned.safetensors")), 1.0)


def test_equals_the_paper_with_a_tuned_model(tmp_path: Path, model: Patcher) -> None:
    sampling, names = model.get_model_object("model_sampling"), {block: name for name, block, _ in blocks(CHANNELS)}
    context = conds()[0][0][0]
    steps = [1, 251, 501, 751]
    alphas = [1.0, *(float(1 / (1 + sampling.sigmas[step] ** 2)) for step in steps)]

    def noise(x: Tensor, step: int) -> Tensor:
        return reference.tuned_unet(x, steps[step - 1], context, tiny_state(), one_shot(CHANNELS), names)

    scale = model.model.latent_format.scale_factor
    start = (clip(4) * scale).transpose(0, 1)[None]
    wanted = reference.inverted(start, alphas, noise)[0].transpose(0, 1)
    found = inverted(tuned(tmp_path, model), steps=4, check=False, latents=clip(4))
    assert relative_error(found.latents * scale * alphas[-1] ** 0.5, wanted) <= 1e-4


@pytest.mark.parametrize("kind", ["image", "tuned", "animated", "both"])
def test_the_way_back_is_closer_with_more_steps(tmp_path: Path, model: Patcher, kind: str) -> None:
    patcher = tuned(tmp_path, model) if kind in ("tuned", "both") else model
    if kind in ("animated", "both"):
        patcher = animated(patcher, tiny_motion(tmp_path), "use existing")
    errors = [inverted(patcher, steps).error for steps in (3, 8, 24)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


def test_the_host_s_sampler_leads_back(model: Patcher) -> None:
    """As in a graph: KSampler (Advanced) with add_noise disabled."""
    found = inverted(model, 20)
    positive, negative = conds()
    with torch.inference_mode():
        back = comfy.sample.sample(
            model,
            torch.zeros_like(found.latents),
            20,
            1.0,
            "euler",
            "ddim_uniform",
            positive,
            negative,
            found.latents,
            disable_noise=True,
            disable_pbar=True,
        )
    assert abs(relative_error(back, clip()) - found.error) <= 1e-5


@pytest.mark.parametrize("scheduler", ["ddim_uniform", "simple", "normal", "karras"])
def test_schedulers(model: Patcher, scheduler: str) -> None:
    found = inverted(model, 12, scheduler=scheduler)
    assert found.sigmas[-1] == 0
    assert torch.isfinite(found.latents).all()
    assert found.error < 1.0
    assert 0.8 < found.strength < 1.25


def test_what_acts_by_the_time_acts_at_the_same_noise(tmp_path: Path, model: Patcher) -> None:
    patcher = animated(model, tiny_motion(tmp_path), "use existing")
    steps: list[int] = []

    def watch(executor: Any, x: Tensor, t: Tensor, *rest: Any, **more: Any) -> Tensor:
        options = rest[3]
        steps.append(options[TIMING].step(float(t[0])))
        return executor(x, t, *rest, **more)

    patcher.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "test", watch)
    inverted(patcher, 5)
    assert steps == [4, 3, 2, 1, 0, 0, 1, 2, 3, 4]


def test_the_given_latents_are_left_alone(model: Patcher) -> None:
    latents = clip()
    inverted(model, 2, latents=latents)
    assert torch.equal(latents, clip())


def node(model: Patcher, latents: Any, **settings: Any) -> Any:
    positive, _ = conds()
    with torch.inference_mode():
        return DdimInvert.execute(model, positive, latents, **settings).result


def test_the_node(model: Patcher) -> None:
    mask = torch.ones(1, 8, 8)
    latents, report, sigmas = node(model, {"samples": clip(), "noise_mask": mask}, steps=4)
    assert latents["samples"].shape == clip().shape
    assert latents["noise_mask"] is mask
    assert len(sigmas) == 5
    assert report.startswith("6 frames, 4 steps of ddim_uniform, cfg 1.\n")
    assert "Sampled back with the same prompt the clip differs by " in report
    _, report, _ = node(model, {"samples": clip(1)}, steps=2, check=False)
    assert report.endswith("The way back was not checked.")
    with pytest.raises(ValueError, match="cfg is 5, which needs a negative prompt. Connect negative, or set cfg to 1."):
        node(model, {"samples": clip()}, cfg=5.0)
    positive, _ = conds()
    assert torch.isfinite(node(model, {"samples": clip()}, steps=2, cfg=3.0, negative=positive)[0]["samples"]).all()


def test_guidance_is_looked_at_before_a_run() -> None:
    assert "needs a negative prompt" in str(DdimInvert.validate_inputs(cfg=7.5))
    assert DdimInvert.validate_inputs(cfg=1.0) is True
    # what comes over a wire
    assert DdimInvert.validate_inputs(cfg=7.5, negative=None) is True
    assert DdimInvert.validate_inputs(cfg=None) is True


def test_what_cannot_be_inverted(model: Patcher) -> None:
    wrong = {
        "empty": torch.zeros(0, 4, 8, 8),
        "all zero, as that of Empty Latent Image": torch.zeros(4, 4, 8, 8),
        "holds NaN": torch.full((4, 4, 8, 8), torch.nan),
        "not one of pictures": torch.ones(1, 4, 4, 8, 8),
    }
    for words, latents in wrong.items():
        with pytest.raises(OneShotError, match=words):
            inverted(model, 2, latents=latents)


def test_models_of_another_kind(model: Patcher) -> None:
    flow = model.clone()
    flow.add_object_patch("model_sampling", CONST())
    with pytest.raises(OneShotError, match="predicts noise or v, .* samples with CONST"):
        inverted(flow, 2)
