"""Motion Values: numbers, curves, masks and keyframes as one product."""

import pytest
import torch
from kinema.motion.values import ONE, Keyframe, Keyframes, Mask, MotionValue, active_keyframes, at, listed, parse_curve
from kinema.motion.values.curves import Curve


def curve(text: str) -> tuple[Curve, ...]:
    found = parse_curve(text)
    assert found is not None
    return (found,)


def grey(value: float, frames: int = 1, low: float = 0.0, high: float = 1.0) -> tuple[Mask, ...]:
    return (Mask(torch.full((frames, 2, 2), value), low, high),)


def test_a_number_stays_a_number() -> None:
    assert MotionValue(0.7).over(range(16), (4, 4)) == 0.7


def test_curve_times_number_at_the_frames_asked_for() -> None:
    strength = MotionValue(2.0, curve("0: 0, 10: 1")).over([4, 10, 30], (4, 4))
    assert isinstance(strength, torch.Tensor)
    assert torch.allclose(strength, torch.tensor([[0.8], [2.0], [2.0]]))


def test_masks_are_resized_and_the_last_one_repeats() -> None:
    masks = torch.stack([torch.full((8, 8), value) for value in (0.25, 0.5)])
    kept: dict[object, torch.Tensor] = {}
    value = MotionValue(2.0, masks=(Mask(masks),))
    strength = value.over(range(4), (4, 6), resized=kept)
    assert isinstance(strength, torch.Tensor)
    assert strength.shape == (4, 24)
    assert torch.allclose(strength[:, 0], torch.tensor([0.5, 1.0, 1.0, 1.0]))
    assert len(kept) == 1
    again = value.over([1, 0], (4, 6), resized=kept)
    assert isinstance(again, torch.Tensor)
    assert torch.allclose(again[:, 5], torch.tensor([1.0, 0.5]))
    assert len(kept) == 1
    assert at(strength, slice(3, 7)).shape == (4, 4)


def test_one_mask_serves_every_frame() -> None:
    strength = MotionValue(masks=grey(0.5)).over(range(100), (2, 2))
    assert isinstance(strength, torch.Tensor)
    assert strength.shape == (1, 4)


def test_masks_between_two_values() -> None:
    strength = MotionValue(masks=grey(0.25, low=1.0, high=3.0)).over([0], (2, 2))
    assert torch.allclose(torch.as_tensor(strength), torch.tensor(1.5))


def test_stretched_masks_reach_both_values() -> None:
    ramp = torch.linspace(0.4, 0.6, 12).reshape(1, 3, 4)
    strength = MotionValue(masks=(Mask(ramp, 0.5, 2.0).stretched(),)).over([0], (3, 4))
    assert torch.allclose(torch.as_tensor(strength), torch.linspace(0.5, 2.0, 12), atol=1e-5)
    flat = Mask(torch.full((1, 2, 2), 0.3))
    assert flat.stretched() is flat


def test_products() -> None:
    product = MotionValue(2.0, curve("0: 1, 1: 3")) * MotionValue(0.5, masks=grey(0.5))
    strength = product.over([0, 1], (2, 2))
    assert torch.allclose(torch.as_tensor(strength), torch.tensor([[0.5] * 4, [1.5] * 4]))


@pytest.mark.parametrize(
    ("value", "zero"),
    [
        (MotionValue(0.0), True),
        (MotionValue(1.0, curve("0: 0, 9: 0")), True),
        (MotionValue(1.0, curve("0: 0, 9: 1")), False),
        (MotionValue(masks=grey(0.0)), True),
        (MotionValue(masks=grey(0.0, low=0.1)), False),
        (MotionValue(masks=grey(1.0, high=0.0)), True),
        (MotionValue(-1.0), False),
    ],
)
def test_is_zero(value: MotionValue, zero: bool) -> None:
    assert value.is_zero is zero


def test_too_short_for() -> None:
    inner = MotionValue(masks=grey(1.0, frames=3))
    value = MotionValue(curves=(listed([1, 2, 3, 4]),), keyframes=(Keyframes(()).plus(Keyframe(0.0, inner)),))
    assert value.too_short_for(3) == []
    assert value.too_short_for(4) == ["a mask of 3 frames"]
    assert value.too_short_for(16) == ["a list of 4 values", "a mask of 3 frames"]
    assert MotionValue(curves=curve("0: 1, 2: 3"), masks=grey(1.0)).too_short_for(16) == []


def test_missing_keyframe_values() -> None:
    keyframes = Keyframes(())
    for key in (
        Keyframe(0.5, None),
        Keyframe(0.2, MotionValue(0.7)),
        Keyframe(0.9, None, inherit_missing=False),
        Keyframe(0.0, None),
        Keyframe(0.2, MotionValue(0.8)),
    ):
        keyframes = keyframes.plus(key)
    assert [value.number for value in keyframes.values()] == [1.0, 0.7, 0.8, 0.8, 1.0]


def test_keyframes_multiply_the_value_and_do_nothing_before_the_first() -> None:
    value = MotionValue(2.0, keyframes=(Keyframes(()).plus(Keyframe(0.3, MotionValue(0.25))),))
    assert value.during(lambda _: -1).number == 2.0
    assert value.during(lambda _: 0).number == 0.5
    assert value.during(lambda _: 0).keyframes == ()
    assert ONE.during(lambda _: 0).number == 1.0


class Engine:
    """Keyframes walked through step by step with a memory, as other packs and the host's hooks do it."""

    def __init__(self, starts: list[float], guarantees: list[int], first: float) -> None:
        self.starts, self.first = starts, first
        self.owed = [0 if start > first else steps for start, steps in zip(starts, guarantees, strict=True)]
        self.index, self.used = -1, 0

    def step(self, sigma: float) -> int:
        if self.index < 0 or self.used >= self.owed[self.index]:
            for later in range(self.index + 1, len(self.starts)):
                if not self.starts[later] >= sigma:
                    break
                self.index, self.used = later, 0
                if self.owed[later] > 0:
                    break
        self.used += 1
        return self.index


def test_active_keyframes_follow_the_engine() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        count, steps = (int(torch.randint(1, 9, (), generator=generator)) for _ in range(2))
        starts = sorted((10 * torch.rand(count, generator=generator)).tolist(), reverse=True)
        guarantees = torch.randint(0, 4, (count,), generator=generator).tolist()
        sigmas = sorted((10 * torch.rand(steps, generator=generator)).tolist(), reverse=True)
        engine = Engine(starts, guarantees, sigmas[0])
        assert active_keyframes(starts, guarantees, sigmas) == [engine.step(sigma) for sigma in sigmas]


def test_a_guarantee_holds_the_next_keyframe_back() -> None:
    sigmas = [8.0, 7.0, 6.0, 5.0, 4.0]
    assert active_keyframes([7.0, 6.0], [3, 1], sigmas) == [-1, 0, 0, 0, 1]
    assert active_keyframes([7.0, 6.0], [1, 1], sigmas) == [-1, 0, 1, 1, 1]
    assert active_keyframes([9.0, 7.5], [3, 1], sigmas) == [0, 1, 1, 1, 1]
