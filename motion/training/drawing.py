"""Random numbers of a training, each a function of the seed, the step and what it is for.

Nothing is drawn from a running generator, so that a training that was stopped goes on with the numbers it would have
had, and one number more for one purpose changes no other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SEED_BYTES = 8


@dataclass(frozen=True)
class Draws:
    """The numbers of one forward pass."""

    seed: int
    step: int
    part: int = 0
    """Which of the batches of the step."""

    def generator(self, purpose: str) -> torch.Generator:
        """A generator of its own on the CPU, so that every device draws alike."""
        words = f"{self.seed}:{self.step}:{self.part}:{purpose}"
        digest = hashlib.blake2b(words.encode(), digest_size=SEED_BYTES).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)

    def normal(self, shape: Sequence[int], purpose: str, like: Tensor) -> Tensor:
        """Independent normal numbers, float32 on the device of ``like``."""
        return torch.randn(tuple(shape), generator=self.generator(purpose)).to(like.device)

    def whole(self, count: int, below: int, purpose: str) -> Tensor:
        """(count,) whole numbers from 0 to ``below`` - 1, each as likely."""
        return torch.randint(below, (count,), generator=self.generator(purpose))

    def happens(self, chance: float, purpose: str) -> bool:
        """True with that chance."""
        return float(torch.rand((), generator=self.generator(purpose), dtype=torch.float64)) < chance
