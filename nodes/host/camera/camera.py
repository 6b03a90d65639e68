"""A CameraCtrl file as a ComfyUI model patcher, and a camera that accompanies a motion model along a path."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import comfy.model_management as management
import comfy.ops
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from ....motion.camera import CameraError, CameraModel, CameraPath, check_fit, load_camera_model, read_camera
from ....motion.formats import Block, read_weights
from ....motion.temporal import Mixing, MotionModel, Steering
from ....motion.values import ALWAYS, Acts, MotionValue
from ..files import LoadedFile, Weights
from ..memory import resting_place
from ..sampling import Moment
from ..temporal import Acting, Clip, LoadedMotion, Runtime, WeightedCompanion


class CameraWeights(LoadedFile[CameraModel]):
    """The weights of one CameraCtrl file; one is kept, because it takes up to 0.9 GB."""

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read a CameraCtrl file.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            CameraError: it is no CameraCtrl model, or not a whole one.
        """
        structure, state = read_camera(read_weights(path), os.path.basename(path))
        return Weights(
            state, lambda held, dtype, device: load_camera_model(structure, held, comfy.ops.manual_cast, dtype, device)
        )


@dataclass(frozen=True, eq=False)
class Camera(WeightedCompanion[CameraWeights]):
    """What steers the camera of a motion model: weights, a path, how strongly and when it acts."""

    loaded: CameraWeights
    path: CameraPath
    acts: Acts = ALWAYS
    role: ClassVar[str] = "camera"

    def describe(self) -> str:
        """Its file and path."""
        return f"{self.loaded.file}, a path of {len(self.path)} frames"

    def check_motion(self, motion: LoadedMotion) -> list[str]:
        """Stop on a motion module that has a camera already or is made for another base model.

        Raises:
            CameraError: see above.
        """
        for other in motion.companions:
            if isinstance(other, Camera):
                raise CameraError(
                    f"{motion.file} has a camera already, from {other.loaded.file}. Use one Camera Control for a "
                    "motion model, and chain pieces of a path with Camera Path."
                )
        check_fit(self.loaded.model, motion.model, self.loaded.file, motion.file)
        return []

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of strengths and paths of another length than the clip."""
        told = self.acts.told_short(f"the strength of {self.loaded.file}", clip.frames)
        length, frames = len(self.path), clip.frames
        if length != frames:
            end = "the camera stands still after its end" if length < frames else f"only its first {frames} are used"
            told.append(f"The camera path has {length} frames, but the clip has {frames}: {end}.")
        return told

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> "ActingCamera | None":
        """What it adds, None where it does not act; the path is encoded in the first call of a sampling."""
        strength = moment.now.strength(self.acts)
        if strength.is_zero:
            return None
        return ActingCamera(weights[0], self._features(moment, weights[0]), strength)

    def _features(self, moment: Moment, model: CameraModel) -> "ClipFeatures":
        x, kept, total = moment.x, moment.now.timing.kept, moment.call.total
        size = (x.shape[2], x.shape[3])
        key = (self, total, size, x.device)
        if key not in kept:
            dtype = moment.base.get_dtype_inference()
            widths = model.structure.widths
            numbers = sum(width * size[0] * size[1] // 4**level for level, width in enumerate(widths))
            # 16 frames of 512 x 512 take 77 MB
            rest = resting_place(total * numbers * dtype.itemsize, x.device)
            heard = management.throw_exception_if_processing_interrupted
            kept[key] = ClipFeatures(model.features(self.path, total, size, x.device, dtype, rest, heard))
        return kept[key]


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
        return rearrange(features, "f c h w -> f (h w) c")


@dataclass(frozen=True, eq=False)
class ActingCamera(Acting):
    """A camera in one call of the model."""

    model: CameraModel
    features: ClipFeatures
    strength: MotionValue
    kept: dict[tuple[int, tuple[int, int]], Tensor] = field(default_factory=dict)
    """Features of the frames of this call, by level and size."""

    @property
    def values(self) -> Sequence[MotionValue]:
        """Its strength."""
        return (self.strength,)

    def mixed(self, mixing: Mixing, block: Block, x: Tensor, runtime: Runtime) -> Mixing:
        """What the camera adds at a block, which steers the first attention there."""
        merge = self.model.merge_at(block)
        if merge is None:
            return mixing
        level, size = self.model.level(block), (x.shape[2], x.shape[3])
        if (level, size) not in self.kept:
            tokens = self.features.tokens(level, runtime.call.numbers, size, x)
            tokens = rearrange(tokens, "(w f) p c -> w f p c", f=runtime.call.frames)
            # several windows, repeated for each conditioning; one alone serves all of them as it is
            if tokens.shape[0] > 1:
                tokens = repeat(tokens, "w f p c -> (n w) f p c", n=runtime.call.conditionings)
            self.kept[level, size] = tokens
        return replace(mixing, camera=Steering(merge, self.kept[level, size], runtime.strength(self.strength, x)))
