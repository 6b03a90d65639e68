"""Motion Values: a number that may differ from frame to frame, from place to place and from step to step."""

import math
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .curves import Curve
from .strength import Strength


@dataclass(frozen=True, eq=False)
class Mask:
    """Values in the picture: ``low`` where a mask is 0, ``high`` where it is 1."""

    frames: Tensor
    """(frames, height, width) in any resolution; the last frame repeats."""
    low: float = 0.0
    high: float = 1.0

    def stretched(self) -> "Mask":
        """The same mask with its darkest place at ``low`` and its brightest at ``high``.

        One that is the same everywhere has nothing to stretch and stays as it is.
        """
        darkest, brightest = (float(edge) for edge in torch.aminmax(self.frames))
        if darkest == brightest:
            return self
        slope = (self.high - self.low) / (brightest - darkest)
        low = self.low - slope * darkest
        return Mask(self.frames, low, low + slope)

    @cached_property
    def is_zero(self) -> bool:
        """Whether it is nothing at every frame and place."""
        return self.low == 0.0 and (self.high == 0.0 or not bool(self.frames.any()))

    def over(
        self, frames: Sequence[int], size: tuple[int, int], device: Any, resized: MutableMapping[Any, Tensor]
    ) -> Tensor:
        """Values as a (frames, pixels) tensor; ``resized`` keeps the mask in the resolutions it was asked for."""
        key = (self, size, device)
        if key not in resized:
            resized[key] = (self.low + (self.high - self.low) * _resized(self.frames, size)).to(device)
        last = self.frames.shape[0] - 1
        if last == 0 or frames == range(last + 1):
            return resized[key]
        return resized[key][[min(frame, last) for frame in frames]]


def _resized(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """(frames, height, width) to (frames, pixels) of another resolution, bilinear."""
    return F.interpolate(mask[:, None].float(), size, mode="bilinear", align_corners=False).flatten(1)


@dataclass(frozen=True, eq=False)
class Keyframe:
    """A value from some part of the sampling on."""

    start_percent: float
    value: "MotionValue | None" = None
    """None takes over the value before, or is 1 if nothing is inherited."""
    guarantee_steps: int = 1
    inherit_missing: bool = True


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Values that follow one another over the sampling; before the first one starts the value is 1."""

    keys: tuple[Keyframe, ...]

    def plus(self, key: Keyframe) -> "Keyframes":
        """One more, sorted by start; of those that start together the one added last comes last."""
        return Keyframes(tuple(sorted((*self.keys, key), key=lambda key: key.start_percent)))

    def values(self) -> "list[MotionValue]":
        """The value of each keyframe, missing ones filled in."""
        values: list[MotionValue] = []
        for key in self.keys:
            before = values[-1] if values and key.inherit_missing else MotionValue()
            values.append(before if key.value is None else key.value)
        return values


@dataclass(frozen=True, eq=False)
class MotionValue:
    """A product: a number, curves over the frames of the clip, masks, and keyframes over the sampling."""

    number: float = 1.0
    curves: tuple[Curve, ...] = ()
    masks: tuple[Mask, ...] = ()
    keyframes: tuple[Keyframes, ...] = ()

    def __mul__(self, other: "MotionValue") -> "MotionValue":
        """The product of both at every frame, place and step."""
        return MotionValue(
            self.number * other.number,
            self.curves + other.curves,
            self.masks + other.masks,
            self.keyframes + other.keyframes,
        )

    def with_keyframes(self, keyframes: tuple[Keyframes, ...]) -> "MotionValue":
        """The same product with other keyframes."""
        return replace(self, keyframes=keyframes)

    @cached_property
    def is_zero(self) -> bool:
        """Whether it is nothing at every frame, place and step."""
        return (
            self.number == 0.0
            or any(not any(value for _, value in curve.keys) for curve in self.curves)
            or any(mask.is_zero for mask in self.masks)
        )

    @cached_property
    def varies(self) -> bool:
        """Whether it differs between frames or places at one step."""
        return bool(self.curves or self.masks)

    def during(self, active: Callable[[Keyframes], int]) -> "MotionValue":
        """The value at one step, without keyframes; ``active`` tells which one acts, -1 for none."""
        result = self.with_keyframes(())
        for keyframes in self.keyframes:
            number = active(keyframes)
            if number >= 0:
                result = result * keyframes.values()[number].during(active)
        return result

    def over(
        self,
        frames: Sequence[int],
        size: tuple[int, int],
        device: Any = None,
        resized: MutableMapping[Any, Tensor] | None = None,
    ) -> Strength:
        """The value of some frames at the resolution of one layer, for a value without keyframes.

        Args:
            frames: their numbers in the whole clip.
            size: height and width of the layer.
            resized: keeps masks in the resolutions they were asked for, and the values of frames.

        Returns:
            The number itself if nothing varies, else a float32 (frames, pixels or 1) tensor, (1, pixels) where all
            frames have the same values.
        """
        result: Strength = self.number
        kept = {} if resized is None else resized
        if self.curves:
            key = (self, tuple(frames), device)
            if key not in kept:
                values = [self.number * math.prod(curve.at(frame) for curve in self.curves) for frame in frames]
                kept[key] = torch.tensor(values)[:, None].to(device)
            result = kept[key]
        for mask in self.masks:
            result = result * mask.over(frames, size, device, kept)
        return result

    def told_short(self, name: str, frames: int) -> list[str]:
        """What to say, under a name, of lists and masks with fewer entries than a clip has frames."""
        return [
            f"{name} has {part}, but the clip has {frames} frames: the last one is used for the rest."
            for part in self.too_short_for(frames)
        ]

    def too_short_for(self, frames: int) -> list[str]:
        """What in it has more than one but fewer entries than a clip has frames."""
        lists = [(len(curve.keys), "a list of {} values") for curve in self.curves if curve.is_list]
        clips = [(mask.frames.shape[0], "a mask of {} frames") for mask in self.masks if mask.frames.shape[0] > 1]
        short = [text.format(count) for count, text in (*lists, *clips) if count < frames]
        for key in (key for keyframes in self.keyframes for key in keyframes.keys):
            short += key.value.too_short_for(frames) if key.value else []
        return short


ONE, NOTHING = MotionValue(1.0), MotionValue(0.0)
