"""Texts as a text encoder would give them: every word is a random vector that is always the same."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

TOKENS, WIDTH = 8, 768
"""Words of a text, and how wide each is for SD1.5."""
SEED_BYTES = 7


def encoded(texts: Sequence[str], seed: int = 0) -> Tensor:
    """(texts, TOKENS, WIDTH) float32; what a text lacks of its words is the vector of an empty word."""
    return torch.stack([torch.stack([_word(each, seed) for each in _padded(text)]) for text in texts])


def _padded(text: str) -> list[str]:
    words = text.split()
    if len(words) > TOKENS:
        raise ValueError(f"{text!r} has {len(words)} words; there is room for {TOKENS}.")
    return words + [""] * (TOKENS - len(words))


def _word(word: str, seed: int) -> Tensor:
    digest = hashlib.blake2b(f"{seed}:{word}".encode(), digest_size=SEED_BYTES).digest()
    return torch.randn(WIDTH, generator=torch.Generator().manual_seed(int.from_bytes(digest, "big")))
