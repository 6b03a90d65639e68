"""Trainings as the nodes run them: to a file, cancelled, continued, and what goes wrong on the way."""

import json
import os
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from typing import Any

import comfy.model_management as management
import folder_paths
import pytest
import torch
from comfy.model_sampling import V_PREDICTION, ModelSamplingDiscrete
from kinema.motion.formats import SQRT_LINEAR
from kinema.motion.training import DivergedError, TrainingError
from kinema.nodes.host import folders
from kinema.nodes.host.training import Options, running
from kinema.nodes.host.training.places import Place
from kinema.nodes.training.adapter import TrainDomainAdapter
from kinema.nodes.training.lora import DUAL, TrainMotionLora
from kinema.nodes.training.module import TrainMotionModule
from kinema.nodes.training.settings import TrainingSettings
from safetensors import safe_open
from torch import Tensor

from tests.host.models import Patcher, animated, sample, tiny_model, tiny_motion

from .clips import training_clips

SOON = Options(save_every=2, validate_every=6, preview_every=0, file_every=0, precision="fp32", checkpointing=False)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Model folders and an output folder of the test's own."""
    for kind in ("animatediff_models", "animatediff_motion_lora", "loras"):
        monkeypatch.setitem(
            folder_paths.folder_names_and_paths,
            kind,
            ([str(tmp_path / "models" / kind)], folder_paths.supported_pt_extensions),
        )
    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path / "models"))
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path / "output"))
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    return tmp_path


def lora(model: Patcher, folder: Path, **more: Any) -> tuple[Any, ...]:
    inputs = {"steps": 2, "rank": 4, "learning_rate": 1e-2, "settings": SOON} | more
    clips = inputs.pop("clips", None) or training_clips(folder, held_out=0)
    with torch.inference_mode():
        return TrainMotionLora.execute(model, tiny_motion(folder), clips, **inputs).result


def about(path: str) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


def tensors(path: str) -> dict[str, Tensor]:
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def checkpoints(places: Path) -> list[str]:
    return sorted(path.name for path in places.glob("output/kinema/training/*/step_*"))


def test_a_motion_lora_is_learnt_saved_and_acts(places: Path) -> None:
    model = tiny_model()
    settings = Options(license="CC0-1.0", precision="fp32", preview_every=2)
    loaded, curve, file, report = lora(model, places, clips=training_clips(places), settings=settings)
    assert Path(file) == places / "models" / "animatediff_motion_lora" / "my_motion_lora_00001_.safetensors"
    told = about(file)
    expected = {"base": "SD1.5", "steps": "2", "clips": "3", "frames": "4", "license": "CC0-1.0", "rank": "4"}
    assert {key: told[key] for key in expected} == expected
    assert "held out" in report
    assert curve.shape[0] == 1
    assert curve.shape[3] == 3
    motion = tiny_motion(places)
    with_it = running_sample(animated_with(model, motion, loaded))
    assert not torch.equal(with_it, running_sample(animated(model, motion)))


def animated_with(model: Patcher, motion: Any, loras: Any) -> Patcher:
    from kinema.nodes.host.animate import animate

    from tests.host.models import strengths

    return animate.animate_model(model, motion, strengths(), "auto", loras)


def running_sample(model: Patcher) -> Tensor:
    return sample(model, 4, 1)


def test_a_new_module_and_an_adapter_are_learnt_and_act(places: Path) -> None:
    model, clips = tiny_model(), training_clips(places)
    with torch.inference_mode():
        inputs: dict[str, Any] = {"steps": 2, "batch_size": 1, "learning_rate": 1e-2, "settings": SOON}
        module, _, file, _ = TrainMotionModule.execute(model, clips, **inputs).result
        adapted, _, adapter, _ = TrainDomainAdapter.execute(model, clips, rank=4, **inputs).result
        more, _, second, _ = TrainMotionModule.execute(model, clips, motion_model=module, **inputs).result
    assert module.model.format.name == "AnimateDiff v3"
    assert about(file)["beta_schedule"] == "sqrt_linear (AnimateDiff)"
    assert (about(adapter)["frames"], about(adapter)["beta_schedule"]) == ("1", "linear (HotshotXL/default)")
    assert about(second)["start_from"] == Path(file).name
    plain = running_sample(animated(model, module, effect=0.0))
    pictures = [running_sample(each) for each in (animated(model, module), animated(model, more))]
    assert not torch.equal(pictures[0], plain)
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(running_sample(adapted), running_sample(model))
    # what was learnt beside it has not changed it
    fresh = tiny_model().model.state_dict()
    for key, weight in model.model.state_dict().items():
        assert torch.equal(weight, fresh[key])


@pytest.mark.parametrize("method", ["plain", DUAL])
def test_cancelled_it_goes_on_where_it_was(places: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """With the same weights and the same losses as if nobody had stopped it."""
    model = tiny_model()
    how: dict[str, Any] = {"steps": 4, "method": method, "clips": training_clips(places)}
    whole = lora(model, places, filename_prefix="whole", **how)
    seen = []
    for after in (1, 3):
        with monkeypatch.context() as patch:
            patch.setattr(running.Shown, "step", partialmethod(_cancel, after))
            with pytest.raises(management.InterruptProcessingException):
                lora(model, places, filename_prefix="stopped", settings=quiet(), **how)
        seen.append(max(path.name for path in places.glob("output/kinema/training/stopped_*/step_*")))
    assert seen == ["step_00000001.safetensors", "step_00000003.safetensors"]
    stopped = lora(model, places, filename_prefix="stopped", settings=quiet(), **how)
    first, second = tensors(whole[2]), tensors(stopped[2])
    assert first.keys() == second.keys()
    for key, tensor in first.items():
        assert torch.equal(second[key], tensor)
    assert about(whole[2])["loss"] == about(stopped[2])["loss"]


def _cancel(shown: Any, after: int) -> None:
    """What the host does when somebody presses the button."""
    management.interrupt_current_processing(shown._trainer.step == after)


def quiet() -> Options:
    """Without checkpoints of its own accord."""
    return Options(save_every=100, validate_every=2, preview_every=0, precision="fp32", checkpointing=False)


def test_more_steps_go_on_from_fewer(places: Path) -> None:
    model = tiny_model()
    _, _, file, _ = lora(model, places, steps=2)
    _, _, longer, _ = lora(model, places, steps=3)
    _, _, whole, _ = lora(model, places, steps=3, filename_prefix="other")
    assert longer != file
    for key, tensor in tensors(whole).items():
        assert torch.equal(tensors(longer)[key], tensor)


def test_fewer_steps_are_learnt_beside_more(places: Path) -> None:
    model = tiny_model()
    lora(model, places, steps=4)
    before = checkpoints(places)
    _, _, shorter, _ = lora(model, places, steps=3)
    assert about(shorter)["steps"] == "3"
    assert set(before) < set(checkpoints(places))
    _, _, again, _ = lora(model, places, steps=3)
    assert again == shorter


def test_what_is_finished_is_given_again(places: Path) -> None:
    model = tiny_model()
    _, _, file, _ = lora(model, places)
    _, _, again, report = lora(model, places)
    assert again == file
    assert "finished before" in report
    os.unlink(file)
    _, _, saved, _ = lora(model, places)
    assert os.path.isfile(saved)
    _, _, other, _ = lora(model, places, seed=1)
    assert other != saved


def test_files_between(places: Path) -> None:
    lora(tiny_model(), places, steps=5, settings=replace(SOON, file_every=2))
    names = sorted(path.name for path in (places / "models" / "animatediff_motion_lora").iterdir())
    assert names == [
        "my_motion_lora_00001_.safetensors",
        "my_motion_lora_step_2_00001_.safetensors",
        "my_motion_lora_step_4_00001_.safetensors",
    ]


def test_a_loss_that_is_no_number_stops_it_and_keeps_the_checkpoint(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = running._source

    def spoilt(task: Any, part: Any, batches: Any) -> Any:
        at = real(task, part, batches)

        def batch(number: int) -> Any:
            made = at(number)
            return type(made)(made.latents * float("nan"), made.context, made.clips) if number == 4 else made

        return batch

    monkeypatch.setattr(running, "_source", spoilt)
    with pytest.raises(DivergedError, match="loss of step 5 is nan"):
        lora(tiny_model(), places, steps=6)
    assert checkpoints(places) == ["step_00000002.safetensors", "step_00000004.safetensors"]
    assert not list((places / "models" / "animatediff_motion_lora").iterdir())


def test_memory_that_is_used_up_is_told(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(running, "_source", full)
    with pytest.raises(TrainingError, match="prepare smaller clips"):
        lora(tiny_model(), places)


def test_single_frames_are_no_motion(places: Path) -> None:
    with pytest.raises(TrainingError, match="have 1 frame, and a motion is learnt from 2"):
        lora(tiny_model(), places, clips=training_clips(places, frames=1))
    with torch.inference_mode():
        inputs: dict[str, Any] = {"steps": 1, "batch_size": 1, "rank": 2, "settings": SOON}
        TrainDomainAdapter.execute(tiny_model(), training_clips(places, held_out=0, frames=1), **inputs)


def test_a_lora_goes_on_from_a_file(places: Path) -> None:
    model = tiny_model()
    _, _, file, _ = lora(model, places)
    _, _, more, _ = lora(model, places, filename_prefix="more", start_from=Path(file).name)
    assert tensors(more).keys() == tensors(file).keys()
    assert json.loads(about(more)["rank"]) == 4
    assert any(not torch.equal(tensors(more)[key], tensor) for key, tensor in tensors(file).items())


def test_a_lora_of_another_module_or_rank_is_told(places: Path) -> None:
    model = tiny_model()
    _, _, file, _ = lora(model, places, steps=1)
    with torch.inference_mode():
        other = tiny_motion(places, "v1")
        inputs: dict[str, Any] = {"steps": 1, "rank": 8, "settings": SOON, "start_from": Path(file).name}
        result = TrainMotionLora.execute(model, other, training_clips(places), filename_prefix="more", **inputs).result
    assert f"{Path(file).name} was learnt beside" in result[3]
    assert "has the rank 4, which stays; rank 8 does not count" in result[3]
    assert "which this motion module does not have" in result[3]


def test_what_was_learnt_for_longer_is_given_again_for_fewer_steps(places: Path) -> None:
    model = tiny_model()
    _, _, first, _ = lora(model, places, steps=2)
    _, _, second, _ = lora(model, places, steps=3)
    _, curve, again, report = lora(model, places, steps=2)
    assert again == first
    assert report.startswith("my_motion_lora_00001_.safetensors was finished before")
    assert curve.shape[0] == 1
    assert second != first
    assert len(list((places / "models" / "animatediff_motion_lora").glob("*.safetensors"))) == 2


def test_a_file_that_was_cut_is_saved_again(places: Path) -> None:
    model = tiny_model()
    _, _, file, _ = lora(model, places, steps=2)
    whole = Path(file).read_bytes()
    Path(file).write_bytes(whole[:-100])
    _, _, saved, report = lora(model, places, steps=2)
    assert tensors(saved).keys()
    assert Path(saved).stat().st_size == len(whole)
    assert "all of it had been learnt before; it is saved again from its checkpoint" in report
    assert "where it was stopped" not in report


def test_what_begins_anew_says_why(places: Path) -> None:
    model = tiny_model()
    lora(model, places, steps=2)
    _, _, _, report = lora(model, places, steps=2, learning_rate=2e-2)
    assert "begun anew, because learning rate was 0.01 and is 0.02; the earlier training of this name is kept" in report
    _, _, _, report = lora(model, places, steps=2, clips=training_clips(places, count=2))
    assert "because clips changed" in report
    _, _, _, report = lora(model, places, steps=2, filename_prefix="other", seed=5)
    assert "begun anew" not in report
    _, _, _, report = lora(model, places, steps=3)
    assert "it went on from step 2" in report


def test_losses_are_told_without_held_out_clips(places: Path) -> None:
    _, _, _, report = lora(tiny_model(), places, steps=4)
    assert "loss: " in report
    assert "over the first step, " in report


def test_clips_of_another_text_encoder_are_refused(places: Path) -> None:
    with pytest.raises(TrainingError, match="1024 numbers a token, and this model reads 768"):
        lora(tiny_model(), places, clips=training_clips(places, width=1024))


def test_latents_of_another_vae_are_told(places: Path) -> None:
    _, _, _, report = lora(tiny_model(), places, steps=1, clips=training_clips(places, spread=7.9))
    assert "deviate by 1.4" in report
    _, _, _, report = lora(tiny_model(), places, steps=1, filename_prefix="own")
    assert "deviate" not in report


@pytest.mark.parametrize(
    "name", ["", "../out", "/etc/passwd", "a\nb", "x/", "~/x", ".hidden", "a:b", "in/.x", ".safetensors"]
)
def test_names_that_cannot_be_are_answered_before_anything_runs(name: str) -> None:
    for node in (TrainMotionLora, TrainMotionModule, TrainDomainAdapter):
        assert node.validate_inputs(filename_prefix=name) is not True
    assert TrainMotionLora.validate_inputs(filename_prefix="mine/zoom") is True


@pytest.mark.parametrize("name", ["mine/zoom.safetensors", "mine/zoom.CKPT", "mine/zoom"])
def test_a_name_may_have_an_ending(places: Path, name: str) -> None:
    place = Place.of(folders.MOTION_LORAS, name, "0" * 32)
    assert next(place.files("")) == places / "models" / "animatediff_motion_lora" / "mine" / "zoom_00001_.safetensors"


def test_an_optimiser_that_is_not_installed_is_told_before_the_run() -> None:
    assert TrainingSettings.validate_inputs(optimizer="adamw") is True
    told = TrainingSettings.validate_inputs(optimizer="prodigy")
    assert told is True or "pip install prodigyopt" in told


def test_what_is_predicted_is_what_the_model_predicts(places: Path) -> None:
    velocity = tiny_model()
    velocity.add_object_patch("model_sampling", type("V", (ModelSamplingDiscrete, V_PREDICTION), {})())
    _, _, file, _ = lora(tiny_model(), places, steps=1)
    _, _, other, _ = lora(velocity, places, steps=1, filename_prefix="v")
    assert Options().noising(SQRT_LINEAR, tiny_model()).prediction == "epsilon"
    assert Options().noising(SQRT_LINEAR, velocity).prediction == "v"
    assert about(file)["loss"] != about(other)["loss"]
    assert TrainingSettings.validate_inputs(zero_terminal_snr=True, prediction="epsilon") is not True
    with pytest.raises(TrainingError, match="v-prediction"):
        lora(tiny_model(), places, steps=1, settings=Options(zero_snr=True, precision="fp32"))
