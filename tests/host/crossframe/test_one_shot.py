"""Tune-A-Video inside the host's UNet: like a plain implementation of the paper, and nothing of it stays behind."""

from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.ops
import pytest
import torch
import torch.nn.functional as F
from comfy.patcher_extension import WrappersMP
from kinema.motion.crossframe import OneShotError, OneShotModel
from kinema.motion.formats import WeightFileError
from kinema.nodes.host import crossframe
from kinema.nodes.host.options import ONE_SHOT
from kinema.nodes.host.windows import Stage, slide
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts_crossframe import beginning, blocks, one_shot
from tests.harness.seeded.layouts_lora import domain_adapter
from tests.papers import crossframe as reference
from tests.papers.error import relative_error

from ..models import CHANNELS, TOKENS, Patcher, animated, conds, sample, tiny_model, tiny_motion, tiny_sdxl, tiny_state

NAMES = {block: name for name, block, _ in blocks(CHANNELS)}


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def write(folder: Path, state: dict[str, Tensor], name: str = "tuned.safetensors") -> str:
    save_file(state, folder / name)
    return str(folder / name)


def applied(model: Patcher, path: str, strength: float = 1.0, pooled: bool = True) -> Patcher:
    """The Apply Tune-A-Video node."""
    return crossframe.apply_one_shot(model, crossframe.load_one_shot(path), strength, pooled)


def tuned(folder: Path, model: Patcher, **settings: Any) -> Patcher:
    return applied(model, write(folder, one_shot(CHANNELS)), **settings)


def predicted(patcher: Patcher, x: Tensor, context: Tensor, sigma: float) -> Tensor:
    """The noise that a model predicts in a call as samplers make it, (clips, channels, frames, height, width)."""
    clips, frames = x.shape[0], x.shape[2]
    flat = x.transpose(1, 2).flatten(0, 1)
    comfy.model_management.load_models_gpu([patcher, *patcher.get_nested_additional_models()])
    patcher.pre_run()
    options = {**patcher.model_options["transformer_options"], "cond_or_uncond": list(range(clips)), "uuids": []}
    options["wrappers"] = patcher.wrappers
    options |= {"sigmas": torch.tensor([sigma]), "sample_sigmas": torch.tensor([sigma, 0.0])}
    options["patches"] = {**options.get("patches", {})}
    with torch.inference_mode():
        denoised = patcher.model.apply_model(
            flat,
            torch.full((clips * frames,), sigma),
            c_crossattn=context.repeat_interleave(frames, 0),
            transformer_options=options,
        )
    patcher.cleanup()
    return ((flat - denoised) / sigma).unflatten(0, (clips, frames)).transpose(1, 2)


def wanted(x: Tensor, context: Tensor, sigma: float, timestep: int, trained: Any, pooled: bool = True) -> Tensor:
    scaled = x / (1 + sigma**2) ** 0.5
    return reference.tuned_unet(scaled, timestep, context, tiny_state(), trained, NAMES, pooled=pooled)


def moment(model: Patcher, frames: int, clips: int = 2) -> tuple[Tensor, Tensor, float]:
    generator = torch.Generator().manual_seed(frames)
    x = torch.randn(clips, 4, frames, 8, 16, generator=generator)
    sigma = float(model.get_model_object("model_sampling").sigmas[601])
    return x * (1 + sigma**2) ** 0.5, torch.randn(clips, TOKENS, 768, generator=generator), sigma


@pytest.mark.parametrize("frames", [1, 2, 7, 24])
@pytest.mark.parametrize("pooled", [True, False])
def test_equals_the_paper(tmp_path: Path, model: Patcher, frames: int, pooled: bool) -> None:
    x, context, sigma = moment(model, frames)
    found = predicted(tuned(tmp_path, model, pooled=pooled), x, context, sigma)
    plain = wanted(x, context, sigma, 601, one_shot(CHANNELS), pooled)
    assert relative_error(found, plain) <= 1e-4
    if frames > 1:
        other = wanted(x, context, sigma, 601, one_shot(CHANNELS), not pooled)
        assert relative_error(plain, other) > 1e-3


def test_whole_files_give_the_same(tmp_path: Path, model: Patcher) -> None:
    part = sample(tuned(tmp_path, model))
    whole = one_shot(CHANNELS, whole=True)
    assert torch.equal(sample(applied(model, write(tmp_path, whole, "whole.safetensors"))), part)


def test_strength(tmp_path: Path, model: Patcher) -> None:
    """Between the file and the untrained model, which is strength 0."""
    state = beginning(CHANNELS, tiny_state())
    untrained = sample(applied(model, write(tmp_path, state, "begun.safetensors")))
    assert relative_error(sample(tuned(tmp_path, model, strength=0.0)), untrained) <= 1e-5
    half = one_shot(CHANNELS)
    for name, value in half.items():
        if ".to_q." in name and "attn_temp" not in name:
            half[name] = 0.5 * value + 0.5 * state[name]
        elif ".to_out." in name:
            half[name] = 0.5 * value
    found = sample(tuned(tmp_path, model, strength=0.5))
    assert relative_error(found, sample(applied(model, write(tmp_path, half, "half.safetensors")))) <= 1e-5
    assert relative_error(found, untrained) > 1e-3


def test_temporal_layers_that_begin_change_nothing_to_the_bit(tmp_path: Path, model: Patcher) -> None:
    """Other queries, keys and values of the temporal layers give the same, as long as they add zero."""
    state = beginning(CHANNELS, tiny_state())
    others = {name: value * 3.0 if "attn_temp.to_" in name else value for name, value in state.items()}
    first = sample(applied(model, write(tmp_path, state, "first.safetensors"), pooled=False))
    assert torch.equal(sample(applied(model, write(tmp_path, others, "second.safetensors"), pooled=False)), first)


def test_the_first_frame_is_that_of_the_image_model(tmp_path: Path, model: Patcher) -> None:
    """It reads itself twice, and no other frame reaches it before the training."""
    begun = applied(model, write(tmp_path, beginning(CHANNELS, tiny_state())), pooled=False)
    x, context, sigma = moment(model, 5)
    image = predicted(model, x, context, sigma)
    found = predicted(begun, x, context, sigma)
    assert relative_error(found[:, :, 0], image[:, :, 0]) <= 1e-5
    assert relative_error(found[:, :, 1:], image[:, :, 1:]) > 1e-3


def test_the_given_model_is_left_alone(tmp_path: Path, model: Patcher) -> None:
    before = sample(model)
    keys = set(model.model.state_dict())
    clip = tuned(tmp_path, model)
    first = sample(clip)
    assert relative_error(first, before) > 1e-3
    assert torch.equal(sample(model), before)
    assert set(model.model.state_dict()) == keys
    assert model.patches == {}
    assert torch.equal(sample(clip), first)


def test_loras_act_before_and_behind(tmp_path: Path, model: Patcher) -> None:
    from kinema.nodes.host.temporal import apply_adapter

    lora = write(tmp_path, domain_adapter(CHANNELS, rank=8), "lora.safetensors")
    path = write(tmp_path, one_shot(CHANNELS))
    before = sample(applied(apply_adapter(model, lora, 1.0)[0], path))
    behind = sample(apply_adapter(applied(model, path), lora, 1.0)[0])
    assert relative_error(before, behind) <= 1e-5
    assert relative_error(before, sample(applied(model, path))) > 1e-3


def test_on_a_model_whose_weights_are_patched_now(tmp_path: Path, model: Patcher) -> None:
    """What is in the memory then is not what the checkpoint has."""
    path = write(tmp_path, one_shot(CHANNELS))
    wanted = sample(applied(model, path))
    tripled = model.clone()
    name = "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"
    tripled.add_patches({name: (torch.ones(32, 32),)}, 2.0)
    comfy.model_management.load_models_gpu([tripled])
    assert relative_error(sample(applied(model, path)), wanted) <= 1e-6


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_with_a_motion_module(tmp_path: Path, model: Patcher, version: str) -> None:
    motion, path = tiny_motion(tmp_path, version), write(tmp_path, one_shot(CHANNELS))
    before = sample(animated(applied(model, path), motion))
    assert torch.equal(sample(applied(animated(model, motion), path)), before)
    assert relative_error(before, sample(animated(model, motion))) > 1e-3
    silent = sample(animated(applied(model, path), motion, effect=0.0, schedule="use existing"))
    assert relative_error(silent, sample(applied(model, path))) <= 1e-6


@pytest.mark.parametrize("version", [None, "v1", "v2"])
def test_the_output_layer_pools_its_norm_over_the_latest(tmp_path: Path, version: str | None) -> None:
    """Over what a motion module behind the last transformer made of it, too."""
    model = tiny_model()
    clip = tuned(tmp_path, model)
    if version is not None:
        clip = animated(clip, tiny_motion(tmp_path, version), "use existing")
    out = model.model.diffusion_model.out
    seen: list[Tensor] = []
    out.register_forward_hook(lambda _, given, __: seen.append(given[0].clone()))
    x, context, sigma = moment(model, 5)
    found = predicted(clip, x, context, sigma)
    (last,) = seen
    normed = F.group_norm(last.unflatten(0, (2, 5)).transpose(1, 2), 32, out[0].weight, out[0].bias)
    wanted = out[2](F.silu(normed).transpose(1, 2).flatten(0, 1))
    assert relative_error(found.transpose(1, 2).flatten(0, 1), wanted) <= 1e-4


def test_in_half_precision(tmp_path: Path, model: Patcher) -> None:
    x, context, sigma = moment(model, 4)
    plain = predicted(tuned(tmp_path, model), x, context, sigma)
    half = tiny_model(torch.bfloat16)
    assert relative_error(predicted(tuned(tmp_path, half), x, context, sigma), plain) <= 5e-2


def test_the_prompts_of_a_call_may_come_one_by_one(tmp_path: Path, model: Patcher) -> None:
    clip = tuned(tmp_path, model)
    x, context, sigma = moment(model, 6)
    together = predicted(clip, x, context, sigma)
    for n in range(2):
        assert relative_error(predicted(clip, x[n : n + 1], context[n : n + 1], sigma), together[n : n + 1]) <= 1e-5


def test_in_windows(tmp_path: Path, model: Patcher) -> None:
    """A window is a clip: without overlap, two windows are two clips."""
    from kinema.motion.windows import WindowOptions

    clip = slide(tuned(tmp_path, model), Stage(WindowOptions(length=4, overlap=0)))
    seen: list[Tensor] = []
    sample(clip, frames=8, steps=1, callback=lambda _step, x0, *_: seen.append(x0.clone()))
    alone: list[Tensor] = []
    noise = comfy.sample.prepare_noise(torch.zeros(8, 4, 8, 8), 7)
    for part in noise.split(4):
        with torch.inference_mode():
            positive, negative = conds()
            comfy.sample.sample(
                tuned(tmp_path, model),
                part,
                1,
                5.0,
                "euler",
                "normal",
                positive,
                negative,
                torch.zeros(4, 4, 8, 8),
                callback=lambda _step, x0, *_: alone.append(x0.clone()),
                disable_pbar=True,
                seed=7,
            )
    assert relative_error(seen[0], torch.cat(alone)) <= 1e-5


def test_beside_a_node_that_replaces_a_self_attention(tmp_path: Path, model: Patcher) -> None:
    """Perturbed attention guidance relies on as many values as queries."""
    from comfy_extras.nodes_pag import PerturbedAttentionGuidance

    clip = tuned(tmp_path, model)
    guided = PerturbedAttentionGuidance.execute(clip, 3.0).result[0]
    assert relative_error(sample(guided), sample(clip)) > 1e-3


def test_one_frame_is_told(tmp_path: Path, model: Patcher, caplog: pytest.LogCaptureFixture) -> None:
    assert torch.isfinite(sample(tuned(tmp_path, model), frames=1)).all()
    assert caplog.text.count("1 frame is a picture, not a clip") == 1


def test_a_latent_of_a_video_model(tmp_path: Path, model: Patcher) -> None:
    positive, negative = conds()
    latent = torch.zeros(1, 4, 8, 8, 8)
    with pytest.raises(OneShotError, match=r"This latent has the shape \[1, 4, 8, 8, 8\]"):
        comfy.sample.sample(
            tuned(tmp_path, model), latent + 1, 1, 5.0, "euler", "normal", positive, negative, latent, seed=7
        )


def test_wrong_models(tmp_path: Path, model: Patcher) -> None:
    path = write(tmp_path, one_shot(CHANNELS))
    with pytest.raises(
        OneShotError,
        match="tuned.safetensors does not fit this model: .* for 16 transformer blocks, and the model has 11, 8 ",
    ):
        applied(tiny_sdxl(), path)
    wide = write(tmp_path, one_shot((64, 64, 128, 128)), "wide.safetensors")
    with pytest.raises(OneShotError, match="wide.safetensors does not fit this model: at .* 64 channels, the model 32"):
        applied(model, wide)
    with pytest.raises(OneShotError, match="There is a Tune-A-Video on this model already"):
        applied(applied(model, path), path)
    fewer = {name: value for name, value in one_shot(CHANNELS).items() if not name.startswith("mid_block")}
    with pytest.raises(OneShotError, match="for 15 transformer blocks, and the model has 16, 15 of them the same"):
        applied(model, write(tmp_path, fewer, "fewer.safetensors"))


def test_damaged_files(tmp_path: Path, model: Patcher) -> None:
    state = one_shot(CHANNELS)
    next(iter(state.values()))[0, 0] = torch.nan
    with pytest.raises(WeightFileError, match="tuned.safetensors is damaged: .* NaN"):
        applied(model, write(tmp_path, state))


def test_its_layers_are_weights_of_the_host(tmp_path: Path, model: Patcher) -> None:
    clip = tuned(tmp_path, model)
    (patcher,) = clip.get_additional_models_with_key(ONE_SHOT)
    assert {type(each) for each in patcher.model.modules() if isinstance(each, torch.nn.Linear)} == {
        comfy.ops.manual_cast.Linear
    }
    assert len(clip.get_wrappers(WrappersMP.APPLY_MODEL, ONE_SHOT)) == 1
    assert patcher.cached_patcher_init is not None


def test_training(tmp_path: Path, model: Patcher) -> None:
    """Gradients reach what is trained and nothing else, as in the plain implementation, and a step lowers the loss."""
    with torch.inference_mode(False):
        own = tiny_model()
        trained = crossframe.new_one_shot(own, torch.device("cpu"), seed=4)
        begun = trained.published()
        clip = crossframe.attach_training(own, trained)
        x, context, sigma = moment(own, 4, clips=1)
        target = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
        with pytest.raises(OneShotError, match="already"):
            crossframe.attach_training(clip, trained)

        def loss() -> Tensor:
            return (noise(clip, x, context, sigma) - target).square().mean()

        first = loss()
        first.backward()
        plain = {name: value.clone().requires_grad_(True) for name, value in begun.items()}
        (wanted(x, context, sigma, 601, plain) - target).square().mean().backward()
        # a bias before a group norm of one channel has none but rounding errors
        least = 1e-5 * max(float(value.grad.norm()) for value in plain.values() if value.grad is not None)
        gradients = {name: value.grad for name, value in plain.items()}
        for name, weight in trained.by_name.items():
            if "norm_temp" in name:
                assert weight.grad is None
                continue
            assert weight.grad is not None
            its = gradients[name]
            if its is not None and float(its.norm()) > least:
                assert relative_error(weight.grad, its) <= 1e-3, name
        assert all(weight.grad is None for weight in own.model.parameters())
        with torch.no_grad():
            for weight in trained.parameters():
                if weight.grad is not None:
                    weight -= 0.05 * weight.grad
        assert float(loss().detach()) < float(first.detach())
        save_file(trained.published(), tmp_path / "trained.safetensors")
        after = noise(clip, x, context, sigma).detach()
    found = predicted(applied(model, str(tmp_path / "trained.safetensors")), x, context, sigma)
    assert relative_error(found, after) <= 1e-4


def noise(patcher: Patcher, x: Tensor, context: Tensor, sigma: float) -> Tensor:
    """`predicted` for one clip, with gradients."""
    flat, frames = x[0].transpose(0, 1), x.shape[2]
    comfy.model_management.load_models_gpu([patcher])
    patcher.pre_run()
    options = {**patcher.model_options["transformer_options"], "cond_or_uncond": [0], "uuids": []}
    options |= {"wrappers": patcher.wrappers, "sigmas": torch.tensor([sigma])}
    denoised = patcher.model.apply_model(
        flat,
        torch.full((frames,), sigma),
        c_crossattn=context.repeat_interleave(frames, 0),
        transformer_options=options,
    )
    return ((flat - denoised) / sigma).transpose(0, 1)[None]


def test_a_training_of_another_model() -> None:
    trained = crossframe.new_one_shot(tiny_model(), torch.device("cpu"))
    assert isinstance(trained, OneShotModel)
    with pytest.raises(OneShotError, match="The model in training does not fit this model"):
        crossframe.attach_training(tiny_sdxl(), trained)
