"""Pose pictures and whatever else guides a character, read by a guider and added to the denoising UNet."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import comfy.model_management as management
import comfy.ops
import comfy.utils
import torch
import torch.nn.functional as F
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.model_patcher import ModelPatcher
from einops import rearrange
from torch import Tensor

from ....motion.character import AT_LATENT, CharacterError, Guider, load_guider, read_guider
from ....motion.formats import read_weights
from ....motion.temporal import MotionModel
from ....motion.values import ALWAYS, Acts
from ..files import LoadedFile, Weights
from ..images import PIXELS, in_colours, is_finite
from ..memory import resting_place
from ..sampling import Moment
from ..temporal import Clip, WeightedCompanion
from .guiding import ActingGuide
from .picture import proportions

ANIPORTRAIT = "aniportrait"
PROPORTIONS = 0.02
"""How far the proportions of a guide and a clip may lie apart, for sizes are rounded to 8 pixels."""
DARK = 1 / 255
LISTED = 8
"""Frames that a message lists."""


class GuiderWeights(LoadedFile[Guider]):
    """The weights of one guider; those of Champ's four are kept."""

    kept: ClassVar[int] = 4

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read and recognise a guider.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            CharacterError: it is no guider, or not a whole one.
        """
        recognised, state = read_guider(read_weights(path), os.path.basename(path))
        return Weights(
            state, lambda held, dtype, device: load_guider(recognised, held, comfy.ops.manual_cast, dtype, device)
        )


@dataclass(frozen=True, eq=False)
class Guide(WeightedCompanion[GuiderWeights]):
    """Pictures for a guider, one for each frame of the clip, and how strongly and when they act."""

    loaded: GuiderWeights
    frames: Tensor
    """(frames, height, width, 3) in 0..1; a single one serves all frames."""
    acts: Acts = ALWAYS
    shows: str = "pose"
    """What the pictures are, in a word for people."""
    raw: bool = False
    """Whether the guider gets them as AniPortrait's scripts hand them over, 0 to 255."""
    role: ClassVar[str] = "guide"

    def describe(self) -> str:
        """Its file and what it is given."""
        return f"{self.loaded.file}, {self.frames.shape[0]} {self.shows} pictures"

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of pictures for a clip.

        Raises:
            CharacterError: there are too few of them, they have other proportions, or show nothing.
        """
        count, height, width = self.frames.shape[:3]
        what = f"{count} {self.shows} picture{'s' * (count > 1)}"
        if 1 < count < clip.frames:
            raise CharacterError(
                f"Pose Guide has {what}, but the clip has {clip.frames} frames. Set the batch size of the latent to "
                f"{count}, or bring the poses to {clip.frames} frames with Retime Pose."
            )
        if abs(proportions(self.frames, clip) - 1.0) > PROPORTIONS:
            raise CharacterError(
                f"The pictures of Pose Guide are {width} x {height}, the clip {PIXELS * clip.width} x "
                f"{PIXELS * clip.height}: the proportions differ, so that limbs would be stretched. Draw them in the "
                "size of the clip, or give the clip their proportions."
            )
        told = self.acts.told_short("the strength of Pose Guide", clip.frames)
        empty = [number for number, brightest in enumerate(self.frames.amax((1, 2, 3)).tolist()) if brightest < DARK]
        if len(empty) == count:
            raise CharacterError(
                f"All pictures of Pose Guide are black: no {self.shows} is in them. Look at what is connected to "
                "images; a pose detector finds nobody in some videos."
            )
        if empty:
            listed = ", ".join(map(str, empty[:LISTED])) + (" ..." if len(empty) > LISTED else "")
            told.append(f"Pose Guide: frames {listed} are black, so that nothing guides the character there.")
        if count > clip.frames:
            told.append(f"Pose Guide: of {what} the first {clip.frames} are used, one for each frame.")
        elif count == 1 < clip.frames:
            told.append(f"Pose Guide has one picture: it holds for all {clip.frames} frames.")
        return told

    def prepare(self, clip: Clip, model: ModelPatcher) -> tuple[int, int]:
        """Height and width of the clip's latents, by which parts of it are known."""
        return clip.height, clip.width

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> ActingGuide | None:
        """The guider's maps for the frames of a call; a whole clip is read in the first call of a sampling."""
        strength = moment.now.strength(self.acts)
        if strength.is_zero:
            return None
        size = (moment.x.shape[2], moment.x.shape[3])
        if size != moment.prepared.get(self, size):
            raise CharacterError(
                "A part of the frames is sampled by itself, by Conditioning (Set Area) or a node that cuts them into "
                "tiles, and Pose Guide cannot know which part of its pictures belongs there. Use Conditioning (Set "
                "Mask) with set_cond_area default, or take that node out."
            )
        guider: Guider = weights[0]
        parts = [self._maps(guider, moment, window) for window in self._windows(guider, moment)]
        maps = {
            entry: _joined([part[number] for part in parts], moment.x) for number, entry in enumerate(guider.entries)
        }
        return ActingGuide(maps, moment.call.numbers, strength, moment.now.timing.masks)

    def _windows(self, guider: Guider, moment: Moment) -> list[Sequence[int]]:
        """Frames that are read by themselves: those of a window for a guider that needs it, else all of the call."""
        call = moment.call
        if not guider.per_window:
            return [call.numbers]
        return [call.numbers[start : start + call.frames] for start in range(0, call.together, call.frames)]

    def _maps(self, guider: Guider, moment: Moment, numbers: Sequence[int]) -> list[Tensor]:
        """Maps of some frames, kept while the sampling lasts."""
        kept, x = moment.now.timing.kept, moment.x
        size = (x.shape[2], x.shape[3])
        read = tuple(numbers) if guider.per_window else range(min(moment.call.total, self.frames.shape[0]))
        key = (self, read, size, x.device)
        if key not in kept:
            dtype = moment.base.get_dtype_inference()
            heard = management.throw_exception_if_processing_interrupted
            maps = guider.features(self._pictures(read, size), heard, x.device, dtype)
            # those of other windows take as much for each frame
            size_of_all = sum(each.nbytes for each in maps) * moment.call.total // len(read)
            kept[key] = [each.to(resting_place(size_of_all, x.device)) for each in maps]
        if guider.per_window or len(read) == 1 or numbers == read:
            return kept[key]
        return [each[list(numbers)] for each in kept[key]]

    def _pictures(self, numbers: Sequence[int], size: tuple[int, int]) -> Tensor:
        """Pictures of some frames as (frames, 3, height, width) in the size of the clip."""
        last = self.frames.shape[0] - 1
        chosen = self.frames if numbers == range(last + 1) else self.frames[[min(n, last) for n in numbers]]
        pictures = rearrange(chosen, "f h w c -> f c h w")
        height, width = (PIXELS * side for side in size)
        if pictures.shape[2:] != (height, width):
            pictures = comfy.utils.common_upscale(pictures, width, height, "lanczos", "disabled")
        return 255 * pictures if self.raw else pictures


def _joined(parts: Sequence[Tensor], like: Tensor) -> Tensor:
    there = [part.to(like.device) for part in parts]
    return there[0] if len(there) == 1 else torch.cat(there)


def check_guide_fits(unet: Any, guide: Guide) -> None:
    """Stop on an image model whose layers have other widths than the guider's maps.

    Raises:
        CharacterError: it has.
    """
    guider = guide.loaded.model
    for entry, width in zip(guider.entries, guider.widths, strict=True):
        own = unet.in_channels if entry == AT_LATENT else _channels(unet.input_blocks[entry.block[1]])
        if own != width:
            raise CharacterError(
                f"{guide.loaded.file} makes maps of {width} channels where this model has {own}. Connect the model of "
                "Load Animate Anyone, or choose the guider that belongs to it."
            )


def _channels(block: Any) -> int:
    """Channels that a block of the UNet gives out."""
    last = [layer for layer in block if not isinstance(layer, SpatialTransformer)][-1]
    return last.out_channels


def guide_frames(images: Tensor, keep: Tensor | None) -> Tensor:
    """Pictures for a guider, (frames, height, width, 3); transparency plays no part.

    Args:
        keep: (1 or frames, height, width) in any resolution: 0 becomes black.

    Raises:
        CharacterError: empty, NaN, or masks for another number of frames.
    """
    if images.ndim != 4 or 0 in images.shape:
        raise CharacterError("The pictures of Pose Guide are empty: no frames, or no pixels. Connect Draw Pose.")
    images = in_colours(images)
    if not is_finite(images):
        raise CharacterError("The pictures of Pose Guide hold NaN or infinite values. Connect others.")
    if keep is None:
        return images
    if keep.shape[0] not in (1, images.shape[0]):
        raise CharacterError(
            f"There are {keep.shape[0]} masks for {images.shape[0]} pictures. Give one mask, or one for each picture."
        )
    sized = F.interpolate(keep[:, None].float(), tuple(images.shape[1:3]), mode="bilinear", align_corners=False)
    return images * rearrange(sized, "f 1 h w -> f h w 1").to(images)


def check_raw_range(weights: GuiderWeights) -> None:
    """Stop on the range of AniPortrait's scripts for another guider.

    Raises:
        CharacterError: it is another one.
    """
    kind = weights.model.kind
    if kind.id != ANIPORTRAIT:
        raise CharacterError(
            f"raw_range is for the guider of AniPortrait, and {weights.file} is {kind.title}. Switch it off."
        )
