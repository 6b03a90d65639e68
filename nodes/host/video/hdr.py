"""Pictures of a high dynamic range (HDR10, HLG) as a screen without it shows them."""

import numpy as np

PQ, HLG = 16, 18
"""Transfers in ITU-T H.273."""
PQ_WHITE, HLG_WHITE = 203.0, 0.265
"""Where white lies in BT.2408: candelas per square metre of 10000, and light in front of the camera."""
NARROWER = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)
"""Light of BT.2020 in BT.709 (BT.2087)."""
KNEE = 0.8
"""Light up to which nothing changes, where white is 1; what is brighter comes closer to white the brighter it is."""


def _pq(coded: np.ndarray) -> np.ndarray:
    powered = coded ** (1 / 78.84375)
    light = np.maximum(powered - 0.8359375, 0) / (18.8515625 - 18.6875 * powered)
    return light ** (1 / 0.1593017578125) * 10000 / PQ_WHITE


def _hlg(coded: np.ndarray) -> np.ndarray:
    bright = (np.exp((coded - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(coded <= 0.5, coded**2 / 3, bright) / HLG_WHITE


_CODES = np.arange(65536) / 65535
LIGHT = {PQ: _pq(_CODES).astype(np.float32), HLG: _hlg(_CODES).astype(np.float32)}
"""The light of each code of 16 bits, where white is 1."""


def mapped(coded: np.ndarray, transfer: int) -> np.ndarray:
    """A picture of (height, width, 3) codes of 16 bits as sRGB bytes.

    Args:
        transfer: ``PQ`` or ``HLG``.
    """
    light = np.maximum(LIGHT[transfer][coded] @ NARROWER.T, 0)
    light = np.where(light > KNEE, 1 - (1 - KNEE) * np.exp((KNEE - light) / (1 - KNEE)), light)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(shown * 255).astype(np.uint8)
