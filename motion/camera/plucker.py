"""Every pixel of every frame as a line in space: Plücker coordinates, the input of CameraCtrl (arXiv 2404.02101)."""

from typing import Any

import torch
from torch import Tensor

from .paths import CameraPath


def plucker_rays(path: CameraPath, size: tuple[int, int], device: Any = None) -> Tensor:
    """The lines through the pixels' centres: (o x d, d), with the camera's position o and unit direction d.

    A clip of another aspect ratio than the path's shows the middle of its picture, as large as fits.

    Args:
        path: one camera for each frame, relative to the first camera of the clip.
        size: height and width in pixels.

    Returns:
        (frames, 6, height, width) float32.
    """
    height, width = size
    fx, fy, cx, cy = (part[:, None, None] for part in lenses_for(path, width / height).to(device).unbind(1))
    x = ((torch.arange(width, device=device) + 0.5) / width - cx) / fx
    y = ((torch.arange(height, device=device) + 0.5)[:, None] / height - cy) / fy
    x, y = torch.broadcast_tensors(x, y)
    seen = torch.stack((x, y, torch.ones_like(x)), 1)
    poses = path.poses.to(device, seen.dtype)
    directions = torch.einsum("nij,njhw->nihw", poses[:, :3, :3], seen / seen.norm(dim=1, keepdim=True))
    positions = poses[:, :3, 3, None, None].expand_as(directions)
    return torch.cat((torch.linalg.cross(positions, directions, dim=1), directions), 1)


def lenses_for(path: CameraPath, aspect: float) -> Tensor:
    """(frames, 4) float32 lenses of the middle of the picture, cut to another aspect ratio."""
    across, down = max(path.aspect / aspect, 1.0), max(aspect / path.aspect, 1.0)
    scale = torch.tensor((across, down), dtype=torch.float64)
    lenses = torch.cat((path.lenses[:, :2] * scale, 0.5 + (path.lenses[:, 2:] - 0.5) * scale), 1)
    return lenses.float()
