"""What the formulas make of the scene: each half of the guidance alone, DDIM over some timesteps, windows."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from tests.papers import character as paper
from tests.papers import guiders
from tests.papers.character import Guide, Halves

from . import scene

Predict = Callable[[Tensor, int, Sequence[int]], Halves]
State = Mapping[str, Tensor]


def latent_of(pixels: Tensor) -> Tensor:
    """The latent of a picture, in the model's scale."""
    return scene.Vae().encode(pixels) * scene.SCALE


def banks_of(pixels: Tensor, clip: Tensor) -> dict[str, Tensor]:
    """What the ReferenceNet reads in a picture."""
    return paper.reference_banks(latent_of(pixels), clip[None], scene.reference_state())


def guide_of(kind: str, frames: Tensor) -> Guide:
    """What a guider makes of pictures (frames, height, width, 3)."""
    state, pictures = scene.guider_state(kind), frames.movedim(-1, 1)
    if kind == "paper":
        return Guide(latent=guiders.paper(pictures, state))
    made = getattr(guiders, kind)(pictures, state)
    return Guide(maps=made if isinstance(made, list) else [made])


def predictor(
    banks: Mapping[str, Tensor] | None,
    clip: Tensor,
    guide: Guide | None = None,
    denoiser: State | None = None,
    motion: State | None = None,
) -> Predict:
    """Both halves for some frames of the clip.

    Args:
        clip: (tokens, 768).
    """
    states = (denoiser or scene.denoiser_state(), motion or scene.motion_state())

    def predict(x: Tensor, time: int, seen: Sequence[int]) -> Halves:
        here = None
        if guide is not None:
            latent = None if guide.latent is None else guide.latent[list(seen)]
            here = Guide(latent, [each[list(seen)] for each in guide.maps])
        return Halves(
            paper.denoise(x, time, torch.zeros(1, 1, 768), *states, None, here),
            paper.denoise(x, time, clip[None], *states, banks, here),
        )

    return predict


def sampling(
    predict: Predict,
    frames: int,
    timesteps: Sequence[int],
    window: int = 24,
    overlap: int = 4,
    cfg: float = 3.5,
    betas: Tensor | None = None,
    size: int = 8,
) -> Tensor:
    """DDIM in the terms of the paper's reference; (frames, 4, height, width)."""
    alphas = paper.zero_snr_alphas(paper.linear_betas() if betas is None else betas)
    x = scene.noise(frames, size).movedim(0, 1)[None]
    for time, following in zip(timesteps, [*timesteps[1:], -1], strict=True):
        v = paper.aggregate(predict, x, time, window, overlap).guided(cfg)
        here, after = alphas[time], alphas[following] if following >= 0 else torch.ones(())
        clean = (here.sqrt() * x - (1 - here).sqrt() * v).float()
        dirt = (here.sqrt() * v + (1 - here).sqrt() * x).float()
        x = (after.sqrt() * clean + (1 - after).sqrt() * dirt).float()
    return x[0].movedim(1, 0)
