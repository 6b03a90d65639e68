"""Animate Anyone inside the host against a plain implementation of it: banks, denoising, sampling, windows."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from comfy.ldm.models.autoencoder import DiagonalGaussianRegularizer
from comfy.samplers import calculate_sigmas
from kinema.motion.character import RELEASES
from kinema.motion.windows import plan_windows
from kinema.nodes.character import ReferencePicture
from kinema.nodes.host import character
from kinema.nodes.host.animate.character import release_windows

from tests.papers import character as paper
from tests.papers.error import relative_error

from . import plain, scene

FRAMES = 6
TRAILING = [999, 949, 899]
"""The first three of twenty."""


def test_banks(folder: Path) -> None:
    """All 16, in the precision of the run: the authors' scripts cut theirs to half precision in any run."""
    loaded, pixels = scene.parts(folder), scene.picture()
    clip = character.embed(scene.ClipVision(), pixels)
    assert loaded.reference is not None
    with torch.inference_mode():
        read = loaded.reference.model.read(plain.latent_of(pixels), clip[:, None])
    banks = plain.banks_of(pixels, clip)
    assert len(read) == len(banks) == 16
    for name, bank in banks.items():
        place = _place(name)
        assert read[place].dtype == torch.float32
        assert relative_error(read[place], bank) < 1e-5


def _place(name: str) -> tuple[str, int, int]:
    side, *numbers = name.replace("attentions.", "").split(".")
    if side == "mid_block":
        return "middle", 0, 0
    level, layer = map(int, numbers)
    return ("input", 1 + 3 * level + layer, 0) if side == "down_blocks" else ("output", 3 * level + layer, 0)


@pytest.mark.parametrize("kind", list(scene.GUIDERS))
def test_sampling(folder: Path, kind: str) -> None:
    """Three steps with cfg, a guider on both halves, the motion module and an embedding of zeros for the negative."""
    release = {"champ": "champ", "aniportrait": "aniportrait"}.get(kind, "moore")
    loaded = scene.parts(folder, {"pose": kind}, release)
    pixels, frames = scene.picture(), scene.poses(FRAMES)
    pictures = [scene.referenced(loaded, pixels)]
    model = scene.moved(scene.denoiser(), loaded, pictures, [scene.guided(loaded, frames)])
    ours = scene.run(model, pictures, FRAMES, TRAILING)
    clip = pictures[0].embeddings
    predict = plain.predictor(plain.banks_of(pixels, clip), clip, plain.guide_of(kind, frames))
    assert relative_error(ours, plain.sampling(predict, FRAMES, TRAILING)) < 1e-4


def test_sum_of_champs_guides(folder: Path) -> None:
    """Four encoders, of which the place decides what each reads: their maps are added up."""
    shows = ("pose", "depth", "normal", "semantic")
    loaded = scene.parts(folder, dict.fromkeys(shows, "champ"), "champ")
    pictures = [scene.referenced(loaded, scene.picture())]
    frames = [scene.poses(FRAMES, seed) for seed in range(4)]
    guides = [scene.guided(loaded, each, what) for each, what in zip(frames, shows, strict=True)]
    model = scene.moved(scene.denoiser(), loaded, pictures, guides)
    ours = scene.run(model, pictures, FRAMES, TRAILING[:2])
    total = torch.stack([plain.guide_of("champ", each).maps[0] for each in frames]).sum(0)
    clip = pictures[0].embeddings
    predict = plain.predictor(plain.banks_of(scene.picture(), clip), clip, paper.Guide(maps=[total]))
    assert relative_error(ours, plain.sampling(predict, FRAMES, TRAILING[:2])) < 1e-4


@pytest.mark.parametrize("release", ["moore", "aniportrait"])
def test_long_clips(folder: Path, release: str) -> None:
    """Windows of the release in a closed loop, the same at every step, averaged plainly, each half by itself."""
    kind, window = {"moore": ("moore", 24), "aniportrait": ("aniportrait", 16)}[release]
    loaded = scene.parts(folder, {"pose": kind}, release)
    frames, pixels = window + 4, scene.picture()
    pictures = [scene.referenced(loaded, pixels)]
    poses = scene.poses(frames)
    model = scene.moved(scene.denoiser(), loaded, pictures, [scene.guided(loaded, poses)])
    ours = scene.run(model, pictures, frames, TRAILING[:2])
    clip = pictures[0].embeddings
    banks = plain.banks_of(pixels, clip)
    predict = plain.predictor(banks, clip, plain.guide_of(kind, poses))

    def window_by_window(x: torch.Tensor, time: int, seen: Sequence[int]) -> paper.Halves:
        here = plain.predictor(banks, clip, plain.guide_of(kind, poses[list(seen)]))
        return here(x, time, range(len(seen)))

    # AniPortrait's batch norms see the frames of a window
    predict = predict if release == "moore" else window_by_window
    assert relative_error(ours, plain.sampling(predict, frames, TRAILING[:2], window)) < 1e-4


@pytest.mark.parametrize(
    ("release", "lengths"),
    # MusePose's authors lengthen a clip until open windows tile it; at lengths between, ours move the last one back
    [("moore", range(20, 100)), ("champ", [48, 240]), ("aniportrait", range(12, 60)), ("musepose", [30, 48, 92, 136])],
)
def test_windows_are_the_authors(release: str, lengths: Sequence[int]) -> None:
    """The same at every step, each with the same weight."""
    chosen = RELEASES[release]
    for frames in lengths:
        wanted = paper.windows(frames, chosen.window, chosen.overlap, chosen.closed_loop)
        for step in (0, 1, 7):
            planned = plan_windows(frames, step, release_windows(chosen))
            assert [list(window.frames) for window in planned] == wanted
        hits = [sum(frame in window for window in wanted) for frame in range(frames)]
        assert all(
            weight == pytest.approx(1 / hits[frame])
            for window in planned
            for frame, weight in zip(window.frames, window.weights, strict=True)
        )


def test_betas_of_inference(folder: Path) -> None:
    """MusePose's rise linearly in their roots; Moore's do so in training, but not when they are sampled."""
    pixels = scene.picture()
    found = {}
    for release, betas in (("moore", paper.linear_betas()), ("musepose", paper.scaled_linear_betas())):
        loaded = scene.parts(folder, {}, release)
        pictures = [scene.referenced(loaded, pixels)]
        model = scene.moved(scene.denoiser(), loaded, pictures)
        found[release] = scene.run(model, pictures, FRAMES, TRAILING[:2])
        clip = pictures[0].embeddings
        predict = plain.predictor(plain.banks_of(pixels, clip), clip)
        assert relative_error(found[release], plain.sampling(predict, FRAMES, TRAILING[:2], betas=betas)) < 1e-4
        levels = model.get_model_object("model_sampling").sigmas  # type: ignore[union-attr]
        assert relative_error(levels[:-1], paper.sigmas(paper.zero_snr_alphas(betas))[:-1].float()) < 1e-6
    assert relative_error(found["moore"], found["musepose"]) > 1e-3


def test_trailing_timesteps(folder: Path) -> None:
    """The host's scheduler "simple" takes them exactly where the steps divide 1000, and next to them elsewhere."""
    loaded = scene.parts(folder, {})
    model = scene.moved(scene.denoiser(), loaded)
    sampling = model.get_model_object("model_sampling")
    for steps in (20, 25, 40, 50):
        levels = calculate_sigmas(sampling, "simple", steps)
        assert torch.equal(levels[:-1], sampling.sigmas[paper.trailing(steps)])  # type: ignore[union-attr, index]
    times = sampling.timestep(calculate_sigmas(sampling, "simple", 30)[:-1]).tolist()  # type: ignore[union-attr]
    assert max(abs(own - theirs) for own, theirs in zip(times, paper.trailing(30), strict=True)) == 1


def test_latent_is_the_mean() -> None:
    """Of what the VAE makes of a picture: the host samples nothing."""
    regularizer = DiagonalGaussianRegularizer()
    moments = torch.randn(1, 8, 4, 4)
    assert torch.equal(regularizer(moments)[0], moments[:, :4])


def test_uncond_is_zeros_not_the_embedding_of_black(folder: Path) -> None:
    loaded = scene.parts(folder, {})
    made = ReferencePicture.execute(loaded, scene.picture(), scene.Vae(), scene.ClipVision()).result
    assert torch.equal(made[2][0][0], torch.zeros(1, 1, 768))
    assert made[1][0][0].shape == (1, 1, 768)
