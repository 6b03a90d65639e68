"""Train Animate Anyone as a node: clips in files and videos of their poses in, a release that loads out."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

import comfy.model_management as management
import comfy.model_patcher
import folder_paths
import pytest
import torch
from kinema.motion.clips import Cache, ClipsError, Contents, Preparing, prepare_clips, split, text_key
from kinema.motion.training import TrainingError
from kinema.nodes.character.load import LoadAnimateAnyone
from kinema.nodes.host.clips import Clips, TrainingClips
from kinema.nodes.host.training import STAGES, USUAL, Options, running
from kinema.nodes.training.animate_anyone import TrainAnimateAnyone
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from ..character import scene
from ..clips.conftest import loaded
from ..models import Patcher, tiny_model

IMAGES, MOTION = STAGES
FRAMES = 4
QUIET = replace(USUAL, save_every=2, validate_every=2, preview_every=0, precision="fp32")


class ClipVision(scene.ClipVision):
    """One whose weights can be told."""

    def __init__(self) -> None:
        device = torch.device("cpu")
        self.patcher = comfy.model_patcher.ModelPatcher(torch.nn.Linear(2, 2), device, device)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of the test's own: input, models and output."""
    kind = "animate_anyone"
    known = {kind: ([str(tmp_path / "models" / kind)], folder_paths.supported_pt_extensions)}
    monkeypatch.setitem(folder_paths.folder_names_and_paths, kind, known[kind])
    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path / "models"))
    monkeypatch.setattr(folder_paths, "input_directory", str(tmp_path / "input"))
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path / "output"))
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    for number in range(3):
        for what in ("people", "poses"):
            draw(tmp_path / "input" / what / f"clip {number}", 7, f"{what} {number}")
    with torch.inference_mode():
        yield tmp_path


def draw(folder: Path, count: int, about: str, width: int = 64) -> None:
    """A folder of frames of noise."""
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(sum(about.encode()))
    for number in range(count):
        pixels = torch.randint(256, (64, width, 3), generator=generator, dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(folder / f"{number}.png")


def prepared(places: Path, clips: Clips, held_out: float = 0.3) -> TrainingClips:
    """Prepare Clips, by a VAE that can be told in advance."""
    cache = Cache(places / "cache")

    def encode(frames: Tensor) -> Tensor:
        return scene.Vae().encode(frames).movedim(0, 1)

    contents = Contents(places / "cache")
    told = partial(clips.reader.content, contents=contents)
    how = Preparing(told, clips.open, encode, "vae", clips.choosing, clips.size)
    samples = prepare_clips(clips.catalogue.clips, cache, how).samples
    with cache:
        for text in ("", *(sample.caption for sample in samples)):
            cache.add(text_key(text, "words"), torch.zeros(77, 768))
    parts = split(samples, held_out)
    return TrainingClips(
        parts.learnt, parts.held_out, cache, "words", clips.choosing.frames, clips.size, "noise", clips
    )


def given(places: Path, **more: Any) -> dict[str, Any]:
    """What is connected."""
    frames = more.pop("frames", FRAMES)
    plain: dict[str, Any] = {
        "model": scene.denoiser(),
        "animate_anyone": scene.parts(places),
        "clip_vision": ClipVision(),
        "training_clips": prepared(places, loaded("people", frames=frames, stride=1)),
        "poses": loaded("poses"),
        "steps": 3,
        "learning_rate": 1e-3,
        "settings": QUIET,
    }
    return plain | more


def trained(places: Path, stage: str, **more: Any) -> tuple[Any, ...]:
    return TrainAnimateAnyone.execute(stage=stage, **given(places, **more)).result


def about(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


def names(places: Path) -> list[str]:
    return sorted(path.name for path in (places / "models" / "animate_anyone").iterdir())


def drawn(model: Patcher, parts: Any) -> Tensor:
    """What is sampled with a release."""
    picture = scene.referenced(parts, scene.picture())
    guide = scene.guided(parts, scene.poses(FRAMES))
    return scene.run(scene.moved(model, parts, [picture], [guide]), [picture], FRAMES, [999, 400])


def test_both_stages_from_clips_to_a_release_that_samples(places: Path) -> None:
    before = drawn(scene.denoiser(), scene.parts(places))
    parts, model, curve, file, report = trained(places, IMAGES)
    kinds = ("denoising_unet", "pose_guider", "reference_unet")
    assert names(places) == [f"my_character_{kind}_00001_.safetensors" for kind in kinds]
    assert Path(file).name == "my_character_denoising_unet_00001_.safetensors"
    assert "held out" in report
    assert curve.shape[0] == 1
    told = about(Path(file))
    assert (told["frames"], told["prediction"], told["part"]) == ("1", "v", "denoising_unet")
    assert told["beta_schedule"] == "linear (HotshotXL/default)"
    first = drawn(model, parts)
    assert not torch.equal(first, before)
    moved, same, _, file, _ = trained(places, MOTION, model=model, animate_anyone=parts)
    assert same is model
    assert about(Path(file))["frames"] == str(FRAMES)
    assert moved.motion.window == 24
    assert not torch.equal(drawn(model, moved), first)
    # the loader node, with the same files, gives the same clip; ComfyUI knows no denoising UNet of these widths
    kinds = ("reference_unet", "pose_guider", "motion_module")
    chosen = {kind: f"my_character_{kind}_00001_.safetensors" for kind in kinds}
    again, _ = LoadAnimateAnyone.execute(release="moore", **chosen).result
    assert torch.equal(drawn(model, again), drawn(model, moved))


def test_each_stage_changes_its_own_and_nothing_else(places: Path) -> None:
    reference = scene.reference_state()
    trained(places, IMAGES, steps=1)
    learnt = load_file(places / "models" / "animate_anyone" / "my_character_reference_unet_00001_.safetensors")
    assert learnt.keys() == reference.keys()
    changed = {key for key, tensor in learnt.items() if not torch.equal(tensor, reference[key].float())}
    assert not [key for key in changed if key.startswith("up_blocks.3.")]
    # what no attention reads gets no gradient, and weight decay leaves norms that are zero
    assert {key.partition(".")[0] for key in changed} >= {"conv_in", "down_blocks", "mid_block", "up_blocks"}
    trained(places, MOTION, steps=1)
    assert len(names(places)) == 4


def test_an_image_model_begins_a_release(places: Path) -> None:
    parts = replace(scene.parts(places), reference=None, motion=None, guiders={})
    made, _, _, _, _ = trained(places, IMAGES, model=tiny_model(), animate_anyone=parts, steps=1)
    assert made.guiders["pose"].model.kind.id == "paper"
    assert made.reference is not None


@pytest.mark.parametrize("stage", STAGES)
def test_cancelled_it_goes_on_where_it_was(places: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    whole = trained(places, stage, filename_prefix="whole")
    with monkeypatch.context() as patch:
        patch.setattr(running.Shown, "step", partialmethod(_cancel))
        with pytest.raises(management.InterruptProcessingException):
            trained(places, stage, filename_prefix="stopped")
    assert [path.name for path in places.glob("output/kinema/training/stopped_*/step_*")] == [
        "step_00000001.safetensors"
    ]
    stopped = trained(places, stage, filename_prefix="stopped")
    first, second = load_file(whole[3]), load_file(stopped[3])
    assert first.keys() == second.keys()
    for key, tensor in first.items():
        assert torch.equal(second[key], tensor), key


def _cancel(shown: Any) -> None:
    management.interrupt_current_processing(shown._trainer.step == 1)


def test_previews_and_settings_of_other_trainings(places: Path) -> None:
    """Training Settings begin with what AnimateDiff predicts; a release always predicts v."""
    settings = Options(preview_every=1, precision="fp32")
    _, _, curve, file, _ = trained(places, IMAGES, steps=1, settings=settings)
    assert about(Path(file))["prediction"] == "v"
    assert curve.shape[1] > 320


def test_clips_without_a_character_teach_the_rest(places: Path) -> None:
    """What reads pictures gets no gradients where none is looked at."""
    trained(places, IMAGES, steps=2, settings=replace(QUIET, dropout=1.0))
    learnt = load_file(places / "models" / "animate_anyone" / "my_character_reference_unet_00001_.safetensors")
    for key, tensor in scene.reference_state().items():
        assert torch.equal(learnt[key], tensor.float())


def test_poses_that_do_not_fit_are_named(places: Path) -> None:
    shutil.rmtree(places / "input" / "poses" / "clip 1")
    with pytest.raises(ClipsError, match="1 of 3 clips have no pose clip: clip 1"):
        trained(places, IMAGES)
    draw(places / "input" / "poses" / "clip 1", 7, "wide", 96)
    with pytest.raises(ClipsError, match="clip 1 and its pose clip have other proportions"):
        trained(places, IMAGES)
    with pytest.raises(ClipsError, match="The poses of clip . are the clip itself"):
        trained(places, IMAGES, poses=loaded("people"))
    shutil.rmtree(places / "input" / "poses" / "clip 1")
    draw(places / "input" / "poses" / "clip 1", 5, "shorter")
    with pytest.raises(ClipsError, match=r"clip 1 \(7 frames, its poses 5\)"):
        trained(places, IMAGES)


def test_clips_that_cannot_be_learnt_from_are_refused(places: Path) -> None:
    for stage in STAGES:
        with pytest.raises(TrainingError, match="another frame of the same clip"):
            trained(places, stage, frames=1)
    plain = given(places)
    with pytest.raises(TrainingError, match="Connect Prepare Clips"):
        TrainAnimateAnyone.execute(**plain | {"training_clips": replace(plain["training_clips"], source=None)})
    draw_again = places / "input" / "people" / "clip 0"
    shutil.rmtree(draw_again)
    draw(draw_again, 7, "somebody else")
    with pytest.raises(ClipsError, match="clip 0 was replaced after it had been prepared"):
        TrainAnimateAnyone.execute(**plain)
