"""Frames out of latents and latents out of frames, a few at a time."""

import resource
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import comfy.model_management
import pytest
import torch
from comfy.model_management import InterruptProcessingException
from kinema.motion.video import CODECS, Clip, Job, VideoError, write_video
from kinema.nodes.host.video import output
from kinema.nodes.host.video import vae as frames

from tests.papers.error import relative_error


def quiet(_done: int, _total: int) -> None:
    """No progress."""


class Spy:
    """A VAE of which every call is noted, and how many results of earlier calls were still alive at the time."""

    latent_dim = 2
    device = torch.device("cpu")

    def __init__(self, vae: Any = None) -> None:
        self.vae = vae
        self.calls: list[int] = []
        self.alive: list[int] = []
        self._made: list[weakref.ref[torch.Tensor]] = []

    def throw_exception_if_invalid(self) -> None:
        """It is valid."""

    def spacial_compression_decode(self) -> int:
        return 8

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(latents))
        self.alive.append(sum(made() is not None for made in self._made))
        height, width = (8 * size for size in latents.shape[-2:])
        made = self.vae.decode(latents) if self.vae else torch.full((len(latents), height, width, 3), 0.5)
        self._made.append(weakref.ref(made))
        return made

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(images))
        return self.vae.encode(images)


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    """As the host runs nodes."""
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def vae(checkpoint) -> Any:
    return checkpoint[1]


@pytest.fixture(scope="module")
def samples() -> dict[str, torch.Tensor]:
    return {"samples": torch.randn(10, 4, 8, 8, generator=torch.Generator().manual_seed(2))}


def write(folder: Path, images: Any, codec: str = "ffv1-mov", **options: Any) -> Path:
    path = folder / f"clip.{CODECS[codec].extension}"
    at_once = images.at_once if isinstance(images, frames.Decoded) else 1
    write_video(Job(Clip(images, 8.0, at_once=at_once, **options), CODECS[codec], path))
    return path


@pytest.mark.parametrize("at_once", [0, 3, 64])
@pytest.mark.parametrize("pingpong", [False, True])
def test_the_file_is_that_of_vae_decode_and_combine_video(
    vae, samples, tmp_path: Path, at_once: int, pingpong: bool
) -> None:
    wanted, found = tmp_path / "wanted", tmp_path / "found"
    wanted.mkdir()
    found.mkdir()
    write(wanted, vae.decode(samples["samples"]), pingpong=pingpong)
    write(found, frames.Decoded(vae, samples, at_once), pingpong=pingpong)
    assert (found / "clip.mov").read_bytes() == (wanted / "clip.mov").read_bytes()


@pytest.mark.parametrize("pingpong", [False, True])
def test_one_part_is_in_memory_at_a_time(tmp_path: Path, pingpong: bool) -> None:
    """400 frames of 256x256 are 315 MB."""
    spy = Spy()
    images = frames.Decoded(spy, {"samples": torch.zeros(400, 4, 32, 32)}, 7)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write(tmp_path, images, "h264-mp4", pingpong=pingpong)
    assert max(spy.calls) == 7
    assert sum(spy.calls) == 400 + (399 if pingpong else 0), "the last part is kept for the way back"
    assert max(spy.alive) == 0, "a part is gone before the next one is made"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@pytest.mark.parametrize(("device", "wanted"), [("cpu", 1), ("cuda", 21)])
def test_automatic_part(device: str, wanted: int) -> None:
    spy = Spy()
    spy.device = torch.device(device)
    images = frames.Decoded(spy, {"samples": torch.zeros(1, 4, 64, 64)})
    assert images.at_once == wanted
    assert frames.Decoded(spy, {"samples": torch.zeros(1, 4, 512, 512)}).at_once == 1


@pytest.mark.parametrize("codec", ["h264-mp4", "gif", "png-sequence"])
def test_interrupts_leave_nothing(vae, samples, tmp_path: Path, codec: str) -> None:
    class Stopped(Spy):
        def decode(self, latents: torch.Tensor) -> torch.Tensor:
            if len(self.calls) == 3:
                comfy.model_management.interrupt_current_processing()
            return super().decode(latents)

    with pytest.raises(InterruptProcessingException):
        write(tmp_path, frames.Decoded(Stopped(vae), samples, 2), codec)
    assert list(tmp_path.iterdir()) == []


def test_no_frames(vae, tmp_path: Path) -> None:
    empty = {"samples": torch.zeros(0, 4, 8, 8)}
    with pytest.raises(VideoError, match="no frames"):
        write(tmp_path, frames.Decoded(vae, empty))
    with pytest.raises(frames.FramesError, match="no frames"):
        frames.encode(vae, torch.zeros(0, 8, 8, 3), 0, quiet)


def test_video_vaes_are_named() -> None:
    video = SimpleNamespace(latent_dim=3, throw_exception_if_invalid=lambda: None)
    with pytest.raises(frames.FramesError, match="several frames into one latent"):
        frames.Decoded(video, {"samples": torch.zeros(1, 4, 8, 8)})
    with pytest.raises(frames.FramesError, match="several frames into one latent"):
        frames.encode(video, torch.zeros(4, 8, 8, 3), 0, quiet)


def test_latents_of_video_models_decode_as_the_host_does(vae, samples) -> None:
    five = {"samples": samples["samples"][:, :, None]}
    assert torch.equal(frames.Decoded(vae, five, 4)[0:4], vae.decode(five["samples"][0:4]))


def test_formats_the_host_cannot_read_are_decoded_when_asked(vae, samples, tmp_path: Path) -> None:
    spy = Spy(vae)
    value = output.video_value(None, frames.Decoded(spy, samples, 4), None, 8.0)
    assert spy.calls == []
    components = value.get_components()
    assert torch.equal(components.images, vae.decode(samples["samples"]))
    assert components.frame_rate == 8
    value.save_to(str(tmp_path / "copy.mp4"))
    assert (tmp_path / "copy.mp4").stat().st_size > 0
    assert value.as_trimmed(0.0, 0.5).get_duration() == pytest.approx(0.5)


@pytest.mark.parametrize("size", [(64, 64), (70, 53)])
@pytest.mark.parametrize("at_once", [0, 1, 4, 100])
def test_encoding_is_that_of_vae_encode(vae, size: tuple[int, int], at_once: int) -> None:
    images = torch.rand(10, *size, 3, generator=torch.Generator().manual_seed(1))
    spy, told = Spy(vae), []
    found = frames.encode(spy, images, at_once, lambda done, total: told.append((done, total)))
    wanted = vae.encode(images)
    assert found.shape == wanted.shape
    assert relative_error(found, wanted) < 1e-5
    assert told[-1] == (10, 10)
    assert sum(spy.calls) == 10
    if 0 < at_once < 10:
        assert spy.calls == [at_once] * (10 // at_once) + ([10 % at_once] if 10 % at_once else [])


def test_encoding_can_be_interrupted(vae) -> None:
    def stop(_done: int, _total: int) -> None:
        comfy.model_management.interrupt_current_processing()

    with pytest.raises(InterruptProcessingException):
        frames.encode(vae, torch.zeros(4, 64, 64, 3), 2, stop)
