"""Evaluate Clip and Compare Clips in the host: CLIP by its own loaders, networks from files, clear answers."""

import json
import os
from pathlib import Path
from typing import Any, ClassVar

import comfy.clip_vision
import comfy.sd
import folder_paths
import pytest
import torch
import torchvision
from comfy_api.latest import io
from kinema import nodes as pack
from kinema.motion.camera import move_path
from kinema.motion.evaluation import EvaluationError, Result
from kinema.nodes.evaluation import CompareClips, EvaluateClip
from kinema.nodes.host.evaluation import networks
from kinema.nodes.host.evaluation.embeddings import picture_embeddings, text_embedding
from kinema.nodes.inputs import settle
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.bare.evaluation.clips import noisy, panning
from tests.harness.seeded.names import CHECKPOINT

CLIP = panning(6).movedim(1, -1)
WIDTH = 768


class ClipVision:
    """Stands for CLIP ViT-L/14: the means of 16 x 16 parts as an embedding."""

    config: ClassVar = {"model_type": "clip_vision_model", "projection_dim": WIDTH}

    def encode_image(self, image: Tensor, crop: bool = True) -> dict[str, Tensor]:
        assert crop
        small = torch.nn.functional.adaptive_avg_pool2d(image.movedim(-1, 1), 16)
        return {"image_embeds": small.flatten(1)}


class WideClipVision(ClipVision):
    config: ClassVar = {"model_type": "clip_vision_model", "projection_dim": 1280}


class Dino(ClipVision):
    config: ClassVar = {"model_type": "dinov2"}


def run(node: type[io.ComfyNode], **given: Any) -> tuple[Any, ...]:
    """What a node puts out, run as the host runs it: guarded."""
    (guarded,) = [each for each in pack.NODES if each.__name__ == node.__name__]
    return guarded.execute(**given).args


@pytest.fixture(scope="module")
def text_state() -> dict[str, Tensor]:
    """The text encoder of the seeded checkpoint, as a file of its own has it."""
    path = Path(os.environ["KINEMA_MODELS"]) / "checkpoints" / CHECKPOINT
    prefix = "cond_stage_model.transformer."
    return {key.removeprefix(prefix): value for key, value in load_file(path).items() if key.startswith(prefix)}


@pytest.fixture(scope="module")
def whole_clip(text_state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A CLIP whose file has a text projection."""
    generator = torch.Generator().manual_seed(4)
    projection = (torch.randn(WIDTH, WIDTH, generator=generator) / 28).half()
    path = tmp_path_factory.mktemp("clip") / "model.safetensors"
    save_file({**text_state, "text_projection.weight": projection}, path)
    return comfy.sd.load_clip([str(path)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """models/evaluation, for files of a test alone."""
    place = tmp_path / "evaluation"
    place.mkdir()
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "evaluation", ([str(place)], {".pt", ".pth"}))
    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path))
    monkeypatch.setattr(folder_paths, "filename_list_cache", {})
    return place


def test_a_clip_alone() -> None:
    report, result, curve, record = run(EvaluateClip, images=CLIP, name="pan", curve="motion magnitude")
    assert isinstance(result, Result)
    assert result.score("motion").value == pytest.approx(1.5, abs=0.1)  # type: ignore[union-attr]
    assert report.startswith("pan: 6 frames of 64 x 64 pixels\n")
    assert "Frame smoothness was not measured: connect clip_vision" in report
    assert curve.shape == (1, 320, 768, 3)
    assert float(curve.std()) > 0.01
    assert set(json.loads(record)["values"]) == {"flicker", "warping", "motion", "shake", "frozen", "loop"}


def test_everything_that_clip_says(whole_clip: Any) -> None:
    path = move_path([("pan left", 0.2)], 6)
    given = {"images": CLIP, "clip": whole_clip, "clip_vision": ClipVision(), "prompt": "a pattern that moves"}
    result = run(EvaluateClip, **given, references=CLIP[:2], camera_path=path, ground_truth=CLIP)[1]
    frames = picture_embeddings(ClipVision(), CLIP.movedim(-1, 1), lambda _: None)
    text = text_embedding(whole_clip, "l", "a pattern that moves")
    cosine = torch.nn.functional.cosine_similarity
    wanted = 100 * float(cosine(frames.double(), text[None].double()).mean())
    assert result.score("clip_text").value == pytest.approx(wanted, abs=1e-5)
    assert result.score("clip_smoothness").value == pytest.approx(
        100 * float(cosine(frames[1:].double(), frames[:-1].double()).mean()), abs=1e-5
    )
    assert result.score("clip_domain").value > 90
    assert result.score("direction").value > 90
    assert result.score("ssim").value == pytest.approx(1.0)
    assert result.score("psnr").value == 100.0


def test_the_prompt_is_the_hosts_embedding_and_its_projection(whole_clip: Any) -> None:
    _, pooled = whole_clip.encode_from_tokens(whole_clip.tokenize("a lake"), return_pooled=True)
    projection = whole_clip.cond_stage_model.clip_l.transformer.text_projection.weight
    wanted = (pooled.float() @ projection.float().T)[0]
    torch.testing.assert_close(text_embedding(whole_clip, "l", "a lake"), wanted, atol=1e-4, rtol=1e-4)
    # weights do not count, what is longer than CLIP reads is cut off, and nothing of it stays on the CLIP
    torch.testing.assert_close(text_embedding(whole_clip, "l", "a (lake:1.4)"), wanted, atol=1e-4, rtol=1e-4)
    long = "a lake " * 60
    torch.testing.assert_close(text_embedding(whole_clip, "l", long), text_embedding(whole_clip, "l", long + "in rain"))
    again = whole_clip.encode_from_tokens(whole_clip.tokenize("a lake"), return_pooled=True)[1]
    torch.testing.assert_close(again, pooled)


def test_prompts_are_told_apart(whole_clip: Any) -> None:
    first, second = (text_embedding(whole_clip, "l", prompt) for prompt in ("a lake", "a burning city at night"))
    assert float(torch.nn.functional.cosine_similarity(first, second, dim=0)) < 0.9999


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"images": CLIP[:1]}, "images is one frame; a clip has 2 at least"),
        ({"images": CLIP * float("nan")}, "Frame 0 of images holds values that are no numbers"),
        ({"ground_truth": CLIP[:4]}, "The clip has 6 frames and ground_truth 4"),
        ({"ground_truth": CLIP[:, :32]}, "pictures of 64 x 64 and ground_truth of 64 x 32"),
        ({"references": CLIP[:1]}, "connect clip_vision"),
        ({"references": CLIP[:0], "clip_vision": ClipVision()}, "references has no frames"),
        ({"clip": object()}, "prompt is empty"),
        ({"clip": object(), "prompt": " \n"}, "prompt is empty"),
        ({"clip": object(), "prompt": "a lake"}, "connect clip_vision"),
        ({"clip": object(), "prompt": "a lake", "clip_vision": Dino()}, "not trained with texts"),
        ({"lpips": "vgg16.pth"}, "lpips compares the clip with ground_truth, which is not connected"),
        ({"fvd": "i3d.pt"}, "fvd compares the clip with ground_truth, which is not connected"),
        ({"fvd": "i3d.pt", "ground_truth": CLIP}, "pieces of 16 frames, two at least, and the clip has 6"),
    ],
)
def test_clear_answers(folder: Path, inputs: dict[str, Any], message: str) -> None:
    for name in ("vgg16.pth", "i3d.pt"):
        (folder / name).touch()
    with pytest.raises(EvaluationError, match=message):
        run(EvaluateClip, **{"images": CLIP, **inputs})


def test_a_clip_without_its_projection(checkpoint: tuple[Any, Any]) -> None:
    given = {"images": CLIP, "clip": checkpoint[0], "prompt": "a lake"}
    with pytest.raises(EvaluationError, match="lacks its text projection, as those in SD1.5 checkpoints do"):
        run(EvaluateClip, **given, clip_vision=ClipVision())
    # what happens to be in memory does not pass for one
    weight = checkpoint[0].cond_stage_model.clip_l.transformer.text_projection.weight
    before = weight.data.clone()
    weight.data.normal_(0, 0.03)
    with pytest.raises(EvaluationError, match="lacks its text projection"):
        run(EvaluateClip, **given, clip_vision=ClipVision())
    weight.data.copy_(before)
    with pytest.raises(EvaluationError, match="clip_vision reads pictures as 1280 numbers; clip reads texts as 768"):
        run(EvaluateClip, **given, clip_vision=WideClipVision())


def heads_of_alex() -> dict[str, Tensor]:
    sizes = enumerate((64, 192, 384, 256, 256))
    return {f"lin{number}.model.1.weight": torch.ones(1, size, 1, 1) for number, size in sizes}


def test_lpips_from_files(folder: Path) -> None:
    network = torchvision.models.alexnet(weights=None)
    torch.save(network.state_dict(), folder / "alexnet-owt-7be5be79.pth")
    sizes = enumerate((64, 192, 384, 256, 256))
    torch.save(
        {f"lin{number}.model.1.weight": torch.ones(1, size, 1, 1) for number, size in sizes}, folder / "alex.pth"
    )
    given = {"images": CLIP, "lpips": "alexnet-owt-7be5be79.pth", "lpips_heads": "alex.pth"}
    assert settle(EvaluateClip, {name: value for name, value in given.items() if name != "images"}) is None
    assert run(EvaluateClip, **given, ground_truth=CLIP)[1].score("lpips").value == 0.0
    noise = noisy(CLIP.movedim(-1, 1), 0.1).movedim(1, -1)
    assert run(EvaluateClip, **given, ground_truth=noise)[1].score("lpips").value > 0.0
    with pytest.raises(EvaluationError, match=r"alexnet-owt-7be5be79.pth does not hold the LPIPS heads"):
        run(EvaluateClip, **{**given, "lpips_heads": given["lpips"]}, ground_truth=CLIP)


def test_heads_of_torchmetrics(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(torchvision.models.alexnet(weights=None).state_dict(), folder / "alex_net.pth")
    monkeypatch.setattr(networks, "heads_folder", lambda: None)
    fault = settle(EvaluateClip, {"lpips": "alex_net.pth"})
    assert fault is not None
    assert "pip install torchmetrics. Or: LPIPS needs its heads" in fault.sentence
    with pytest.raises(EvaluationError, match="lpips_heads is torchmetrics, which is not installed"):
        run(EvaluateClip, images=CLIP, ground_truth=CLIP, lpips="alex_net.pth")
    heads = tmp_path / "heads"
    heads.mkdir()
    torch.save(heads_of_alex(), heads / "alex.pth")
    monkeypatch.setattr(networks, "heads_folder", lambda: str(heads))
    assert run(EvaluateClip, images=CLIP, ground_truth=CLIP, lpips="alex_net.pth")[1].score("lpips").value == 0.0


class Means(torch.nn.Module):
    """A network that tells the mean of each colour in each frame."""

    def forward(self, video: Tensor) -> Tensor:
        return video.mean((3, 4)).flatten(1)


def test_fvd_from_a_file(folder: Path) -> None:
    torch.jit.script(Means()).save(str(folder / "i3d_torchscript.pt"))
    given = {"images": CLIP, "fvd": "i3d_torchscript.pt", "fvd_window": 4}
    same = run(EvaluateClip, **given, ground_truth=CLIP)[1].score("fvd")
    other = run(EvaluateClip, **given, ground_truth=CLIP * 0.5)[1].score("fvd")
    assert same.value == pytest.approx(0.0, abs=1e-6)
    assert other.value > 0.01
    assert "of 3 overlapping pieces" in other.note


@pytest.mark.parametrize(
    ("name", "file"), [("lpips", "vgg16-397923af.pth"), ("lpips_heads", "vgg.pth"), ("fvd", "i3d_torchscript.pt")]
)
def test_a_missing_file_is_named_with_where_it_goes(folder: Path, name: str, file: str) -> None:
    fault = settle(EvaluateClip, {name: file})
    assert fault is not None
    assert fault.input == name
    assert f"{name} is {file}, which is not there." in fault.sentence
    assert f"put it into {folder}" in fault.sentence
    result = run(EvaluateClip, images=CLIP, ground_truth=CLIP)[1]
    wanted = f"i3d_torchscript.pt, the I3D of the fvd-comparison repository; put it into {folder}"
    assert any(wanted in each for each in result.unmeasured)


def test_a_camera_that_stands_is_told() -> None:
    report = run(EvaluateClip, images=CLIP, camera_path=move_path([("static", 1.0)], 6))[0]
    assert "Motion direction was not measured: the camera of camera_path stands still." in report


def test_clips_side_by_side_with_labels_and_curves() -> None:
    other = noisy(CLIP.movedim(-1, 1), 0.1).movedim(1, -1)
    results = [run(EvaluateClip, images=each, name=name)[1] for each, name in ((CLIP, "clean"), (other, "noisy"))]
    (plain,) = run(CompareClips, first=CLIP, second=other)
    assert plain.shape == (6, 64, 132, 3)
    torch.testing.assert_close(plain[:, 32:, :64], CLIP[:, 32:])
    torch.testing.assert_close(plain[:, 32:, 68:], other[:, 32:])
    (drawn,) = run(CompareClips, first=CLIP, second=other, first_result=results[0], second_result=results[1])
    assert drawn.shape == (6, 64 + 4 + 200, 132, 3)
    # the mark moves on
    assert float((drawn[1:, 68:] - drawn[:-1, 68:]).abs().amax((1, 2, 3)).min()) > 0.5
    (named,) = run(CompareClips, first=CLIP, second=other, labels="one\n")
    assert float((named - plain).abs().max()) > 0.1


def test_differences_and_motion() -> None:
    other = (CLIP + 0.1).clamp(0, 1)
    (picture,) = run(CompareClips, first=CLIP, second=other, show="difference", layout="below_each_other", amplify=2)
    assert picture.shape == (6, 3 * 68 - 4, 64, 3)
    torch.testing.assert_close(picture[:, 136 + 32 :], (other - CLIP).abs()[:, 32:] * 2)
    (picture,) = run(CompareClips, first=CLIP, show="motion")
    # to the right is red
    assert picture[:, 32:, 68 + 16 : 68 + 48].mean((0, 1, 2))[0] > 0.6
    assert picture[:, 32:, 68 + 16 : 68 + 48].mean((0, 1, 2))[1:].max() < 0.2


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"second": CLIP[:3]}, "The clips have 6, 3 frames and would not play in step"),
        ({"show": "difference"}, "Connect second"),
        ({"labels": "one\ntwo"}, "labels has 2 lines, more than there are clips .1."),
        ({"second_result": object()}, "second_result belongs to second, which is not connected"),
        ({"second": CLIP * float("inf")}, "Frame 0 of second holds values that are no numbers"),
        ({"first": CLIP[:1], "show": "motion"}, "first is one frame"),
    ],
)
def test_clips_that_cannot_be_compared(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        run(CompareClips, **{"first": CLIP, **inputs})
