"""Animate Anyone under gradients: what is learnt acts in sampling as it did in learning, through its files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kinema.motion.clips import Batch
from kinema.motion.training import Denoising, Draws, Noising, TrainingError
from kinema.nodes.host import character
from kinema.nodes.host.temporal import load_motion
from kinema.nodes.host.training import Ground, Part, check_release, learn_images, learn_motion, learning
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.papers import character as paper
from tests.papers import guiders
from tests.papers.error import relative_error

from ..character import scene
from ..models import tiny_sdxl

FRAMES, SIDE = 3, 8
NOISING = Noising.of("linear (HotshotXL/default)", "v", zero_snr=True)
LOSS = Denoising(5.0, 0.05)
Make = Callable[[Ground, character.AnimateAnyone], Part]
STAGES: dict[str, Make] = {
    "images": lambda ground, parts: learn_images(ground, parts, 0),
    "motion": learn_motion,
}


@torch.inference_mode(False)
def some_batch(frames: int, dropped: bool = False) -> Batch:
    """Two clips, the first of them without a character if it is dropped."""
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, 4, frames, SIDE, SIDE, generator=generator)
    context = torch.randn(2, 1, 768, generator=generator)
    if dropped:
        context[0] = 0.0
    more = {
        "reference": torch.randn(2, 4, SIDE, SIDE, generator=generator) / scene.SCALE,
        "poses": torch.rand(2, 3, frames, 8 * SIDE, 8 * SIDE, generator=generator),
    }
    return Batch(latents, context, (0, 1), more)


def made(stage: str, folder: Path, checkpointing: bool = True, precision: str = "fp32", **more: object) -> Part:
    """A part whose learnt weights are all moved."""
    parts = replace(scene.parts(folder), **more)  # type: ignore[arg-type]
    part = STAGES[stage](Ground(scene.denoiser(), precision, checkpointing), parts)
    with torch.no_grad():
        for number, parameter in enumerate(part.network.parameters.values()):
            generator = torch.Generator().manual_seed(number)
            parameter += 0.01 * torch.randn(parameter.shape, generator=generator).to(parameter)
    return part


def shots(stage: str) -> int:
    return 1 if stage == "images" else FRAMES


def gradients(part: Part, batch: Batch) -> dict[str, Tensor]:
    LOSS.loss(part.network, batch, NOISING, Draws(0, 1)).backward()
    found = {name: each.grad for name, each in part.network.parameters.items()}
    assert not [name for name, each in found.items() if each is None]
    return {name: each for name, each in found.items() if each is not None}


@pytest.mark.parametrize("stage", STAGES)
@torch.inference_mode()
def test_activations_that_are_made_again_change_no_gradient(stage: str, tmp_path: Path) -> None:
    batch = some_batch(shots(stage), dropped=True)
    with learning():
        kept = gradients(made(stage, tmp_path, checkpointing=False), batch)
        saved = gradients(made(stage, tmp_path), batch)
    for name, gradient in kept.items():
        torch.testing.assert_close(saved[name], gradient, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("stage", STAGES)
@torch.inference_mode()
def test_a_gradient_is_the_slope_of_the_loss(stage: str, tmp_path: Path) -> None:
    """Along the gradient itself, where the slope is its length; of each network that is learnt by itself."""
    batch = some_batch(shots(stage), dropped=True)
    with learning():
        part = made(stage, tmp_path)
        found = gradients(part, batch)
        for kind in {name.partition(".")[0] for name in found}:
            own = {name: each for name, each in found.items() if name.startswith(f"{kind}.")}
            length = torch.sqrt(torch.stack([each.double().square().sum() for each in own.values()]).sum()).item()
            assert length > 0.0
            step, losses = 3e-3 / length, []
            for sign in (1.0, -2.0, 1.0):
                with torch.no_grad():
                    for name, gradient in own.items():
                        part.network.parameters[name].add_(sign * step * gradient)
                    losses.append(LOSS.loss(part.network, batch, NOISING, Draws(0, 1)).item())
            assert (losses[0] - losses[1]) / (2 * step * length) == pytest.approx(length, rel=0.05), kind


@torch.inference_mode()
def test_what_is_learnt_in_each_stage(tmp_path: Path) -> None:
    with learning():
        images, motion = (set(made(stage, tmp_path).network.parameters) for stage in STAGES)
    kinds = {name.partition(".")[0] for name in images}
    assert kinds == {"denoising_unet", "reference_unet", "pose_guider"}
    assert len([name for name in images if name.startswith("denoising_unet.")]) == 686
    reference = [name for name in images if name.startswith("reference_unet.")]
    # the last level is left as it is
    assert not [name for name in reference if ".output_blocks.9." in name or ".output_blocks.11." in name]
    assert [name for name in reference if ".output_blocks.8." in name]
    assert {name.partition(".")[0] for name in motion} == {"temporal"}
    assert not [name for name in motion if "table" in name]


def published(part: Part, folder: Path) -> dict[str, Path]:
    """Its files."""
    weights = {name: each.detach() for name, each in part.network.parameters.items()}
    paths = {}
    for name, tensors in part.files.items():
        paths[name] = folder / f"learnt_{name}.safetensors"
        save_file({key: each.clone().contiguous() for key, each in tensors(weights).items()}, paths[name])
    return paths


def guide_of(kind: str, poses: Tensor, state: dict[str, Tensor]) -> paper.Guide:
    """What the papers' guiders make of pictures (frames, 3, height, width)."""
    given = getattr(guiders, kind)(poses, state)
    return (
        paper.Guide(latent=given)
        if kind == "paper"
        else paper.Guide(maps=given if isinstance(given, list) else [given])
    )


@pytest.mark.parametrize(("stage", "kind"), [("motion", "moore"), *(("images", kind) for kind in scene.GUIDERS)])
@torch.inference_mode()
def test_the_files_do_in_the_papers_formulas_what_the_network_did(stage: str, kind: str, tmp_path: Path) -> None:
    batch, time = some_batch(shots(stage), dropped=True), torch.tensor([500, 900])
    with learning(), torch.no_grad():
        release = kind if kind in ("champ", "aniportrait") else "moore"
        part = made(stage, tmp_path, guiders=scene.parts(tmp_path, {"pose": kind}, release).guiders)
        predicted = part.network.predict(batch.latents, time, batch.context, more=batch.more)
        paths = published(part, tmp_path)
    states = {
        "denoising_unet": scene.denoiser_state(),
        "reference_unet": scene.reference_state(),
        "pose_guider": scene.guider_state(kind),
        "motion_module": scene.motion_state(),
    }
    files = {name: load_file(path) for name, path in paths.items()}
    for name, state in files.items():
        assert {key: each.shape for key, each in state.items()} == {
            key: each.shape for key, each in states[name].items()
        }
    states |= files
    motion = states["motion_module"] if stage == "motion" else None
    for clip, looks in enumerate((False, True)):
        context, poses = batch.context[clip : clip + 1], batch.more["poses"][clip].transpose(0, 1)
        guide = guide_of(kind, poses, states["pose_guider"])
        reference = batch.more["reference"][clip : clip + 1] * scene.SCALE
        banks = paper.reference_banks(reference, context, states["reference_unet"]) if looks else None
        wanted = paper.denoise(
            batch.latents[clip : clip + 1], float(time[clip]), context, states["denoising_unet"], motion, banks, guide
        )
        assert relative_error(predicted[clip : clip + 1], wanted) < 1e-4


@torch.inference_mode()
def test_the_files_are_a_release_for_the_loaders(tmp_path: Path) -> None:
    with learning(), torch.no_grad():
        paths = published(made("images", tmp_path), tmp_path) | published(made("motion", tmp_path), tmp_path)
        begun = published(made("images", tmp_path, reference=None, guiders={}), tmp_path / "..")
    reference = character.ReferenceWeights.load(str(paths["reference_unet"]))
    guider = character.GuiderWeights.load(str(paths["pose_guider"]))
    motion = load_motion(str(paths["motion_module"]))
    parts = character.put_together("moore", reference, motion, {"pose": guider})
    assert parts.motion is not None
    assert parts.motion.window == 24
    # a ReferenceNet that is begun from the model, and the paper's guider
    assert load_file(begun["reference_unet"]).keys() == load_file(paths["reference_unet"]).keys()
    assert character.GuiderWeights.load(str(begun["pose_guider"])).model.kind.id == "paper"


@pytest.mark.parametrize("stage", STAGES)
@torch.inference_mode()
def test_half_precision_is_near_and_learns_float32(stage: str, tmp_path: Path) -> None:
    batch = some_batch(shots(stage), dropped=True)
    with learning():
        single, half = made(stage, tmp_path), made(stage, tmp_path, precision="bf16")
        wanted, found = gradients(single, batch), gradients(half, batch)
    assert all(each.dtype == torch.float32 for each in half.network.parameters.values())
    for kind in {name.partition(".")[0] for name in wanted}:
        names = [name for name in wanted if name.startswith(kind)]
        one, other = (torch.cat([each[name].flatten() for name in names]) for each in (wanted, found))
        assert relative_error(other, one) < 0.15, kind


@torch.inference_mode()
def test_what_cannot_be_learnt_together_is_refused(tmp_path: Path) -> None:
    parts, model = scene.parts(tmp_path), scene.denoiser()
    check_release(model, parts, True, FRAMES)
    with pytest.raises(TrainingError, match="another frame of the same clip"):
        check_release(model, parts, False, 1)
    with pytest.raises(TrainingError, match="no motion_module, which stage 2 needs"):
        check_release(model, replace(parts, motion=None), True, FRAMES)
    with pytest.raises(TrainingError, match="no reference_unet and no pose_guider"):
        check_release(model, replace(parts, reference=None, guiders={}), True, FRAMES)
    check_release(model, replace(parts, reference=None, motion=None, guiders={}), False, FRAMES)
    with pytest.raises(TrainingError, match="40 frames.*numbers 32"):
        check_release(model, parts, True, 40)
    with pytest.raises(TrainingError, match="SD1.5 checkpoint"):
        check_release(tiny_sdxl(), parts, True, FRAMES)
    champ = scene.parts(tmp_path, {"pose": "champ", "depth": "champ"}, "champ")
    with pytest.raises(TrainingError, match="guider for depth"):
        check_release(model, champ, True, FRAMES)
