"""Camera paths as text, in the layout of RealEstate10K (arXiv 1805.09817).

A first line that may hold an address or nothing; then for each frame a line of 19 numbers: time stamp, the lens fx, fy,
cx, cy, two numbers that are width and height or 0, and the first three rows of the matrix from world to camera.
"""

import torch
from torch import Tensor

from ..values import plain, read_number
from .paths import CameraPath, PathError

NUMBERS = 19
LAYOUT = "a time stamp, fx fy cx cy, two more numbers, and a 3x4 matrix from world to camera"
LONGEST = 16 << 20
"""Characters of a path."""
TOLERANCE = 0.02
"""How far the turning part of a matrix may be from a rotation; files are rounded."""


def read_trajectory(text: str) -> CameraPath:
    """Read a camera path.

    Raises:
        PathError: no lines with numbers, or a line that cannot be read; the message has its number.
    """
    rows: list[list[float]] = []
    numbers: list[int] = []
    if len(text) > LONGEST:
        raise PathError(f"there are {len(text)} characters, more than the path of a clip. Split it into shorter ones.")
    for number, line in enumerate(plain(text).splitlines(), 1):
        if not line or line.isspace():
            continue
        words = line.replace(",", " ").split()
        # the address of a video is one word that is no number
        if not words or (not rows and number == 1 and len(words) != NUMBERS and read_number(words[0]) is None):
            continue
        rows.append(_row(words, number))
        numbers.append(number)
    if not rows:
        raise PathError(f"there is no line with numbers. Each frame needs a line of {NUMBERS}: {LAYOUT}.")
    table = torch.tensor(rows, dtype=torch.float64)
    _check(table, numbers)
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
    row = []
    for word in words:
        entry = read_number(word)
        if entry is None:
            raise PathError(f"line {number}: {word[:40]!r} is no number. A line holds {LAYOUT}.")
        row.append(entry)
    return row


def _check(table: Tensor, numbers: list[int]) -> None:
    """Stop at the first line whose lens or matrix cannot be.

    Raises:
        PathError: see there.
    """
    turns = table[:, 7:].unflatten(1, (3, 4))[..., :3]
    off = (turns @ turns.mT - torch.eye(3)).abs().amax((1, 2))
    flat = table[:, 1:3].amin(1) <= 0.0
    # written so that what overflows is wrong as well
    bent = ~(off <= TOLERANCE) | ~(torch.linalg.det(turns) >= 0.0)
    wrong = (flat | bent).nonzero()
    if not len(wrong):
        return
    place = int(wrong[0])
    if bool(flat[place]):
        x, y = table[place, 1:3].tolist()
        raise PathError(f"line {numbers[place]}: the focal lengths are {x:g} and {y:g}; they must be above 0.")
    raise PathError(
        f"line {numbers[place]}: the matrix does not turn the camera but stretches or mirrors it. The last twelve "
        "numbers are a rotation and a position: r r r t, three times."
    )
