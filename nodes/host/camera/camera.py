"""A CameraCtrl file as a ComfyUI model patcher of its own, and its features while a clip is sampled."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import comfy.model_management as management
import comfy.model_patcher
import comfy.ops
import torch
import torch.nn.functional as F
from torch import Tensor

from ....motion.camera import CameraError, CameraModel, CameraPath, check_fit, load_camera_model, read_camera
from ....motion.formats import Block, read_weights
from ....motion.temporal import Steering
from ....motion.values import ONE, MotionValue, Strength
from ..sampling.moment import Moment
from ..temporal.motion import LoadedFile, LoadedMotion, file_fingerprint, managed, unmapped

LARGEST_ON_DEVICE = 1 << 29
"""Features of longer clips than this many bytes wait in main memory; 16 frames of 512 x 512 take 77 MB."""


class LoadedCamera(LoadedFile[CameraModel]):
    """The weights of one file."""


@dataclass(frozen=True, eq=False)
class CameraControl:
    """What steers the camera of a motion model: weights, a path, how strongly and when it acts."""

    loaded: LoadedCamera
    path: CameraPath
    strength: MotionValue = ONE
    start_percent: float = 0.0
    end_percent: float = 1.0


def load_camera(path: str) -> LoadedCamera:
    """Read and load a CameraCtrl file.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        CameraError: it is no CameraCtrl model, or not a whole one.
    """
    return _load_once(path, file_fingerprint(path))


# one, because it keeps up to 0.9 GB
@functools.lru_cache(1)
def _load_once(path: str, _fingerprint: object) -> LoadedCamera:
    return LoadedCamera(_load_patcher(path), os.path.basename(path))


def _load_patcher(path: str, disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
    tensors = read_weights(path)
    structure, state = read_camera(tensors, os.path.basename(path))
    state = unmapped(state)
    return managed(
        state,
        lambda dtype, place: load_camera_model(structure, state, comfy.ops.manual_cast, dtype, place),
        (_load_patcher, (path,)),
        disable_dynamic,
    )


def with_camera(motion: LoadedMotion, control: CameraControl) -> LoadedMotion:
    """The same motion model with a camera.

    Raises:
        CameraError: it has one already, or is made for another base model.
    """
    if motion.camera is not None:
        raise CameraError(
            f"{motion.file} has a camera already, from {motion.camera.loaded.file}. Use one Camera Control for a "
            "motion model, and chain pieces of a path with Camera Path."
        )
    check_fit(control.loaded.model, motion.model, control.loaded.file, motion.file)
    return replace(motion, camera=control)


def cameras(motions: Sequence[LoadedMotion]) -> list[LoadedCamera]:
    """The CameraCtrl files of a chain that do something, each once, in the order in which they came."""
    return list(dict.fromkeys(control.loaded for control in map(_acting, motions) if control is not None))


def camera_of(motion: LoadedMotion, files: Sequence[LoadedCamera]) -> tuple[int, CameraControl] | None:
    """The camera of a motion model with the number of its file, None if nothing steers it."""
    control = _acting(motion)
    return None if control is None else (files.index(control.loaded), control)


def _acting(motion: LoadedMotion) -> CameraControl | None:
    return None if motion.camera is None or motion.camera.strength.is_zero else motion.camera


def path_lengths(frames: int, motions: Sequence[LoadedMotion]) -> list[str]:
    """What to say of camera paths of another length than the clip."""
    told = []
    for length in sorted({len(control.path) for control in map(_acting, motions) if control is not None} - {frames}):
        end = "the camera stands still after its end" if length < frames else f"only its first {frames} are used"
        told.append(f"The camera path has {length} frames, but the clip has {frames}: {end}.")
    return told


@dataclass(frozen=True, eq=False)
class ClipFeatures:
    """What the encoder made of a whole clip."""

    levels: Sequence[Tensor]
    """(frames, channels, height, width) each."""

    def tokens(self, level: int, numbers: Sequence[int], size: tuple[int, int], like: Tensor) -> Tensor:
        """Some frames' features of one level as (frames, pixels, channels), on the device and in the dtype of ``like``.

        Args:
            size: height and width of the layer, in case something has resized it.
        """
        features = self.levels[level]
        if numbers != range(features.shape[0]):
            features = features[list(numbers)]
        features = features.to(like)
        if features.shape[2:] != size:
            features = F.interpolate(features, size, mode="bilinear", align_corners=False)
        return features.flatten(2).transpose(1, 2)


class Camera(NamedTuple):
    """A camera in one call of the model."""

    model: CameraModel
    features: ClipFeatures
    value: MotionValue
    kept: dict[tuple[int, tuple[int, int]], Tensor]
    """Features of the frames of this call, by level and size."""

    def steering(
        self, block: Block, x: Tensor, frames: int, numbers: Sequence[int], strength: Strength
    ) -> Steering | None:
        """What the camera adds at a block, None where it adds nothing.

        Args:
            x: (clips * frames, channels, height, width).
            numbers: each frame's number in the whole clip, of all windows that come in this call.
            strength: at this block.
        """
        merge = self.model.merge_at(block)
        if merge is None:
            return None
        level, size = self.model.level(block), (x.shape[2], x.shape[3])
        if (level, size) not in self.kept:
            tokens = self.features.tokens(level, numbers, size, x).unflatten(0, (-1, frames))
            # several windows, repeated for each conditioning
            clips = x.shape[0] // frames
            tokens = tokens if tokens.shape[0] == 1 else tokens.repeat(clips // tokens.shape[0], 1, 1, 1)
            self.kept[level, size] = tokens
        return Steering(merge, self.kept[level, size], strength)


def active_camera(control: CameraControl, model: CameraModel, moment: Moment) -> Camera | None:
    """A camera in one call, None where it does not act; the path is encoded in the first call of a sampling."""
    value = moment.now.value(control, control.strength)
    if value.is_zero:
        return None
    x, kept = moment.x, moment.now.timing.kept
    size = (x.shape[2], x.shape[3])
    key = (control, moment.total, size, x.device)
    if key not in kept:
        dtype = moment.base.get_dtype_inference()
        rest = resting_place(model, moment.total, size, dtype, x.device)
        heard = management.throw_exception_if_processing_interrupted
        kept[key] = ClipFeatures(model.features(control.path, moment.total, size, x.device, dtype, rest, heard))
    return Camera(model, kept[key], value, {})


def resting_place(
    model: CameraModel, frames: int, size: tuple[int, int], dtype: torch.dtype, device: torch.device
) -> torch.device:
    """Where the features of a clip stay during its sampling."""
    numbers = sum(width * size[0] * size[1] // 4**level for level, width in enumerate(model.structure.widths))
    return device if frames * numbers * dtype.itemsize <= LARGEST_ON_DEVICE else torch.device("cpu")
