"""Animate Anyone inside the host against a plain implementation of it: banks, denoising, sampling, windows."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from kinema.nodes.host import character
from torch import Tensor

from tests.papers import character as paper
from tests.papers import guiders
from tests.papers.character import Guide, Halves
from tests.papers.error import relative_error

from . import scene

FRAMES, SIZE = 6, 8
TRAILING = [999, 949, 899]
"""The first three of twenty."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("character")


def latent_of(pixels: Tensor) -> Tensor:
    return scene.Vae().encode(pixels) * scene.SCALE


def plain_guide(kind: str, frames: Tensor) -> Guide:
    state, pictures = scene.guider_state(kind), frames.movedim(-1, 1)
    if kind == "paper":
        return Guide(latent=guiders.paper(pictures, state))
    made = getattr(guiders, kind)(pictures, state)
    return Guide(maps=made if isinstance(made, list) else [made])


def predictor(pixels: Tensor, clip: Tensor, guides: Sequence[Guide], per_window: dict | None = None):
    """Both halves of the guidance, each alone, for some frames of the clip."""
    banks = paper.reference_banks(latent_of(pixels), clip[None], scene.reference_state())

    def predict(x: Tensor, time: int, seen: Sequence[int]) -> Halves:
        latents = [guide.latent[seen] for guide in guides if guide.latent is not None]
        maps = [torch.stack(each).sum(0)[seen] for each in zip(*(g.maps for g in guides if g.maps), strict=True)]
        guide = Guide(torch.stack(latents).sum(0) if latents else None, maps)
        arguments = (scene.denoiser_state(), scene.motion_state())
        zeros = torch.zeros(1, 1, 768)
        return Halves(
            paper.denoise(x, time, zeros, *arguments, None, guide),
            paper.denoise(x, time, clip[None], *arguments, banks, guide),
        )

    return predict


def plain_sampling(predict, frames: int, timesteps: Sequence[int], window: int = 24, cfg: float = 3.5) -> Tensor:
    """DDIM over some timesteps, in the terms of the paper's reference."""
    alphas = paper.zero_snr_alphas(paper.linear_betas())
    x = scene.noise(frames, SIZE).movedim(0, 1)[None]
    for time, following in zip(timesteps, [*timesteps[1:], -1], strict=True):
        halves = paper.aggregate(predict, x, time, window, 4)
        v = halves.guided(cfg)
        a, b = alphas[time], alphas[following] if following >= 0 else torch.ones(())
        clean = (a.sqrt() * x - (1 - a).sqrt() * v).float()
        dirt = (a.sqrt() * v + (1 - a).sqrt() * x).float()
        x = (b.sqrt() * clean + (1 - b).sqrt() * dirt).float()
    return x[0].movedim(1, 0)


def test_banks(folder: Path) -> None:
    """All 16, in the precision of the run."""
    loaded, pixels = scene.parts(folder), scene.picture()
    clip = character.embed(scene.ClipVision(), pixels)
    assert loaded.reference is not None
    with torch.inference_mode():
        read = loaded.reference.model.read(latent_of(pixels), clip[:, None])
    plain = paper.reference_banks(latent_of(pixels), clip[None], scene.reference_state())
    assert len(read) == len(plain) == 16
    for name, bank in plain.items():
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
    """Three steps with cfg, a guider and the motion module are those of the formulas."""
    shows = "pose"
    release = {"champ": "champ", "aniportrait": "aniportrait"}.get(kind, "moore")
    loaded = scene.parts(folder, {shows: kind}, release)
    pixels, frames = scene.picture(), scene.poses(FRAMES)
    pictures = [scene.referenced(loaded, pixels)]
    model = scene.moved(scene.denoiser(), loaded, pictures, [scene.guided(loaded, frames)])
    ours = scene.run(model, pictures, FRAMES, TRAILING)
    predict = predictor(pixels, pictures[0].embeddings, [plain_guide(kind, frames)])
    assert relative_error(ours, plain_sampling(predict, FRAMES, TRAILING)) < 1e-4
