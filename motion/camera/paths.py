"""Where a camera is at each frame of a clip, which way it looks, and through which lens.

Axes as RealEstate10K and CameraCtrl (arXiv 2404.02101) have them: x to the right, y down, z into the picture. A
length has no unit; 1.5 is a long way in the clips that CameraCtrl was trained on.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .rotations import between


class PathError(ValueError):
    """A camera path cannot be made; the message says which setting or line to change."""


@dataclass(frozen=True, eq=False)
class CameraPath:
    """A camera over some frames."""

    poses: Tensor
    """(frames, 4, 4) float64 matrices from the camera's axes to the world's; the last column is the position."""
    lenses: Tensor
    """(frames, 4) float64: focal lengths fx, fy and centre cx, cy, as parts of the picture's width and height."""
    aspect: float
    """Width divided by height of the picture that the lenses belong to."""

    def __len__(self) -> int:
        return self.poses.shape[0]

    @property
    def positions(self) -> Tensor:
        """(frames, 3), in the world."""
        return self.poses[:, :3, 3]

    @property
    def directions(self) -> Tensor:
        """(frames, 3): which way it looks, of length 1."""
        return self.poses[:, :3, 2]

    def relative(self) -> "CameraPath":
        """The same path seen from its first camera, which is the origin."""
        return CameraPath(torch.linalg.inv(self.poses[0]) @ self.poses, self.lenses, self.aspect)

    def at(self, frames: list[int]) -> "CameraPath":
        """The cameras of some frames; behind the end the last one stays where it is."""
        index = [min(frame, len(self) - 1) for frame in frames]
        return CameraPath(self.poses[index], self.lenses[index], self.aspect)

    def every(self, stride: int) -> "CameraPath":
        """Every second, third, ... camera."""
        return CameraPath(self.poses[::stride], self.lenses[::stride], self.aspect)

    def resampled(self, frames: int) -> "CameraPath":
        """The same path in another number of frames: rotations on the shortest way, all else on straight lines."""
        position = torch.linspace(0, len(self) - 1, frames, dtype=torch.float64)
        start = position.floor().long().clamp(max=max(len(self) - 2, 0))
        end = (start + 1).clamp(max=len(self) - 1)
        part = position - start
        poses = torch.lerp(self.poses[start], self.poses[end], part[:, None, None])
        poses[:, :3, :3] = between(self.poses[start, :3, :3], self.poses[end, :3, :3], part)
        return CameraPath(poses, torch.lerp(self.lenses[start], self.lenses[end], part[:, None]), self.aspect)


def pose(rotation: Tensor, position: Tensor) -> Tensor:
    """(n, 3, 3) and (n, 3) to (n, 4, 4)."""
    poses = torch.eye(4, dtype=torch.float64).repeat(rotation.shape[0], 1, 1)
    poses[:, :3, :3], poses[:, :3, 3] = rotation, position
    return poses
