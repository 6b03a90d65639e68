"""Clip Noise and FreeInit in every sampler node of the host."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.sample
import pytest
import torch
from comfy.context_windows import apply_freenoise
from comfy.patcher_extension import WrappersMP
from kinema.motion.sampling import (
    KINDS,
    ClipNoise,
    FreeInitError,
    FreeInitOptions,
    NoiseError,
    NoiseLayer,
    NoiseOptions,
    low_pass,
    reinitialized,
)
from kinema.motion.sampling.noise import freenoise
from kinema.nodes.host.sampling.noise import Progress, set_clip_noise, set_freeinit
from kinema.nodes.sampling import FreeInit, MakeClipNoise, MakeNoiseLayer

from tests.papers.error import relative_error

from ..models import Patcher, animated, conds, sample, tiny_model, tiny_motion

FRAMES, STEPS = 8, 2
SHAPE = (FRAMES, 4, 8, 8)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def plain(model: Patcher) -> torch.Tensor:
    return sample(model)


def clip(kind: str = "default", *layers: NoiseLayer, **options: Any) -> ClipNoise:
    return ClipNoise(NoiseOptions(kind, **options), layers)


def latent(**more: Any) -> dict[str, Any]:
    return {"samples": torch.zeros(SHAPE), **more}


def ksampler(model: Patcher, image: dict[str, Any] | None = None, seed: int = 7, denoise: float = 1.0) -> torch.Tensor:
    node = importlib.import_module("nodes").KSampler()
    settings = (seed, STEPS, 5.0, "euler", "normal", *conds())
    return node.sample(model, *settings, image or latent(), denoise)[0]["samples"]


def ksampler_advanced(
    model: Patcher, image: dict[str, Any] | None = None, add_noise: str = "enable", leftover: bool = False
) -> torch.Tensor:
    node = importlib.import_module("nodes").KSamplerAdvanced()
    steps = (0, STEPS, "enable") if leftover else (0, 10_000, "disable")
    settings = (add_noise, 7, STEPS + leftover, 5.0, "euler", "normal", *conds(), image or latent(), *steps)
    return node.sample(model, *settings)[0]["samples"]


def custom_advanced(model: Patcher, image: dict[str, Any] | None = None) -> torch.Tensor:
    return custom_outputs(model, image)[0]


def custom_outputs(model: Patcher, image: dict[str, Any] | None = None) -> list[torch.Tensor]:
    """Both outputs of SamplerCustomAdvanced."""
    custom = importlib.import_module("comfy_extras.nodes_custom_sampler")
    noise = custom.RandomNoise.execute(7).result[0]
    guider = custom.CFGGuider.execute(model, *conds(), 5.0).result[0]
    sampler = custom.KSamplerSelect.execute("euler").result[0]
    sigmas = custom.BasicScheduler.execute(model, "normal", STEPS, 1.0).result[0]
    found = custom.SamplerCustomAdvanced.execute(noise, guider, sampler, sigmas, image or latent())
    return [output["samples"] for output in found.result]


SAMPLERS: dict[str, Callable[..., torch.Tensor]] = {
    "KSampler": ksampler,
    "KSamplerAdvanced": ksampler_advanced,
    "SamplerCustomAdvanced": custom_advanced,
}
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


def watched(model: Patcher) -> tuple[Patcher, list[torch.Tensor]]:
    """A clone that notes the noise each sampling starts from, after whatever the nodes do to it."""
    seen: list[torch.Tensor] = []
    clone = model.clone()

    def watch(executor: Any, noise: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
        seen.append(noise.clone())
        return executor(noise, *rest, **more)

    clone.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "watch", watch)
    return clone, seen


def drawn(seed: int = 7) -> torch.Tensor:
    return comfy.sample.prepare_noise(torch.zeros(SHAPE), seed)


@every_sampler
def test_default_is_what_the_sampler_does_anyway(model, sampler: Any) -> None:
    assert torch.equal(sampler(set_clip_noise(model, clip())), sampler(model))


def test_default_keeps_noise_of_another_kind(model) -> None:
    """Latents can name their own draws; that is kept."""
    image = latent(batch_index=[3] * FRAMES)
    assert torch.equal(ksampler(set_clip_noise(model, clip()), image), ksampler(model, image))


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [*((ksampler, kind) for kind in KINDS), (ksampler_advanced, "FreeNoise"), (custom_advanced, "constant")],
)
def test_noise_reaches_the_sampler(model, sampler: Any, kind: str) -> None:
    options = NoiseOptions(kind, "auto1111", 2, 5, 4, 1)
    patched, seen = watched(set_clip_noise(model, ClipNoise(options)))
    assert bool(sampler(patched).isfinite().all())
    (noise,) = seen
    assert torch.equal(noise, options.made(SHAPE, 7))


def test_freenoise_is_the_hosts(model) -> None:
    noise = torch.randn(40, 4, 4, 4)
    assert torch.equal(freenoise(noise, 16, 4, 9), apply_freenoise(noise.clone(), 0, 16, 4, 9))


def test_the_seed_decides(model) -> None:
    layer = NoiseLayer(NoiseOptions("constant", seed_offset=1), weight=0.3)
    patched = set_clip_noise(model, clip("FreeNoise", layer, context_length=4, context_overlap=2))
    assert torch.equal(ksampler(patched), ksampler(patched))
    assert relative_error(ksampler(patched, seed=8), ksampler(patched)) > 0.1


def test_the_given_model_is_untouched(model, plain) -> None:
    first = set_clip_noise(model, clip("constant"))
    constant = sample(first)
    sample(set_freeinit(set_clip_noise(first, clip("empty")), FreeInitOptions(2)))
    assert torch.equal(sample(model), plain)
    assert torch.equal(sample(first), constant)
    assert not model.wrappers.get(WrappersMP.OUTER_SAMPLE)


def test_the_last_of_each_node_counts(model, plain) -> None:
    twice = set_clip_noise(set_clip_noise(model, clip("empty")), clip("constant"))
    assert torch.equal(sample(twice), sample(set_clip_noise(model, clip("constant"))))
    twice = set_freeinit(set_freeinit(model, FreeInitOptions(5)), FreeInitOptions(1))
    assert torch.equal(sample(twice), plain)


@pytest.mark.parametrize("iterations", [1, 3])
def test_without_added_noise_nothing_happens(model, iterations: int) -> None:
    image = {"samples": 0.3 * drawn(3)}
    patched = set_freeinit(set_clip_noise(model, clip("constant")), FreeInitOptions(iterations))
    found = ksampler_advanced(patched, image, "disable")
    assert torch.equal(found, ksampler_advanced(model, image, "disable"))


@every_sampler
def test_one_iteration_is_plain_sampling(model, sampler: Any) -> None:
    assert torch.equal(sampler(set_freeinit(model, FreeInitOptions(1))), sampler(model))


@pytest.mark.parametrize("filter", ["box", "gaussian"])
def test_freeinit_that_keeps_nothing_is_sampling_with_the_next_seeds(model, filter: str) -> None:
    """With a stop frequency of 0 the third iteration is a plain sampling from seed + 2, to the bit."""
    patched, seen = watched(set_freeinit(model, FreeInitOptions(3, filter, d_s=0.0)))
    found = sample(patched)
    assert [torch.equal(noise, drawn(7 + n)) for n, noise in enumerate(seen)] == [True] * 3
    # the seed of a sampler is not its noise: that one stays
    assert torch.equal(found, sample_from(model, drawn(9)))


def sample_from(model: Patcher, noise: torch.Tensor, **options: Any) -> torch.Tensor:
    """A plain sampling from given noise."""
    positive, negative = options.pop("conds", conds())
    settings = (STEPS, 5.0, "euler", "normal", positive, negative, options.pop("image", torch.zeros(SHAPE)))
    with torch.inference_mode():
        return comfy.sample.sample(model, noise, *settings, seed=7, disable_pbar=True, **options)


def regional() -> tuple[Any, Any]:
    """Areas, masks and ranges, all of which the host works out at the start of a sampling."""
    positive, negative = conds()
    area = [positive[0][0], {"area": ("percentage", 0.5, 1.0, 0.0, 0.0), "strength": 1.0}]
    masked = [positive[0][0] * 0.5, {"mask": torch.ones(1, 16, 16), "mask_strength": 0.7, "start_percent": 0.2}]
    return [positive[0], area, masked], negative


@pytest.mark.parametrize("where", ["empty", "image", "image and mask"])
def test_iterations_are_plain_samplings_from_reinitialized_noise(model, tmp_path: Path, where: str) -> None:
    """Step by step with the host's own sampler, bit for bit; the latents put in are those of every iteration."""
    moving = animated(model, tiny_motion(tmp_path))
    options = FreeInitOptions(3, "butterworth", 0.4, 0.5, 3, seed_step=10)
    more: dict[str, Any] = {"conds": regional()}
    if where != "empty":
        more |= {"image": 0.3 * drawn(3), "denoise": 0.7}
    if where == "image and mask":
        more["noise_mask"] = torch.ones(1, 1, 8, 8)
        more["noise_mask"][..., :4] = 0
    initial = noise = drawn()
    filter = low_pass(SHAPE, options)
    sigma = float(moving.get_model_object("model_sampling").sigma_max)
    for shift in (10, 20):
        x0 = moving.model.process_latent_in(sample_from(moving, noise.clone(), **more))
        noise = reinitialized(x0, initial, drawn(7 + shift), sigma, filter)
    wanted = sample_from(moving, noise.clone(), **more)
    found = sample_from(set_freeinit(moving, options), drawn(), **more)
    assert torch.equal(found, wanted)
    assert relative_error(found, sample_from(moving, drawn(), **more)) > 1e-2
    if where == "image and mask":
        torch.testing.assert_close(found[..., :4], more["image"][..., :4], rtol=1e-4, atol=1e-4)


def test_noise_may_be_changed_in_place(model) -> None:
    """The host's own FreeNoise does so."""
    patched, seen = watched(set_freeinit(model, FreeInitOptions(2)))

    def spoil(executor: Any, noise: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
        return executor(noise.zero_(), *rest, **more)

    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "spoil", spoil)
    sample(patched)
    x0 = model.model.process_latent_in(sample_from(model, torch.zeros(SHAPE)))
    sigma = float(model.get_model_object("model_sampling").sigma_max)
    assert torch.equal(seen[1], reinitialized(x0, drawn(), drawn(8), sigma, low_pass(SHAPE, FreeInitOptions())))


def test_leftover_noise_is_not_taken_for_the_clip(model) -> None:
    """A sampling that stops early is judged by its last prediction."""
    predictions: list[torch.Tensor] = []
    patched, seen = watched(set_freeinit(model, FreeInitOptions(2)))
    found = ksampler_advanced(patched, leftover=True)
    settings = {"start_step": 0, "last_step": STEPS, "callback": lambda step, x0, *_: predictions.append(x0)}
    with torch.inference_mode():
        sampling = (STEPS + 1, 5.0, "euler", "normal", *conds(), torch.zeros(SHAPE))
        comfy.sample.sample(model, drawn(), *sampling, seed=7, disable_pbar=True, **settings)
    sigma = float(model.get_model_object("model_sampling").sigma_max)
    wanted = reinitialized(predictions[-1], drawn(), drawn(8), sigma, low_pass(SHAPE, FreeInitOptions()))
    assert torch.equal(seen[1], wanted)
    assert float(found.std()) > 1.0, "the noise that is left over is in the result"


@pytest.mark.parametrize(
    "sampler", ["euler_ancestral", "dpmpp_2m", "dpmpp_sde", "lcm", "ddim", "uni_pc", "dpm_adaptive"]
)
def test_any_sampler_and_progress_goes_on(model, sampler: str) -> None:
    steps: list[tuple[int, int]] = []
    model = model.clone()
    if sampler == "dpm_adaptive":
        # random weights would take it some hundred steps
        model.set_model_unet_function_wrapper(lambda apply, call: call["input"] / 2)
    found = sample(
        set_freeinit(model, FreeInitOptions(2)),
        sampler=sampler,
        callback=lambda step, x0, x, total: steps.append((step, total)),
    )
    assert bool(found.isfinite().all())
    numbers = [step for step, _ in steps]
    assert numbers == sorted(numbers)
    assert {total for _, total in steps} == {2 * STEPS}
    assert set(numbers) == set(range(2 * STEPS))


def test_steps_past_the_last_one_stay_in_their_iteration() -> None:
    """Adaptive samplers take more steps than they were asked for."""
    seen: list[tuple[int, int]] = []
    progress = Progress(lambda step, x0, x, total: seen.append((step, total)), iteration=1, iterations=3)
    for step in range(5):
        progress(step, f"prediction {step}", None, 3)
    assert seen == [(3, 9), (4, 9), (5, 9), (5, 9), (5, 9)]
    assert progress.x0 == "prediction 4"


def test_the_hosts_progress_bar(model, monkeypatch: pytest.MonkeyPatch) -> None:
    import comfy.utils

    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda now, total, *_, **__: sent.append((now, total)))
    ksampler(set_freeinit(model, FreeInitOptions(4)))
    assert sent[-1] == (8, 8)
    assert {total for _, total in sent} == {8}


def test_the_denoised_output_is_the_last_iterations(model) -> None:
    result, denoised = custom_outputs(set_freeinit(model, FreeInitOptions(2)))
    torch.testing.assert_close(denoised, result, rtol=1e-4, atol=1e-4)


def test_an_interrupt_leaves_nothing(model, plain, tmp_path: Path) -> None:
    moving = animated(model, tiny_motion(tmp_path))
    patched = set_freeinit(set_clip_noise(moving, clip("constant")), FreeInitOptions(3))
    wanted = sample(patched)

    def interrupt(step: int, *_: Any) -> None:
        if step == STEPS + 1:
            raise comfy.model_management.InterruptProcessingException

    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(patched, callback=interrupt)
    assert torch.equal(sample(patched), wanted)
    assert torch.equal(sample(model), plain)


def test_the_order_of_the_nodes_does_not_matter(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    clip_noise = clip("repeated_context", NoiseLayer(NoiseOptions(seed_offset=1), weight=0.2), context_length=3)
    nodes: list[Callable[[Patcher], Patcher]] = [
        lambda model: animated(model, motion),
        lambda model: set_clip_noise(model, clip_noise),
        lambda model: set_freeinit(model, FreeInitOptions(2)),
    ]
    found = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)):
        patched = model
        for node in order:
            patched = nodes[node](patched)
        found.append(sample(patched))
    assert all(torch.equal(result, found[0]) for result in found)
    assert relative_error(found[0], sample(animated(model, motion))) > 0.1


def test_fresh_noise_is_clip_noise_too(model) -> None:
    """What FreeInit draws for an iteration is arranged as Clip Noise says, layers with seeds of their own included."""
    layer = NoiseLayer(NoiseOptions("constant"), weight=0.2, seed=50)
    noise = clip("FreeNoise", layer, context_length=4, context_overlap=2, seed_offset=3)
    patched, seen = watched(set_freeinit(set_clip_noise(model, noise), FreeInitOptions(3, d_t=0.0, seed_step=4)))
    sample(patched)
    for iteration, found in enumerate(seen):
        assert torch.equal(found, noise.made(SHAPE, 7, 4 * iteration))


@pytest.mark.parametrize("freeinit_first", [True, False])
def test_notices_are_told_once(model, tmp_path: Path, caplog, freeinit_first: bool) -> None:
    caplog.set_level(logging.WARNING)
    motion, options = tiny_motion(tmp_path), FreeInitOptions(3)
    if freeinit_first:
        patched = animated(set_freeinit(model, options), motion, effect=[1.0, 0.5])
    else:
        patched = set_freeinit(animated(model, motion, effect=[1.0, 0.5]), options)
    sample(patched)
    assert caplog.text.count("has a list of 2 values") == 1
    sample(patched)
    assert caplog.text.count("has a list of 2 values") == 2


def test_context_windows(model, tmp_path: Path) -> None:
    from comfy_extras.nodes_context_windows import ContextWindowsManualNode

    patched = set_clip_noise(animated(model, tiny_motion(tmp_path)), clip("FreeNoise"))
    windowed = ContextWindowsManualNode.execute(
        set_freeinit(patched, FreeInitOptions(2)),
        *(16, 4, "standard_static", 1, False, "pyramid", 0, False, None, False, False),
    ).result[0]
    found = sample(windowed, frames=40, steps=1)
    assert found.shape[0] == 40
    assert bool(found.isfinite().all())


def test_models_without_noise_levels_are_refused_freeinit(model) -> None:
    flow = set_freeinit(model, FreeInitOptions(2))
    from comfy_extras.nodes_model_advanced import ModelSamplingSD3

    (flow,) = ModelSamplingSD3().patch(flow, 3.0)
    with pytest.raises(FreeInitError, match="predicts noise or v, such as SD1.5 and SDXL"):
        sample(flow)
    assert bool(sample(set_freeinit(flow, FreeInitOptions(1))).isfinite().all())


def test_video_latents_are_refused(model) -> None:
    with pytest.raises(NoiseError, match=r"this latent has the shape \(1, 4, 8, 8, 8\)"):
        sample_from(set_clip_noise(model, clip()), torch.randn(1, 4, 8, 8, 8), image=torch.zeros(1, 4, 8, 8, 8))


def test_nodes(model) -> None:
    """The nodes make of their inputs what the functions above are given."""
    mask = torch.zeros(1, 16, 16)
    mask[..., :8] = 1
    above = MakeNoiseLayer.execute("constant", "comfy", 0, 1, "add", 0.1, seed_override=99).result[0]
    layers = MakeNoiseLayer.execute(
        "default", "auto1111", 0, 2, "replace", 0.9, mask=mask, previous_noise_layers=above
    ).result[0]
    noised = MakeClipNoise.execute(model, "FreeNoise", "comfy", 1, 4, 4, 2, layers).result[0]
    patched, seen = watched(FreeInit.execute(noised, 2, "ideal", 0.3, 0.0).result[0])
    sample(patched)
    base = NoiseOptions("FreeNoise", "comfy", 1, 4, 4, 2).made(SHAPE, 7)
    over = NoiseOptions("default", "auto1111", 0, 2).made(SHAPE, 7)
    half = (torch.arange(8) < 4).float()
    wanted = (1 - 0.9 * half) * base + 0.9 * half * over + 0.1 * NoiseOptions("constant").made(SHAPE, 100)
    torch.testing.assert_close(seen[0], wanted)
    assert len(seen) == 2


def test_validation_waits_for_what_comes_over_a_wire() -> None:
    assert "leave room for" in str(MakeClipNoise.validate_inputs("FreeNoise", 4, 4))
    assert MakeClipNoise.validate_inputs("FreeNoise", None, 20) is True
    assert MakeNoiseLayer.validate_inputs("FreeNoise", 32, None, "add", 5.0) is True
    assert "weight is 5" in str(MakeNoiseLayer.validate_inputs("default", 16, 4, "replace", 5.0))
    assert "d_s is nan" in str(FreeInit.validate_inputs(d_s=float("nan")))
