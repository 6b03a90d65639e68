"""Clips that are prepared: latents and texts of noise, as Prepare Clips hands them on."""

from pathlib import Path

import torch
from kinema.motion.clips import Cache, Sample, text_key
from kinema.nodes.host.clips import TrainingClips

from ..models import TOKENS


def training_clips(
    folder: Path,
    count: int = 3,
    held_out: int = 1,
    frames: int = 4,
    side: int = 8,
    width: int = 768,
    spread: float = 5.0,
) -> TrainingClips:
    """Some clips with captions of their own.

    Args:
        width: of their texts.
        spread: standard deviation of their latents.
    """
    words = f"words {width}"
    cache, samples = Cache(folder / "cache"), []
    generator = torch.Generator().manual_seed(frames)
    with cache:
        for number in range(count + held_out):
            key = f"{number:024x}{frames:04x}{round(spread):04x}"
            cache.add(key, spread * torch.randn(4, frames, side, side, generator=generator))
            samples.append(Sample(key, (key,), f"clip {number}", name=f"{number}.mp4"))
            cache.add(text_key(f"clip {number}", words), torch.randn(TOKENS, width, generator=generator))
        cache.add(text_key("", words), torch.randn(TOKENS, width, generator=generator))
    size = (8 * side, 8 * side)
    return TrainingClips(tuple(samples[:count]), tuple(samples[count:]), cache, words, frames, size, "noise")
