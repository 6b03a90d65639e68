"""A companion nobody has heard of: the protocol is all it takes to accompany a motion model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import comfy.model_management as management
import pytest
import torch
from comfy.model_patcher import CoreModelPatcher, ModelPatcher
from kinema.motion.formats import Block
from kinema.motion.temporal import MotionModel, describe
from kinema.motion.values import Acts, MotionValue
from kinema.nodes.host.options import COMPANIONS
from kinema.nodes.host.patching import put_first
from kinema.nodes.host.sampling import Moment
from kinema.nodes.host.temporal import Acting, Clip, Companion, LoadedMotion
from torch import Tensor

from ..models import Patcher, animated, sample, tiny_model, tiny_motion


@dataclass(frozen=True)
class Pushing(Acting):
    """Adds its weight at one block, and counts self-attentions."""

    weight: Tensor
    strength: MotionValue
    seen: list[Block]

    def into(self, options: dict[str, Any]) -> None:
        def count(q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
            self.seen.append(extra["block"])
            return q, k, v

        put_first(options, "attn1_patch", count)

    def added(self, block: Block, x: Tensor, effect: MotionValue) -> Tensor:
        return x + self.strength.number * effect.number * self.weight if block == ("input", 1) else x


@dataclass(frozen=True, eq=False)
class Push(Companion):
    patcher: ModelPatcher
    seen: list[Block]
    acts: Acts = Acts()  # noqa: RUF009 (frozen)
    role: ClassVar[str] = "push"

    @property
    def patchers(self) -> Sequence[ModelPatcher]:
        return (self.patcher,)

    def describe(self) -> str:
        return "to the side"

    def check_motion(self, motion: LoadedMotion) -> list[str]:
        if motion.model.format.base != "SD1.5":
            raise ValueError("push is for SD1.5")
        return []

    def check_clip(self, clip: Clip) -> list[str]:
        if clip.frames > 12:
            raise ValueError(f"{clip.frames} frames are too many to push")
        return []

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> Pushing | None:
        strength = moment.now.strength(self.acts)
        return None if strength.is_zero else Pushing(weights[0].weight[0, 0], strength, self.seen)


def push(weight: float, acts: Acts | None = None) -> Push:
    layer = torch.nn.Linear(1, 1).requires_grad_(False)
    layer.weight.fill_(weight)
    device = management.get_torch_device()
    return Push(CoreModelPatcher(layer, device, management.unet_offload_device()), [], acts or Acts())


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def test_it_acts_and_its_weights_are_loaded(model: Patcher, tmp_path: Path) -> None:
    motion, pushed = tiny_motion(tmp_path), push(0.5)
    both = animated(model, motion.accompanied(pushed))
    assert [each.model for each in both.get_additional_models_with_key(COMPANIONS)] == [pushed.patcher.model]
    assert not torch.equal(sample(both), sample(animated(model, motion)))
    assert ("middle", 0) in pushed.seen
    assert torch.equal(sample(animated(model, motion.accompanied(push(0.0)))), sample(animated(model, motion)))


def test_it_acts_in_its_part_of_the_sampling(model: Patcher, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    late = push(0.5, Acts(start_percent=0.3, end_percent=0.5))
    assert torch.equal(sample(animated(model, motion.accompanied(late))), sample(animated(model, motion)))
    assert late.seen == []


def test_it_is_asked_about_motion_modules_and_clips(model: Patcher, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="push is for SD1.5"):
        tiny_motion(tmp_path, "v3", (32, 64, 128)).accompanied(push(0.5))
    with pytest.raises(ValueError, match="13 frames are too many to push"):
        sample(animated(model, tiny_motion(tmp_path).accompanied(push(0.5))), frames=13)


def test_it_is_described_and_there_is_one_of_each_role(tmp_path: Path) -> None:
    first, second = push(0.5), push(0.6)
    motion = tiny_motion(tmp_path).accompanied(first).accompanied(second)
    assert motion.companions == (second,)
    assert "push:" in describe(motion.model, motion.file, motion.given)
