"""Pictures of high dynamic range (PQ, HLG) as a usual screen shows them.

Light is worked out from the stored numbers as ITU-R BT.2100 has it, brought from the colours of BT.2020 to those of
BT.709 (BT.2087), and what is brighter than paper is compressed; everything darker keeps its brightness.
"""

import torch
from torch import Tensor

PQ, HLG = 16, 18
"""Transfer characteristics as files name them (ITU-T H.273)."""
HIGH_RANGE = (PQ, HLG)
PAPER = 203.0
"""Candela per square metre of white paper in both systems (ITU-R BT.2408)."""
KNEE = 0.75
"""Part of paper white up to which brightness stays."""
TO_BT709 = torch.tensor(
    ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730))
)
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
HLG_BRIGHTNESS = torch.tensor((0.2627, 0.6780, 0.0593))


def tone_mapped(picture: Tensor, transfer: int) -> Tensor:
    """A picture for a usual screen.

    Args:
        picture: (height, width, 3) in 0..1 as stored, with the colours of BT.2020.
        transfer: `PQ` or `HLG`.

    Returns:
        The same in 0..1 for sRGB.
    """
    light = _pq(picture) if transfer == PQ else _hlg(picture)
    light = (light / PAPER) @ TO_BT709.T
    brightest = light.amax(dim=-1, keepdim=True).clamp_min(1e-6)
    bright = (brightest - KNEE).clamp_min_(0.0)
    # straight up to the knee, then ever slower, with no kink between the two
    shown = torch.where(bright > 0, KNEE + (1 - KNEE) * (1 - torch.exp(-bright / (1 - KNEE))), brightest)
    return _coded((light * (shown / brightest)).clamp_(0.0, 1.0))


def _coded(light: Tensor) -> Tensor:
    """Light as numbers of sRGB (IEC 61966-2-1), which pictures in ComfyUI have."""
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp_min(1e-9).pow(1 / 2.4) - 0.055)


def _pq(picture: Tensor) -> Tensor:
    """Candela per square metre (SMPTE ST 2084)."""
    power = picture.pow(1 / 78.84375)
    return 10_000.0 * ((power - 0.8359375).clamp_min(0.0) / (18.8515625 - 18.6875 * power)).pow(1 / 0.1593017578125)


def _hlg(picture: Tensor) -> Tensor:
    """Candela per square metre on a screen of `HLG_PEAK` (ARIB STD-B67)."""
    scene = torch.where(
        picture <= 0.5, picture.square() / 3, (((picture - 0.55991073) / 0.17883277).exp() + 0.28466892) / 12
    )
    brightness = (scene @ HLG_BRIGHTNESS).clamp_min(1e-6)[..., None]
    return HLG_PEAK * brightness.pow(HLG_GAMMA - 1) * scene
