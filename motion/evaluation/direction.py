"""Whether a clip moves as its camera path has it."""

import torch
from einops import rearrange
from torch import Tensor

from ..camera import ORBIT_DISTANCE, CameraPath, lenses_for
from .flow import resized_flow
from .scores import METRICS, Score
from .steps import Steps

SIDE = 64
"""Pixels of the shorter side in which directions are compared."""
LEAST = 0.05
"""Pixels at this size; a camera that moves the picture by less stands still."""
NEAREST = 0.05
"""Distance from the camera below which a point is not seen."""


def expected_flow(path: CameraPath, height: int, width: int) -> Tensor:
    """The flow of a scene that stands still, all at the distance around which cameras orbit.

    Turning a camera moves near and far alike; where it is shifted, distance only changes how far.

    Args:
        path: a camera for each frame.

    Returns:
        (frames - 1, 2, height, width) in pixels; NaN where a point passes behind the camera.
    """
    lenses = lenses_for(path, width / height).double()
    rows, columns = (torch.arange(size, dtype=torch.float64) + 0.5 for size in (height, width))
    y, x = torch.meshgrid(rows / height, columns / width, indexing="ij")
    (fx, fy, cx, cy) = (part[:, None, None] for part in lenses.unbind(1))
    seen = torch.stack([(x - cx) / fx, (y - cy) / fy, torch.ones_like(x).expand(len(path), -1, -1)], 1)
    points = rearrange(seen * ORBIT_DISTANCE, "frames space height width -> frames space (height width)")
    change = torch.linalg.inv(path.poses[1:]) @ path.poses[:-1]
    moved = change[:, :3, :3] @ points[:-1] + change[:, :3, 3:]
    moved = rearrange(moved, "frames space (height width) -> frames space height width", height=height)
    depth = torch.where(moved[:, 2] > NEAREST, moved[:, 2], torch.nan)
    across = (moved[:, 0] / depth * fx[1:] + cx[1:] - x) * width
    down = (moved[:, 1] / depth * fy[1:] + cy[1:] - y) * height
    return torch.stack([across, down], 1)


def motion_direction(steps: Steps, path: CameraPath) -> Score | None:
    """100 times the mean cosine of the flow that is seen and the one that the camera would make.

    Each pixel counts as much as both move there. Steps in which the camera stands do not count; None if it always
    stands.

    Args:
        path: from its first camera on; behind its end the last one stays where it is.
    """
    count, _, height, width = steps.forwards.shape
    scale = SIDE / min(height, width)
    tall, wide = max(SIDE, round(height * scale)), max(SIDE, round(width * scale))
    wanted = expected_flow(path.at(list(range(count + 1))), tall, wide).to(steps.forwards)
    there = wanted.isfinite().all(1) & (resized_flow(steps.forwards, tall, wide).isfinite().all(1))
    wanted = torch.where(there[:, None], wanted, 0.0)
    found = resized_flow(steps.forwards, tall, wide)
    moves = wanted.norm(dim=1).mean((1, 2)) >= LEAST
    if not bool(moves.any()):
        return None
    along = (found * wanted).sum((1, 2, 3))
    both = (found.norm(dim=1) * wanted.norm(dim=1)).sum((1, 2)).clamp_min(1e-9)
    curve = torch.where(moves, 100.0 * along / both, 0.0)
    value = float(100.0 * along[moves].sum() / both[moves].sum())
    return Score(METRICS["direction"], value, tuple(curve.tolist()), 1)
