"""Clips through the VAE and the text encoder onto the disk."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import comfy.model_management
import comfy.sd
import folder_paths
import pytest
import torch
from kinema.motion.clips import Cache, ClipsError, text_key, views
from kinema.nodes.host.clips import weights
from kinema.nodes.host.video.vae import FramesError

from .conftest import BY_ID, draw, film, loaded, prepared, ramp, run


@pytest.fixture
def clips(root: Path) -> Any:
    """Two videos, a folder of frames and a broken video."""
    film(root / "own" / "walk.mp4", caption="somebody walks")
    film(root / "own" / "short.mp4", 1)
    draw(root / "own" / "frames", 12)
    (root / "own" / "broken.mp4").write_bytes(b"no video")
    return loaded("own", missing_captions="from the name", flip=False)


def test_latents_are_what_vae_encode_gives(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    training = prepared(clips, checkpoint)
    by_name = {sample.name: sample for sample in training.learnt}
    assert set(by_name) == {"walk.mp4", "short.mp4", "frames"}
    assert by_name["walk.mp4"].caption == "somebody walks"
    assert by_name["frames"].caption == "frames"
    kept = training.cache.read(by_name["frames"].views[0])
    assert kept.shape == (4, 4, 8, 8)
    with clips.open(clips.catalogue.clips[1]) as footage:
        assert clips.catalogue.clips[1].name == "frames"
        (view,) = views(by_name["frames"].content, 12, clips.choosing)
        pixels = footage.frames(view.frames)
    assert torch.allclose(kept, checkpoint[1].encode(pixels).movedim(0, 1), atol=1e-4)
    text = training.cache.read(text_key("somebody walks", training.encoder))
    assert torch.equal(text, checkpoint[0].encode("somebody walks")[0])


def test_bad_clips_are_listed(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    report = prepared(clips, checkpoint, 0.4).about
    assert "left out: broken.mp4: The video cannot be read (" in report
    assert "of one frame, which teaches standing still (short.mp4)" in report
    assert "2 to learn from, 1 held out to validate with" in report
    assert str(Path(folder_paths.get_output_directory(), "kinema", "training cache")) in report


def test_nothing_is_encoded_twice(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    first = prepared(clips, checkpoint, 0.4)
    clip, vae = checkpoint
    calls: list[int] = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(vae, name)

        def encode(self, images: torch.Tensor) -> torch.Tensor:
            calls.append(len(images))
            return vae.encode(images)

    again = run("PrepareClips", clips=clips, vae=Spy(), clip=clip, held_out=0.4)[0]
    assert calls == []
    assert again.identity == first.identity
    assert (again.learnt, again.held_out) == (first.learnt, first.held_out)
    more = run("PrepareClips", clips=replace(clips, size=(64, 72)), vae=Spy(), clip=clip)[0]
    assert sum(calls) == 3 * 4
    assert more.identity != first.identity


def test_batches_and_what_is_held_out(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    training = prepared(clips, checkpoint, 0.4)
    batch = training.batches(2, seed=3).at(5)
    assert batch.latents.shape == (2, 4, 4, 8, 8)
    assert batch.context.shape == (2, 77, 768)
    validation = training.validation(1)
    assert validation is not None
    told = validation.at(0).context[0]
    assert torch.equal(told, training.cache.read(text_key(training.held_out[0].caption, training.encoder)))
    assert prepared(clips, checkpoint, 0.0).validation(1) is None
    assert (training.frames, training.size) == (4, (64, 64))


def test_the_identity_follows_the_data(clips: Any, checkpoint: tuple[Any, Any], root: Path) -> None:
    first = prepared(clips, checkpoint).identity
    shutil.copy(root / "own" / "walk.mp4", root / "own" / "copy.mp4")
    assert prepared(loaded("own", missing_captions="from the name", flip=False), checkpoint).identity != first
    (root / "own" / "copy.mp4").unlink()
    assert prepared(loaded("own", missing_captions="from the name", flip=False), checkpoint).identity == first
    (root / "own" / "walk.txt").write_text("nobody walks")
    assert prepared(loaded("own", missing_captions="from the name", flip=False), checkpoint).identity != first


def test_a_cancelled_run_keeps_what_is_done(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    clip, vae = checkpoint
    done: list[int] = []

    class Cancelled:
        def __getattr__(self, name: str) -> Any:
            return getattr(vae, name)

        def encode(self, images: torch.Tensor) -> torch.Tensor:
            if len(done) == 1:
                comfy.model_management.interrupt_current_processing()
            done.append(len(images))
            return vae.encode(images)

    try:
        with pytest.raises(comfy.model_management.InterruptProcessingException):
            run("PrepareClips", clips=clips, vae=Cancelled(), clip=clip)
    finally:
        comfy.model_management.interrupt_current_processing(False)
    assert len(Cache(Path(folder_paths.get_output_directory(), "kinema", "training cache"))) >= 2


def test_single_frames(root: Path, checkpoint: tuple[Any, Any]) -> None:
    draw(root / "own" / "frames", 12)
    (root / "own" / "frames" / "0.txt").write_text("dark")
    film(root / "own" / "walk.mp4")
    training = prepared(loaded("own", frames=1, views=3, flip=False), checkpoint)
    views = {sample.name: len(sample.views) for sample in training.learnt}
    assert views.pop("walk.mp4") > 1
    assert len(views) == 12
    assert set(views.values()) == {1}
    assert training.batches(2, 0).at(0).latents.shape == (2, 4, 1, 8, 8)


def test_what_a_network_is_told_by(checkpoint: tuple[Any, Any]) -> None:
    clip, vae = checkpoint
    told = weights.text_identity(clip)
    assert weights.text_identity(clip.clone()) == told
    assert weights.vae_identity(vae) != told
    stopped = clip.clone()
    stopped.clip_layer(-2)
    (name, *_) = (name for name in clip.patcher.model.state_dict() if name.endswith("fc1.weight"))
    shape = clip.patcher.model.state_dict()[name].shape
    patched = []
    for strength in (0.5, 0.6):
        patched.append(clip.clone())
        patched[-1].add_patches({name: ("diff", (torch.ones(shape),))}, strength)
    found = {weights.text_identity(each) for each in (clip, stopped, *patched)}
    assert len(found) == 4
    # loaded with its patch or not, a model has the same weights of its own
    patched[0].load_model()
    weights._known.clear()
    assert weights.text_identity(clip) == told
    clip.load_model()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_every_type_of_weights_has_a_key(dtype: torch.dtype) -> None:
    def model(first: float) -> Any:
        module = torch.nn.Module()
        module.weight = torch.nn.Parameter(torch.full((3, 50), first).to(dtype), requires_grad=False)
        patcher = SimpleNamespace(get_key_patches=lambda: {"weight": [(module.weight, None)]})
        return SimpleNamespace(first_stage_model=module, patcher=patcher, vae_dtype=dtype)

    one, same, other = (model(value) for value in (1.0, 1.0, 2.0))
    assert weights.vae_identity(one) == weights.vae_identity(same) != weights.vae_identity(other)


def test_what_a_checkpoint_does_not_have_is_not_told() -> None:
    """The host leaves memory as it is there, so it differs each time an SD1.5 checkpoint is loaded."""

    def encoder(own: float, leftover: float) -> Any:
        module, numbers = torch.nn.Module(), {}
        for name, value in (("transformer.layer.weight", own), ("transformer.text_projection.weight", leftover)):
            numbers[f"clip_l.{name}"] = [(torch.full((4, 4), value), None)]
        patcher = SimpleNamespace(get_key_patches=lambda: numbers, patches={})
        return SimpleNamespace(cond_stage_model=module, patcher=patcher, layer_idx=None, tokenizer_options={})

    first, again, other = encoder(1.0, 0.0), encoder(1.0, 7.5), encoder(2.0, 0.0)
    assert weights.text_identity(first) == weights.text_identity(again) != weights.text_identity(other)


def test_networks_that_cannot_be_used(clips: Any, checkpoint: tuple[Any, Any]) -> None:
    clip, vae = checkpoint
    with pytest.raises(ClipsError, match="no VAE: the checkpoint has none"):
        run("PrepareClips", clips=clips, vae=None, clip=clip)
    with pytest.raises(ClipsError, match="no text encoder: the checkpoint has none"):
        run("PrepareClips", clips=clips, vae=vae, clip=None)

    class Video:
        latent_dim = 3

        def __getattr__(self, name: str) -> Any:
            return getattr(vae, name)

    with pytest.raises(FramesError, match="turns several frames into one latent"):
        run("PrepareClips", clips=clips, vae=Video(), clip=clip)


def test_a_deleted_folder_is_prepared_again(root: Path) -> None:
    node = BY_ID["KinemaPrepareClips"]
    first = node.fingerprint_inputs(held_out=0.1)
    assert first is not None
    assert node.fingerprint_inputs() == first
    shutil.rmtree(Path(folder_paths.get_output_directory()) / "kinema")
    assert node.fingerprint_inputs() != first


def test_frames_in_memory_that_are_no_numbers(root: Path, checkpoint: tuple[Any, Any]) -> None:
    good, bad = ramp(6), ramp(6)
    bad[3] = float("nan")
    (clips, _) = run("ClipsFromList", images=[good, bad], frames=[4], stride=[1], width=[64], height=[64])
    training = prepared(clips, checkpoint)
    assert len(training.learnt) == 1
    assert "left out: clip 2: its frames have values that are no numbers." in training.about
