"""Bright pictures on a screen that is not: greys stay grey, brighter stays brighter, black and white stay."""

import numpy as np
import pytest
import torch
from kinema.motion.video import HIGH_RANGE, tone_mapped
from torch import Tensor

from .zoo import hlg, pq

SIGNALS = dict(zip(HIGH_RANGE, (pq, hlg), strict=True))


def levels(coded: np.ndarray, transfer: int) -> np.ndarray:
    """What is shown of stored numbers in 0..1, in 0..255."""
    shown: Tensor = tone_mapped(torch.from_numpy(coded.astype(np.float32)), transfer)
    return shown.mul(255).round().int().numpy()


@pytest.mark.parametrize("transfer", HIGH_RANGE)
def test_all_greys(transfer: int) -> None:
    shown = levels((np.arange(65536) / 65535)[None, :, None].repeat(3, 2), transfer)[0]
    assert np.diff(shown, axis=0).min() >= 0
    assert np.ptp(shown, axis=1).max() <= 1
    assert shown[0].tolist() == [0, 0, 0]
    assert shown[-1].min() >= 253


@pytest.mark.parametrize("transfer", HIGH_RANGE)
def test_colours_below_the_highlights_are_as_they_were(transfer: int) -> None:
    colours = np.random.default_rng(0).integers(0, 220, (40, 40, 3))
    assert np.abs(levels(SIGNALS[transfer](colours / 255), transfer) - colours).max() <= 2
    assert levels(SIGNALS[transfer](np.ones((1, 1, 3))), transfer).min() > 240
