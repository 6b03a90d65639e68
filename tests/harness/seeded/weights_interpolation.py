"""A seeded random FILM, which draws frames between others, in the layout ComfyUI loads. Needs ComfyUI on the path."""

import torch
from torch import Tensor

from .layouts import tensor

FEATURES = 64
"""Channels beside the colours of a picture that is moved."""
LAST = "fuse.convs.3"
"""What puts both moved pictures together at full size."""


def film() -> dict[str, Tensor]:
    """A network that mixes its two pictures, moved a little, with something random."""
    from comfy_extras.frame_interpolation_models.film_net import FILMNet

    with torch.device("meta"):
        shapes = {key: value.shape for key, value in FILMNet().state_dict().items()}
    state = {key: tensor(f"film.{key}", shape, _gain(key)) for key, shape in shapes.items()}
    for layer in (f"{LAST}.1.conv", f"{LAST}.2.conv", "fuse.output_conv"):
        state[f"{layer}.weight"][:3] = 0
        state[f"{layer}.bias"][:3] = 0
    for colour in range(3):
        for picture in (colour, 3 + FEATURES + colour):
            state[f"{LAST}.1.conv.weight"][colour, picture, 1, 1] = 0.5
        state[f"{LAST}.2.conv.weight"][colour, colour, 1, 1] = 1.0
        state["fuse.output_conv.weight"][colour, colour] = 1.0
        state["fuse.output_conv.weight"][colour, 3:] = tensor(f"film.mixed.{colour}", (FEATURES - 3, 1, 1), 0.02)
    return state


def _gain(key: str) -> float:
    # the last of what tells movement: a few pixels at most
    return 0.1 if key.startswith("predict_flow.") and "_convs.4." in key else 1.0
