"""Bright pictures on a screen that is not: greys stay grey, brighter stays brighter, black and white stay."""

import numpy as np
import pytest
from kinema.nodes.host.video.hdr import HLG, PQ, mapped

from .zoo import hlg, pq

SIGNALS = {PQ: pq, HLG: hlg}


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_all_greys(transfer: int) -> None:
    codes = np.arange(65536, dtype=np.uint16)[None, :, None].repeat(3, 2)
    shown = mapped(codes, transfer)[0].astype(int)
    assert np.diff(shown, axis=0).min() >= 0
    assert np.ptp(shown, axis=1).max() <= 1
    assert shown[0].tolist() == [0, 0, 0]
    assert shown[-1].min() >= 253


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_colours_below_the_highlights_are_as_they_were(transfer: int) -> None:
    colours = np.random.default_rng(0).integers(0, 230, (40, 40, 3))
    coded = np.round(SIGNALS[transfer](colours / 255) * 65535).astype(np.uint16)
    assert np.abs(mapped(coded, transfer).astype(int) - colours).max() <= 2
    white = np.round(SIGNALS[transfer](np.ones((1, 1, 3))) * 65535).astype(np.uint16)
    assert mapped(white, transfer).min() > 240
