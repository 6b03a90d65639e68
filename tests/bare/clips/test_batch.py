"""Clips put together for a step."""

import pytest
import torch
from kinema.motion.clips import ClipsError, joined
from torch import Tensor


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_clips_and_texts_keep_their_places() -> None:
    latents = [noise(4, 3, 2, 2), noise(4, 3, 2, 2).half()]
    texts = [noise(7, 5), noise(7, 5)]
    batch = joined(latents, texts, [3, 1])
    assert len(batch) == 2
    assert batch.clips == (3, 1)
    assert batch.latents.dtype == batch.context.dtype == torch.float32
    assert torch.equal(batch.latents[1], latents[1].float())
    assert torch.equal(batch.context[0], texts[0])


def test_a_longer_text_beside_a_short_one_changes_neither() -> None:
    texts = [noise(4, 8), noise(6, 8)]
    batch = joined([noise(4, 1, 2, 2)] * 2, texts, [0, 1])
    assert batch.context.shape == (2, 12, 8)
    query = noise(3, 8)
    for text, row in zip(texts, batch.context, strict=True):
        alone, together = (torch.nn.functional.scaled_dot_product_attention(query, each, each) for each in (text, row))
        assert torch.allclose(alone, together, atol=1e-6)


def test_clips_that_are_not_alike() -> None:
    with pytest.raises(ClipsError, match="4x1x2x2 and 4x1x2x3.*one size"):
        joined([noise(4, 1, 2, 2), noise(4, 1, 2, 3)], [noise(1, 1)] * 2, [0, 1])
    with pytest.raises(ClipsError, match="768 and 1024 numbers wide"):
        joined([noise(4, 1, 2, 2)] * 2, [noise(1, 768), noise(1, 1024)], [0, 1])
