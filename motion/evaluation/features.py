"""Features of pieces of a clip, by a network in TorchScript such as I3D, and FVD (arXiv 1812.01717) of them."""

import os
from collections.abc import Callable
from typing import Any

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from .errors import EvaluationError
from .frechet import frechet_distance
from .scores import METRICS, Score

SIDE = 224
"""Pixels that I3D takes."""
RAW = {"rescale": False, "resize": False, "return_features": True}
"""What the published file of I3D is asked for."""
MOST = 64
"""Pieces of a clip, evenly taken."""
FEW = 256
"""Pieces below which a note says so."""
Network = Callable[[Tensor], Tensor]
"""(1, 3, frames, 224, 224) in -1..1 to (1, features)."""


def load_network(path: str, device: torch.device) -> Network:
    """A network from a TorchScript file, such as ``i3d_torchscript.pt``.

    Raises:
        EvaluationError: another kind of file.
    """
    name = os.path.basename(path)
    try:
        script: Any = torch.jit.load(path, map_location="cpu").eval().to(device)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:120]
        raise EvaluationError(
            f"{name} is no TorchScript network ({first}). FVD needs one, such as i3d_torchscript.pt; choose that."
        ) from error
    taken = {argument.name for argument in script.forward.schema.arguments}
    options = RAW if RAW.keys() <= taken else {}

    def features(video: Tensor) -> Tensor:
        try:
            found = script(video, **options)
        except Exception as error:
            last = str(error).strip().rpartition("\n")[2][:160]
            raise EvaluationError(
                f"{name} takes no video of shape {tuple(video.shape)} ({last}). Choose i3d_torchscript.pt, or another "
                "fvd_window."
            ) from error
        if not isinstance(found, Tensor) or found.shape[:1] != video.shape[:1]:
            raise EvaluationError(f"{name} gives no features for a video. Choose i3d_torchscript.pt.")
        return found.flatten(1).float()

    return features


def starts(frames: int, window: int) -> list[int]:
    """Where pieces of a clip begin.

    Raises:
        EvaluationError: it is too short for two.
    """
    count = frames - window + 1
    if count < 2:
        raise EvaluationError(
            f"FVD compares pieces of {window} frames, two at least, and the clip has {frames}. Lower fvd_window, or "
            "connect a longer clip."
        )
    if count <= MOST:
        return list(range(count))
    return [number * (count - 1) // (MOST - 1) for number in range(MOST)]


def video_distance(clip: Tensor, truth: Tensor, window: int, network: Network, after: Callable[[], None]) -> Score:
    """FVD of the pieces of two clips.

    Args:
        clip: (frames, 3, height, width) in 0..1.
        truth: the same, of any length.
        window: frames of a piece.
        after: called after each piece.
    """
    sides = []
    for pictures in (clip, truth):
        pieces = [_prepared(pictures[start : start + window]) for start in starts(len(pictures), window)]
        found = []
        for piece in pieces:
            found.append(network(piece))
            after()
        sides.append(torch.cat(found))
    count = min(map(len, sides))
    note = f"of {count} overlapping pieces; papers have {FEW} clips or more, so compare only with values of such pieces"
    return Score(METRICS["fvd"], frechet_distance(*sides), note=note if count < FEW else "")


def _prepared(pictures: Tensor) -> Tensor:
    """(frames, 3, height, width) to (1, 3, frames, 224, 224) in -1..1: the middle, as large as it can be."""
    height, width = pictures.shape[2:]
    scale = SIDE / min(height, width)
    size = max(SIDE, round(height * scale)), max(SIDE, round(width * scale))
    resized = functional.interpolate(pictures, size=size, mode="bilinear", align_corners=False)
    top, left = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
    return rearrange(resized[..., top : top + SIDE, left : left + SIDE] * 2.0 - 1.0, "f c h w -> 1 c f h w")
