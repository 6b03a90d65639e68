"""Camera paths as text, in the layout of RealEstate10K (arXiv 1805.09817).

A first line that may hold an address or nothing; then for each frame a line of 19 numbers: time stamp, the lens fx, fy,
cx, cy, two numbers that are width and height or 0, and the first three rows of the matrix from world to camera.
"""

import math

import torch

from .paths import CameraPath, PathError

NUMBERS = 19
LAYOUT = "a time stamp, fx fy cx cy, two more numbers, and a 3x4 matrix from world to camera"
TOLERANCE = 0.02
"""How far the turning part of a matrix may be from a rotation; files are rounded."""


def read_trajectory(text: str) -> CameraPath:
    """Read a camera path.

    Raises:
        PathError: no lines with numbers, or a line that cannot be read; the message has its number.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").split()
        # the address of a video is one word that is no number
        if not words or (number == 1 and len(words) != NUMBERS and not _is_number(words[0])):
            continue
        rows.append(_row(words, number))
    if not rows:
        raise PathError(f"there is no line with numbers. Each frame needs a line of {NUMBERS}: {LAYOUT}.")
    table = torch.tensor(rows, dtype=torch.float64)
    poses = torch.eye(4, dtype=torch.float64).repeat(len(rows), 1, 1)
    poses[:, :3] = table[:, 7:].unflatten(1, (3, 4))
    lenses = table[:, 1:5]
    width, height = rows[0][5:7]
    # without a size the pixels are square: fx * width = fy * height
    aspect = width / height if width > 0 and height > 0 else rows[0][2] / rows[0][1]
    return CameraPath(torch.linalg.inv(poses), lenses, aspect)


def _row(words: list[str], number: int) -> list[float]:
    if len(words) != NUMBERS:
        raise PathError(f"line {number} has {len(words)} entries, not {NUMBERS}: {LAYOUT}.")
    wrong = next((word for word in words if not _is_number(word)), None)
    if wrong is not None:
        raise PathError(f"line {number}: {wrong[:40]!r} is no number. A line holds {LAYOUT}.")
    row = [float(word) for word in words]
    if min(row[1:3]) <= 0.0:
        raise PathError(f"line {number}: the focal lengths are {row[1]:g} and {row[2]:g}; they must be above 0.")
    turn = torch.tensor(row[7:], dtype=torch.float64).view(3, 4)[:, :3]
    off = float((turn @ turn.mT - torch.eye(3)).abs().max())
    if off > TOLERANCE or float(torch.linalg.det(turn)) < 0.0:
        raise PathError(
            f"line {number}: the matrix does not turn the camera but stretches or mirrors it. The last twelve numbers "
            "are a rotation and a position: r r r t, three times."
        )
    return row


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
