"""Motion scale and effect strength over frames, picture and sampling inside the host, and several models at once."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.temporal import Mixing, PositionAdjustment, TemporalTransformer
from kinema.motion.temporal.positions import PositionError
from kinema.motion.values import Keyframe, Keyframes, Mask, MotionValue, listed, parse_curve
from kinema.nodes.host.animate import checks
from kinema.nodes.host.sampling import schedule
from kinema.nodes.host.sampling.timing import Timing
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.inputs import as_value

from tests.harness.seeded.layouts import motion_module
from tests.papers.error import relative_error

from ..models import CHANNELS, Patcher, animated, sample, tiny_model, tiny_motion


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def predictions(patcher: Patcher, **options: Any) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    sample(patcher, callback=lambda _step, x0, *_: seen.append(x0.clone()), **options)
    return seen


def keyed(*keys: Keyframe) -> MotionValue:
    keyframes = Keyframes(())
    for key in keys:
        keyframes = keyframes.plus(key)
    return MotionValue(keyframes=(keyframes,))


@pytest.mark.parametrize("name", ["scale", "effect"])
@pytest.mark.parametrize(
    "value",
    [[0.6] * 8, torch.full((1, 8, 8), 0.6), torch.full((8, 3, 5), 0.6), MotionValue(0.6, (listed([1.0] * 8),))],
    ids=["list", "mask", "masks", "value"],
)
def test_values_of_one_number_are_that_number(model, tmp_path: Path, name: str, value: Any) -> None:
    motion = tiny_motion(tmp_path)
    number: dict[str, Any] = {name: 0.6}
    wanted = predictions(animated(model, motion, **number))[0]
    assert relative_error(predictions(animated(model, motion, **number | {name: value}))[0], wanted) < 1e-5
    assert relative_error(predictions(animated(model, motion))[0], wanted) > 1e-3


def plain_attention(layer: TemporalTransformer, tokens: torch.Tensor, scale: torch.Tensor, n: int) -> torch.Tensor:
    """Attention over frames written out: softmax(q (s k)^T / sqrt(d)) v, for (pixels, frames, channels)."""
    attention = layer.attentions[n]
    normed = attention.norm(tokens) + attention.positions.table[: tokens.shape[1]]
    query, key, value = (
        part.unflatten(-1, (8, -1)).transpose(1, 2) for part in attention.to_qkv(normed).chunk(3, dim=-1)
    )
    key = key * scale.t()[:, None, :, None]
    weights = (query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5).softmax(-1)
    return attention.to_out((weights @ value).transpose(1, 2).flatten(2))


def test_scale_and_effect_of_each_frame_and_place(tmp_path: Path) -> None:
    """X + e * (module(x) - x), keys multiplied by s: features of the incumbent, written out independently."""
    layer = tiny_motion(tmp_path).model.double().at(("input", 1))
    assert layer is not None
    x = torch.randn(8, 32, 4, 6, dtype=torch.float64)
    scale, effect = (torch.rand(8, 24, dtype=torch.float64) * 2 for _ in range(2))
    tokens = layer.norm(x).flatten(2).permute(2, 0, 1)
    tokens = layer.proj_in(tokens)
    for n in (0, 1):
        tokens = tokens + plain_attention(layer, tokens, scale, n)
    value, gate = layer.ff_in(layer.ff_norm(tokens)).chunk(2, dim=-1)
    tokens = layer.proj_out(tokens + layer.ff_out(value * torch.nn.functional.gelu(gate)))
    change = tokens.permute(1, 2, 0).unflatten(2, (4, 6))
    wanted = x + effect.unflatten(1, (4, 6))[:, None] * change
    assert relative_error(layer(x, Mixing(8, scale, effect)), wanted) < 1e-12


def test_frames_with_no_effect_are_those_of_the_plain_layer(tmp_path: Path) -> None:
    layer = tiny_motion(tmp_path).model.at(("input", 1))
    assert layer is not None
    x = torch.randn(8, 32, 4, 4)
    effect = as_value("effect", [0, 1, 0, 1, 1, 1, 1, 1]).over(range(8), (4, 4))
    found = layer(x, Mixing(8, effect=effect))
    assert torch.equal(found[[0, 2]], x[[0, 2]])
    assert relative_error(found[1], layer(x, Mixing(8))[1]) < 1e-6


def test_keyframes_over_the_sampling(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    full, plain = predictions(animated(model, motion, "use existing"), steps=4), predictions(model, steps=4)
    off = keyed(Keyframe(0.5, MotionValue(0.0)))
    early = predictions(animated(model, motion, "use existing", effect=off), steps=4)
    assert torch.equal(early[0], full[0])
    assert torch.equal(early[1], full[1])
    assert not torch.equal(early[-1], full[-1])
    late = keyed(Keyframe(0.0, MotionValue(0.0)), Keyframe(0.5, MotionValue(1.0)))
    found = predictions(animated(model, motion, "use existing", effect=late), steps=4)
    assert torch.equal(found[0], plain[0])
    assert not torch.equal(found[-1], plain[-1])
    # a keyframe multiplies what the node says
    half = predictions(animated(model, motion, "use existing", effect=0.5), steps=1)[0]
    both = MotionValue(0.625) * keyed(Keyframe(0.0, MotionValue(0.8)))
    assert torch.equal(predictions(animated(model, motion, "use existing", effect=both), steps=1)[0], half)


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_sde", "dpm_2", "dpmpp_2m"])
def test_each_step_has_its_keyframe_whatever_the_sampler(
    model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str
) -> None:
    """Samplers that look twice in a step, also between two noise levels, stay with the keyframe of that step."""
    seen: list[tuple[float, float]] = []
    begun: list[list[float]] = []
    value, begin = Timing.value, Timing.__init__
    monkeypatch.setattr(
        Timing, "__init__", lambda self, of, sigmas: (begin(self, of, list(sigmas)), begun.append(list(sigmas)))[0]
    )

    def spy(self: Timing, of: MotionValue, sigma: float) -> MotionValue:
        found = value(self, of, sigma)
        seen.append((sigma, found.number))
        return found

    monkeypatch.setattr(Timing, "value", spy)
    numbers = [MotionValue(0.1 * n) for n in range(1, 6)]
    keys = (Keyframe(0.0, numbers[0]), Keyframe(0.3, numbers[1], 2), Keyframe(0.35, numbers[2]))
    effect = keyed(*keys)
    patched = animated(model, tiny_motion(tmp_path), "use existing", effect=effect)
    sample(patched, steps=10, sampler=sampler)
    sigmas = torch.tensor([sigma for sigma, _ in seen]).double()
    model_sampling = patched.get_model_object("model_sampling")
    # some samplers are given one step more and leave one out
    steps = torch.tensor(begun[0]).double()
    starts = [model_sampling.percent_to_sigma(key.start_percent) for key in keys]
    first = next(step for step, sigma in enumerate(steps) if sigma <= starts[1])
    for sigma, number in zip(sigmas, [number for _, number in seen], strict=True):
        step = int((steps >= sigma * (1 - 1e-5)).sum()) - 1
        wanted = 0.1 if step < first else 0.2 if step < first + 2 else 0.3
        assert number == pytest.approx(wanted), (sampler, float(sigma))


def test_lists_and_masks_that_are_too_short_are_told_once(model, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.WARNING)
    patched = animated(model, tiny_motion(tmp_path), effect=[1.0, 0.5], scale=torch.ones(3, 2, 2))
    assert bool(sample(patched, steps=3).isfinite().all())
    assert caplog.text.count("effect_strength has a list of 2 values, but the clip has 8 frames") == 1
    assert caplog.text.count("motion_scale has a mask of 3 frames") == 1


def test_values_count_the_whole_clip_in_context_windows(model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from comfy_extras.nodes_context_windows import ContextWindowsManualNode

    found = parse_curve("0: 0, 39: 3.9")
    assert found is not None
    patched = animated(model, tiny_motion(tmp_path), effect=MotionValue(curves=(found,)))
    windowed = ContextWindowsManualNode.execute(
        patched, 16, 4, "standard_static", 1, False, "pyramid", 0, False, None, False, False
    ).result[0]
    seen: list[tuple[list[int], torch.Tensor]] = []
    over = MotionValue.over

    def spy(self: MotionValue, frames: Any, *rest: Any) -> Any:
        result = over(self, frames, *rest)
        if isinstance(result, torch.Tensor):
            seen.append((list(frames), result))
        return result

    monkeypatch.setattr(MotionValue, "over", spy)
    sample(windowed, frames=40, steps=1)
    assert {frame for frames, _ in seen for frame in frames} == set(range(40))
    assert all(torch.allclose(value[:, 0], torch.tensor(frames) / 10) for frames, value in seen)


def test_two_models_blended(model, tmp_path: Path) -> None:
    """The newer one first, each by its own effect: x + e2 d2(x), then of that + e1 d1."""
    first, second = tiny_motion(tmp_path, "v2", seed=1), tiny_motion(tmp_path, "v3", seed=2)
    block = ("input", 1)
    both = animated(animated(model, first, "use existing", effect=0.25), second, "use existing", effect=0.5)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    layers = [loaded.model.at(block) for loaded in (first, second)]
    assert layers[0] is not None
    assert layers[1] is not None
    order: list[int] = []
    for n, layer in enumerate(layers):
        layer.register_forward_hook(  # type: ignore[union-attr]
            lambda _, inputs, output, n=n: (order.append(n), seen.append((inputs[0].clone(), output.clone())))[0]
        )
    sample(both, steps=1, cfg=1.0)
    assert order[:2] == [1, 0]
    (x, middle), (again, _) = seen[:2]
    assert torch.equal(middle, again)
    assert relative_error(middle, x + 0.5 * (layers[1](x, Mixing(8)) - x)) < 1e-5


def test_the_first_of_a_chain_decides_the_schedule(model, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO)
    first, second = tiny_motion(tmp_path, "v2"), tiny_motion(tmp_path, "v3")
    known = animated(model, first, "cosine")
    both = animated(known, second, "auto")
    assert both.get_model_object("model_sampling") is known.get_model_object("model_sampling")
    assert "the beta schedule stays as" in caplog.text
    schedule.set_beta_schedule(known, "sqrt")
    changed = animated(animated(model, first), second, "sqrt").get_model_object("model_sampling")
    assert torch.equal(changed.sigmas, known.get_model_object("model_sampling").sigmas)


def test_adjusted_positions(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    stretched = motion.adjusted(PositionAdjustment(cap=16, interpolate_to=40))
    assert stretched.max_frames == 40
    assert motion.max_frames == 32
    assert sample(animated(model, stretched), frames=40, steps=1).shape[0] == 40
    with pytest.raises(checks.ClipError, match="at most 32 frames"):
        sample(animated(model, motion), frames=40, steps=1)
    with pytest.raises(PositionError, match="Lower it"):
        motion.adjusted(PositionAdjustment(cap=33))
    # equal to a file whose tables were resized by hand, and the loaded module is left alone
    from safetensors.torch import save_file

    state = motion_module(CHANNELS, mid=True, positions=32)
    for key, table in state.items():
        if key.endswith("pos_encoder.pe"):
            state[key] = torch.nn.functional.interpolate(
                table[:, None, :16], (24, table.shape[-1]), mode="bilinear", align_corners=False
            )[:, 0].contiguous()
    save_file(state, tmp_path / "resized.safetensors")
    wanted = predictions(animated(model, loader.load_motion(str(tmp_path / "resized.safetensors"))), frames=24)
    found = predictions(
        animated(model, motion.adjusted(PositionAdjustment(cap=16)).adjusted(PositionAdjustment(interpolate_to=24))),
        frames=24,
    )
    plain = predictions(animated(model, motion), frames=24)
    assert relative_error(found[0], wanted[0]) < 1e-5
    assert relative_error(plain[0], wanted[0]) > 1e-4
    assert torch.equal(predictions(animated(model, motion), frames=24)[0], plain[0])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "strength is nan; it must lie between -10 and 10"),
        (1e9, "must lie between"),
        ([], "has no values"),
        ([1.0, float("inf")], "value 1 of the list is inf"),
        (torch.zeros(0, 4, 4), "the mask is empty"),
        (torch.full((1, 2, 2), float("nan")), "holds NaN"),
        ("much", "is no number"),
    ],
)
def test_answers(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        as_value("strength", value)


def test_masks_of_the_host_come_in_both_shapes() -> None:
    flat, clip = as_value("x", torch.ones(3, 4)), as_value("x", torch.ones(2, 3, 4))
    assert [value.masks[0].frames.shape[0] for value in (flat, clip)] == [1, 2]
    assert isinstance(flat.masks[0], Mask)
