"""Networks of the host under gradients: those of a plain reference, whether activations are kept or made again."""

from collections.abc import Callable
from pathlib import Path

import comfy.model_management as management
import comfy.sample
import comfy.samplers
import pytest
import torch
from kinema.motion.clips import Batch
from kinema.motion.training import (
    SPATIAL,
    Denoising,
    Draws,
    DualPath,
    Noising,
    TrainingError,
)
from kinema.nodes.host.animate import animate
from kinema.nodes.host.crossframe import apply_one_shot, load_one_shot
from kinema.nodes.host.sampling import set_beta_schedule
from kinema.nodes.host.temporal import LoraWeights, MotionLora, apply_adapter, load_motion
from kinema.nodes.host.training import (
    Ground,
    HostNetwork,
    Part,
    domain_adapter,
    learning,
    motion_lora,
    motion_module,
    one_shot_part,
)
from safetensors.torch import save_file
from torch import Tensor

from tests.host.models import TOKENS, animated, strengths, tiny_model, tiny_motion, tiny_sdxl
from tests.papers.error import relative_error

FRAMES, SIDE = 4, 8
LINEAR = "sqrt_linear (AnimateDiff)"
NOISING = Noising.of(LINEAR)
PARTS: dict[str, Callable[[Ground, Path], Part]] = {
    "module": lambda ground, folder: motion_module(ground, tiny_motion(folder), "", 0),
    "v1 module": lambda ground, folder: motion_module(ground, tiny_motion(folder, "v1"), "", 0),
    "new module": lambda ground, _: motion_module(ground, None, "AnimateDiff v3", 0),
    "lora": lambda ground, folder: motion_lora(ground, tiny_motion(folder), 4, 0),
    "dual": lambda ground, folder: motion_lora(ground, tiny_motion(folder), 4, 0, wide=True, dual=True),
    "adapter": lambda ground, _: domain_adapter(ground, 4, 0),
    "one shot": lambda ground, _: one_shot_part(ground, 0),
    "one shot, norms of frames": lambda ground, _: one_shot_part(ground, 0, pooled=False),
}


def some_batch(frames: int = FRAMES) -> Batch:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, 4, frames, SIDE, SIDE, generator=generator)
    return Batch(latents, torch.randn(2, TOKENS, 768, generator=generator), (0, 1))


def stirred(part: Part) -> Part:
    """With all that is learnt moved, so that nothing is zero."""
    with torch.no_grad():
        for number, parameter in enumerate(part.network.parameters.values()):
            generator = torch.Generator().manual_seed(number)
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return part


def gradients(part: Part, objective: Denoising | DualPath) -> dict[str, Tensor]:
    objective.loss(part.network, some_batch(), NOISING, Draws(0, 1)).backward()
    return {name: each.grad for name, each in part.network.parameters.items()}


@pytest.mark.parametrize("name", PARTS)
@torch.inference_mode()
def test_activations_that_are_made_again_change_no_gradient(name: str, tmp_path: Path) -> None:
    objective = DualPath() if name == "dual" else Denoising()
    with learning():
        kept = gradients(
            stirred(PARTS[name](Ground(tiny_model(), checkpointing=False, frames=FRAMES), tmp_path)), objective
        )
        saved = gradients(stirred(PARTS[name](Ground(tiny_model(), frames=FRAMES), tmp_path)), objective)
    assert kept.keys() == saved.keys()
    for leaf, gradient in kept.items():
        assert gradient is not None, leaf
        torch.testing.assert_close(saved[leaf], gradient, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in PARTS if name != "dual"])
@torch.inference_mode()
def test_a_gradient_is_the_slope_of_the_loss(name: str, tmp_path: Path) -> None:
    """Along the gradient itself, where the slope is its length."""
    with learning():
        part = stirred(PARTS[name](Ground(tiny_model(), frames=FRAMES), tmp_path))
        found = gradients(part, Denoising())
        length = torch.sqrt(torch.stack([each.double().square().sum() for each in found.values()]).sum()).item()
        step, losses = 1e-2 / length, []
        for sign in (1.0, -2.0):
            with torch.no_grad():
                for leaf, each in part.network.parameters.items():
                    each += sign * step * found[leaf]
                losses.append(Denoising().loss(part.network, some_batch(), NOISING, Draws(0, 1)).item())
    assert (losses[0] - losses[1]) / (2 * step * length) == pytest.approx(length, rel=0.02)


@pytest.mark.parametrize("name", PARTS)
@torch.inference_mode()
def test_what_was_learnt_acts_in_sampling_as_it_did_in_learning(name: str, tmp_path: Path) -> None:
    """Through its file and the ordinary loaders."""
    time, batch, model = 500, some_batch(), tiny_model()
    with learning(), torch.no_grad():
        part = stirred(PARTS[name](Ground(model, frames=FRAMES), tmp_path))
        without = frozenset({SPATIAL} if name == "dual" else ())
        noise = torch.randn(1, *batch.latents.shape[1:], generator=torch.Generator().manual_seed(2))
        predicted = part.network.predict(noise, torch.tensor([time]), batch.context[:1], without)
        tensors = part.tensors({leaf: each.detach() for leaf, each in part.network.parameters.items()})
    path = tmp_path / "learnt.safetensors"
    save_file({key: each.clone() for key, each in tensors.items()}, path)
    if name == "adapter":
        patched, told = apply_adapter(model, str(path), 1.0)
        assert told is None
        set_beta_schedule(patched, LINEAR)
    elif "one shot" in name:
        patched = apply_one_shot(model, load_one_shot(str(path)), 1.0, pooled="norms" not in name)
        set_beta_schedule(patched, LINEAR)
    elif "module" in name:
        patched = animated(model, load_motion(str(path)))
    else:
        entry = MotionLora(LoraWeights.load(str(path)))
        patched = animate.animate_model(model, tiny_motion(tmp_path), strengths(), LINEAR, [entry])
    frames = noise[0].transpose(0, 1)
    sigma = patched.get_model_object("model_sampling").sigmas[time]
    text = [[batch.context[:1], {}]]
    denoised = comfy.sample.sample_custom(
        patched,
        frames,
        1.0,
        comfy.samplers.sampler_object("euler"),
        torch.stack([sigma, torch.zeros(())]),
        text,
        text,
        torch.zeros_like(frames),
        disable_pbar=True,
    )
    # x of k-diffusion is noise * sigma; what the UNet sees is x / sqrt(1 + sigma^2)
    seen = sigma / (1 + sigma**2).sqrt()
    with learning(), torch.no_grad():
        predicted = part.network.predict(noise * seen, torch.tensor([time]), batch.context[:1], without)
    wanted = (frames * sigma - denoised * model.model.latent_format.scale_factor) / sigma
    assert relative_error(predicted[0].transpose(0, 1), wanted) < 1e-4


@torch.inference_mode()
def test_a_new_module_leaves_the_image_model_as_it_is_to_the_bit(tmp_path: Path) -> None:
    batch, time = some_batch(), torch.tensor([300, 700])
    with learning(), torch.no_grad():
        new = PARTS["new module"](Ground(tiny_model(), frames=FRAMES), tmp_path)
        plain = HostNetwork(new.copied, {})
        with_it, without = (each.predict(batch.latents, time, batch.context) for each in (new.network, plain))
    assert torch.equal(with_it, without)


@torch.inference_mode()
def test_learning_leaves_the_model_of_others_alone(tmp_path: Path) -> None:
    model = tiny_model()
    before = {key: value.clone() for key, value in model.model.state_dict().items()}
    with learning():
        part = PARTS["dual"](Ground(model, frames=FRAMES), tmp_path)
        optimiser = torch.optim.SGD(part.network.parameters.values(), 1.0)
        DualPath().loss(part.network, some_batch(), NOISING, Draws(0, 0)).backward()
        optimiser.step()
    assert not management.in_training
    for key, value in model.model.state_dict().items():
        assert torch.equal(value, before[key])
    assert not any(module.weight_function for module in model.model.modules() if hasattr(module, "weight_function"))


@torch.inference_mode()
def test_half_precision_is_near_and_learns_float32(tmp_path: Path) -> None:
    with learning():
        single = stirred(PARTS["module"](Ground(tiny_model(), frames=FRAMES), tmp_path))
        half = stirred(PARTS["module"](Ground(tiny_model(), "bf16", frames=FRAMES), tmp_path))
        wanted, found = gradients(single, Denoising()), gradients(half, Denoising())
    total = torch.cat([each.flatten() for each in wanted.values()])
    assert relative_error(torch.cat([each.flatten() for each in found.values()]), total) < 0.1
    assert all(each.dtype == torch.float32 for each in half.network.parameters.values())


@torch.inference_mode()
def test_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="SD1.5 checkpoint"), learning():
        PARTS["new module"](Ground(tiny_sdxl()), tmp_path)
    moving = animated(tiny_model(), tiny_motion(tmp_path))
    with pytest.raises(TrainingError, match="before Animate Model"), learning():
        PARTS["new module"](Ground(moving), tmp_path)
    with pytest.raises(ValueError, match="made for"), learning():
        motion_lora(Ground(tiny_model()), tiny_motion(tmp_path, "v2", (64, 64, 128, 128)), 4, 0)
    with pytest.raises(TrainingError, match="rank is 0"), learning():
        motion_lora(Ground(tiny_model()), tiny_motion(tmp_path), 0, 0)
    with pytest.raises(TrainingError, match="have 33 frames, and .* numbers 32. Set frames of Load Clips"):
        motion_lora(Ground(tiny_model(), frames=33), tiny_motion(tmp_path), 4, 0)
    with pytest.raises(TrainingError, match="40 frames.*numbers 32"), learning():
        motion_module(Ground(tiny_model(), frames=40), tiny_motion(tmp_path), "", 0)
