"""The layers of a motion file that read a picture: what kinds there are, and their shapes."""

from collections.abc import Callable, Mapping, Sequence

PIA, LCM_PICTURE = "PIA", "AnimateLCM-I2V"
PICTURE_NODES = {PIA: "Picture for PIA", LCM_PICTURE: "Picture for AnimateLCM-I2V"}
"""The node that gives each kind its picture."""
LATENT, ADDED = 4, 5
"""Channels of a noisy latent, and of what PIA puts after it: one of affinity, four of the picture."""
ENCODER_BLOCKS = 2
"""Residual blocks on each level of AnimateLCM-I2V's encoder, a T2I-Adapter (arXiv 2302.08453)."""


def _pia_shapes(widths: Sequence[int]) -> dict[str, tuple[int, ...]]:
    return {"conv_in.weight": (widths[0], LATENT + ADDED, 3, 3), "conv_in.bias": (widths[0],)}


def _encoder_shapes(widths: Sequence[int]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"conv_in.weight": (widths[0], LATENT, 3, 3), "conv_in.bias": (widths[0],)}
    each = [width for width in widths for _ in range(ENCODER_BLOCKS)]
    for n, (before, width) in enumerate(zip([each[0], *each], each, strict=False)):
        convolutions = {"block1": (width, width, 3, 3), "block2": (width, width, 1, 1)}
        if before != width:
            convolutions["in_conv"] = (width, before, 1, 1)
        for name, shape in convolutions.items():
            shapes |= {f"body.{n}.{name}.weight": shape, f"body.{n}.{name}.bias": (width,)}
    return shapes


PICTURE_SHAPES: Mapping[str, Callable[[Sequence[int]], Mapping[str, tuple[int, ...]]]] = {
    PIA: _pia_shapes,
    LCM_PICTURE: _encoder_shapes,
}
"""Shapes in the file of each kind, by the widths of the levels."""
