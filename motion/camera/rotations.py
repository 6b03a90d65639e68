"""Rotations of a camera as vectors, matrices and unit quaternions, many at a time."""

import torch
from torch import Tensor


def rotations(vectors: Tensor) -> Tensor:
    """Rotation matrices, the exponential of the cross product with a vector.

    Args:
        vectors: (n, 3), axis times angle in radians.

    Returns:
        (n, 3, 3).
    """
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), -1).unflatten(-1, (3, 3))
    return torch.linalg.matrix_exp(cross)


def quaternions(matrices: Tensor) -> Tensor:
    """(n, 3, 3) to (n, 4), x, y, z, w; of a matrix that is not quite a rotation, those of the closest one.

    The eigenvector of the largest eigenvalue of a symmetric matrix (Bar-Itzhack 2000, "New method for extracting the
    quaternion from a rotation matrix").
    """
    trace = matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
    both = matrices + matrices.mT
    odd = matrices - matrices.mT
    corner = torch.stack((odd[:, 2, 1], odd[:, 0, 2], odd[:, 1, 0]), -1)
    inner = both - trace[:, None, None] * torch.eye(3).to(matrices)
    symmetric = torch.cat(
        (torch.cat((inner, corner[:, :, None]), 2), torch.cat((corner, trace[:, None]), 1)[:, None]), 1
    )
    return torch.linalg.eigh(symmetric).eigenvectors[..., -1]


def matrices(quaternions: Tensor) -> Tensor:
    """(n, 4) unit quaternions to (n, 3, 3)."""
    x, y, z, w = quaternions.unbind(-1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def between(first: Tensor, second: Tensor, part: Tensor) -> Tensor:
    """The rotation at a part of the shortest way from one to the other (slerp, Shoemake 1985).

    Args:
        first, second: (n, 3, 3).
        part: (n,), 0 for the first and 1 for the second.
    """
    start, end = quaternions(first), quaternions(second)
    cosine = (start * end).sum(-1)
    end = torch.where(cosine[:, None] < 0, -end, end)
    angle = cosine.abs().clamp(max=1.0).acos()
    # sin(p a) / sin(a) tends to p
    near = angle < 1e-6
    scale = torch.where(near, 1.0, angle.sin())
    ways = [torch.where(near, p, (p * angle).sin() / scale)[:, None] for p in (1 - part, part)]
    mixed = ways[0] * start + ways[1] * end
    return matrices(mixed / mixed.norm(dim=-1, keepdim=True))
