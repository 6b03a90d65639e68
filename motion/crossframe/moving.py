"""The motion that Text2Video-Zero puts into the noisy latents of a clip (arXiv 2303.13439, section 3.2).

Frame 0 is sampled down to a timestep t0; all others are copies of it there that are moved by k * (dx, dy), as a camera
would that moves steadily, and get noise until they are at a higher timestep t1. There frame 0 joins them as it was on
its way down, and all are sampled from t1 on. The background may be smoothed there (section 3.4).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import CrossFrameError

SIZE = 512.0
"""Width of a picture in which motion is measured."""
OFFSET = 1.0 / 16.0
"""In places of a latent: the authors measure motion at pixels' corners, where a latent's places have centres."""


@dataclass(frozen=True)
class CameraMotion:
    """How far the camera moves from frame to frame, in pixels of a picture that is 512 wide.

    The content moves the other way: to the left for a positive ``dx``, up for a positive ``dy``.
    """

    dx: float = 12.0
    dy: float = 12.0

    def shift(self, frame: int, width: int) -> tuple[int, int]:
        """Whole places of a latent by which a frame is read further to the right, and further down.

        Args:
            width: of the latent.
        """
        x, y = (math.floor(frame * each * width / SIZE - OFFSET + 0.5) for each in (self.dx, self.dy))
        return x, y


def moved(latents: Tensor, motion: CameraMotion) -> Tensor:
    """Each frame k moved by k times the motion; beyond its edges a picture is mirrored.

    Args:
        latents: (frames, channels, height, width); those of one frame expanded give the frames of a moving camera.
    """
    frames, _, height, width = latents.shape
    found = []
    for frame in range(frames):
        x, y = motion.shift(frame, width)
        found.append(latents[frame][:, _mirrored(y, height)][:, :, _mirrored(x, width)])
    return torch.stack(found)


def noised(latents: Tensor, low: float, high: float, noise: Tensor) -> Tensor:
    """Latents at a noise level brought to a higher one, both in the form x0 + sigma * noise.

    That is ``sqrt(a) x + sqrt(1 - a) noise``, a the product of the alphas in between (equation 7), of x / sqrt(1 +
    sigma²).
    """
    return latents + math.sqrt(max(high**2 - low**2, 0.0)) * noise


def smoothed(latents: Tensor, subject: Tensor, motion: CameraMotion, strength: float, grow: int) -> Tensor:
    """The background of every frame mixed with that of frame 0, moved with the camera.

    ``M x_k + (1 - M) (strength moved(x_0) + (1 - strength) x_k)`` (equation 9), where M is the subject of frame k and,
    as the authors' code has it, that of frame 0 moved likewise.

    Args:
        latents: noisy frames, (frames, channels, height, width).
        subject: 1 where the subject is, (1 or frames, height, width) in pixels of any size.
        grow: places of the latent by which the subject is wider on each side.

    Raises:
        CrossFrameError: this is no clip of pictures, or there are masks for another number of frames.
    """
    if latents.ndim != 4:
        raise CrossFrameError(
            f"This latent has the shape {list(latents.shape)}; a clip of an image model is a batch of pictures. "
            "Connect Latent Motion."
        )
    frames, _, height, width = latents.shape
    if frames < 2:
        raise CrossFrameError("1 frame is a picture: there is no other one whose background could be alike.")
    if subject.shape[0] not in (1, frames):
        raise CrossFrameError(
            f"There are {subject.shape[0]} masks, but {frames} frames. Give one mask for each frame, or one for all."
        )
    mask = F.interpolate(subject[:, None].to(latents), (height, width), mode="nearest")
    mask = F.max_pool2d(mask, 2 * grow + 1, 1, grow).expand(frames, -1, -1, -1)
    first = mask[:1].expand_as(mask)
    background = strength * (1.0 - mask) * (1.0 - moved(first, motion))
    return latents + background * (moved(latents[:1].expand_as(latents), motion) - latents)


def _mirrored(shift: int, size: int) -> list[int]:
    """The places that a moved row or column is read from."""
    around = ((place + shift) % (2 * size) for place in range(size))
    return [min(place, 2 * size - 1 - place) for place in around]
