"""What a drawn pose consists of: which joints are connected, and the colours pose ControlNets were trained on."""

import colorsys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .people import BODY, FEET, LEFT_HIP, RIGHT_HIP, Joints

Colours = NDArray[np.float32]
"""(..., 3): red, green and blue in 0..1, whole bytes."""
LIMB_BRIGHTNESS = 0.6
"""Of the joints' full one."""
BLUE, WHITE = np.array([[0, 0, 1], [1, 1, 1]], np.float32)


def hues(places: Sequence[int], count: int, brightness: float = 1.0) -> Colours:
    """The colours at places around a hue circle that is cut into so many parts, from red: (places, 3)."""
    full = np.array([colorsys.hsv_to_rgb(n / count, 1, 1) for n in places]) * 255
    # cut to bytes as the drawers of training pictures did, without the rounding errors of the hue
    return (np.floor(np.floor(full + 1e-6) * brightness + 1e-6) / 255).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The limbs of a body in the order in which they are drawn, and its joints."""

    joints: Callable[[Joints], Joints]
    """(joints, 3) of a person (136, 3)."""
    limbs: tuple[tuple[int, int], ...]
    limb_colours: Colours
    joint_colours: Colours


def body_18(joints: Joints) -> Joints:
    """The joints of the body without its feet."""
    return joints[BODY]


def body_25(joints: Joints) -> Joints:
    """The joints of OpenPose's larger body: the feet too, and the middle of the hips, which lies between them."""
    hips = joints[[RIGHT_HIP, LEFT_HIP]]
    middle = np.append(hips[:, :2].mean(0), hips[:, 2].min())
    return np.concatenate((joints[:8], middle[None], joints[8 : BODY.stop], joints[FEET]))


_HUES_25 = (17, 0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12, 16, 14, 15, 13, 12, 12, 12, 9, 9, 9)
"""Of each joint, around a circle of 18."""
_LIMBS_25 = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
    (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
)  # fmt: skip
SKELETONS: Mapping[str, Skeleton] = MappingProxyType(
    {
        "18 joints": Skeleton(
            body_18,
            (
                (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
                (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
            ),
            hues(range(17), 18, LIMB_BRIGHTNESS),
            hues(range(18), 18),
        ),
        "25 joints": Skeleton(
            body_25,
            _LIMBS_25,
            # a limb has the colour of the joint at its end
            hues([_HUES_25[end] for _, end in _LIMBS_25], 18, LIMB_BRIGHTNESS),
            hues(_HUES_25, 18),
        ),
    }
)  # fmt: skip
"""Bodies by name. ControlNets know the 18 joints; the 25, with the feet, are those of OpenPose's own pictures."""
HAND_LINES = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
"""From the wrist along each finger, from the thumb on."""
HAND_COLOURS = hues(range(20), 20)
