"""Control Over Time: a real ControlNet of the host, weighted by frames, places, steps and layers."""

import gc
from pathlib import Path
from typing import Any

import comfy.cldm.cldm
import comfy.model_management
import comfy.ops
import pytest
import torch
from comfy.controlnet import ControlBase, ControlNet
from kinema.motion.control import ProfileError, custom_weights, parse_weights, soft_weights
from kinema.motion.values import Acts, Keyframe, Keyframes, MotionValue
from kinema.nodes.host.control.timed import ControlStrength, TimedControl, time_controls
from kinema.nodes.inputs import as_value

from tests.harness.seeded.layouts import tensor
from tests.papers.error import relative_error

from ..models import UNET, Patcher, animated, conds, sample, tiny_model, tiny_motion
from ..windows.test_sliding import slid


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def network() -> Any:
    """A ControlNet of 32 channels."""
    config = {key: list(value) if isinstance(value, list) else value for key, value in UNET.items()}
    for name in ("out_channels", "transformer_depth_output"):
        config.pop(name)
    found = comfy.cldm.cldm.ControlNet(
        **config, hint_channels=3, dtype=torch.float32, operations=comfy.ops.disable_weight_init
    )
    for name, parameter in found.named_parameters():
        parameter.data = tensor(f"control.{name}", parameter.shape)
    return found.eval().requires_grad_(False)


def control_net(network: Any, strength: float = 1.0, frames: int = 8, seed: int = 3) -> ControlNet:
    """The network as Apply ControlNet puts it on a conditioning."""
    control = ControlNet(network, load_device=comfy.model_management.get_torch_device())
    hint = torch.rand(frames, 3, 64, 64, generator=torch.Generator().manual_seed(seed))
    control.set_cond_hint(hint, strength)
    return control


def first(model: Patcher, control: ControlBase | None, how: ControlStrength | None = None, **options: Any) -> Any:
    """The first prediction with a control on both conditionings."""
    conditionings = conds(**{key: options.pop(key) for key in ("width", "pooled") if key in options})
    if control is not None:
        conditionings = tuple([[cond, more | {"control": control}] for cond, more in each] for each in conditionings)
    if how is not None:
        conditionings = time_controls(conditionings, how)
    seen: list[torch.Tensor] = []
    sample(
        model,
        **{"steps": 1, "callback": lambda _step, x0, *_: seen.append(x0.clone())} | options,
        positive=conditionings[0],
        negative=conditionings[1],
    )
    return seen


def test_the_number_is_that_of_the_host(model, network) -> None:
    wanted = first(model, control_net(network, 0.6))[0]
    for value in (0.6, [0.6] * 8, torch.full((1, 4, 4), 0.6)):
        how = ControlStrength(Acts(as_value("strength", value)))
        assert relative_error(first(model, control_net(network), how)[0], wanted) < 1e-5
    assert relative_error(first(model, control_net(network))[0], wanted) > 1e-3
    assert (
        relative_error(first(model, control_net(network, 0.5), ControlStrength(Acts(MotionValue(1.2))))[0], wanted)
        < 1e-5
    )


def test_each_frame_has_its_own(model, network) -> None:
    """Without a motion module frames know nothing of one another."""
    plain, full = first(model, None)[0], first(model, control_net(network))[0]
    how = ControlStrength(Acts(as_value("strength", [0, 1, 0, 1, 1, 1, 1, 0])))
    found = first(model, control_net(network), how)[0]
    assert relative_error(found[[0, 2, 7]], plain[[0, 2, 7]]) < 1e-5
    assert relative_error(found[[1, 3, 4, 5, 6]], full[[1, 3, 4, 5, 6]]) < 1e-5
    assert relative_error(plain, full) > 1e-3


def test_ranges_and_keyframes(model, network) -> None:
    plain, full = (first(model, control, steps=4) for control in (None, control_net(network)))
    late = first(model, control_net(network), ControlStrength(Acts(start_percent=0.5)), steps=4)
    assert torch.equal(late[0], plain[0])
    assert not torch.equal(late[-1], plain[-1])
    keyframes = Keyframes(()).plus(Keyframe(0.5, MotionValue(0.0)))
    early = first(model, control_net(network), ControlStrength(Acts(MotionValue(keyframes=(keyframes,)))), steps=4)
    assert relative_error(early[0], full[0]) < 1e-6
    assert not torch.equal(early[-1], full[-1])


def test_windows_take_their_own_frames_and_strengths(model, network, tmp_path: Path) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path, zero_output=True), "use existing"))
    strengths = [n % 2 for n in range(20)]
    found = first(patched, control_net(network, frames=20), ControlStrength(Acts(as_value("s", strengths))), frames=20)[
        0
    ]
    plain, full = (first(patched, control, frames=20)[0] for control in (None, control_net(network, frames=20)))
    assert relative_error(found[0::2], plain[0::2]) < 1e-5
    assert relative_error(found[1::2], full[1::2]) < 1e-5


def test_stacked_controls_each_have_theirs(model, network) -> None:
    def stacked(times: tuple[float, float], over: bool) -> torch.Tensor:
        controls = [control_net(network, 1.0 if over else times[n], seed=n) for n in (0, 1)]
        if not over:
            controls[1].set_previous_controlnet(controls[0])
            return first(model, controls[1])[0]
        under = TimedControl(controls[0], ControlStrength(Acts(MotionValue(times[0]))))
        controls[1].set_previous_controlnet(under)
        return first(model, controls[1], ControlStrength(Acts(MotionValue(times[1]))))[0]

    assert relative_error(stacked((0.3, 0.8), over=True), stacked((0.3, 0.8), over=False)) < 1e-5


def test_layer_weights_act_on_their_layer(model, network) -> None:
    full, plain = first(model, control_net(network))[0], first(model, None)[0]
    even = ControlStrength(profile=lambda count: custom_weights(count, [1.0]))
    assert relative_error(first(model, control_net(network), even)[0], full) < 1e-6
    none = ControlStrength(profile=lambda count: [0.0] * count)
    assert relative_error(first(model, control_net(network), none)[0], plain) < 1e-6
    counts: list[int] = []
    soft = ControlStrength(profile=lambda count: (counts.append(count), soft_weights(count))[1])
    assert relative_error(first(model, control_net(network), soft)[0], full) > 1e-3
    assert set(counts) == {13}


def test_the_negative_prompt_may_go_without(model, network) -> None:
    silent = first(model, control_net(network), ControlStrength(uncond=0.0))[0]
    positive, negative = conds()
    control = control_net(network)
    seen: list[torch.Tensor] = []
    sample(
        model, steps=1, callback=lambda _step, x0, *_: seen.append(x0.clone()),
        positive=[[positive[0][0], {"control": control}]], negative=negative,
    )  # fmt: skip
    assert relative_error(silent, seen[0]) < 1e-5


def test_copies_for_windows_are_gone_after_the_run(model, network, tmp_path: Path) -> None:
    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(item), ControlBase) for item in gc.get_objects())

    patched = slid(animated(model, tiny_motion(tmp_path), "use existing"))
    control, how = control_net(network, frames=20), ControlStrength(Acts(MotionValue(0.5)))
    before = alive()
    first(patched, control, how, frames=20)
    assert alive() == before


def test_what_came_in_is_left_alone(model, network) -> None:
    control = control_net(network)
    wanted = first(model, control)[0]
    first(model, control, ControlStrength(Acts(MotionValue(0.2))))
    assert torch.equal(first(model, control)[0], wanted)
    positive, negative = conds()
    given = [[positive[0][0], {"control": control}]]
    changed, untouched = time_controls([given, negative], ControlStrength())
    assert given[0][1]["control"] is control
    assert isinstance(changed[0][1]["control"], TimedControl)
    assert untouched == negative
    with pytest.raises(ValueError, match="There is no ControlNet"):
        time_controls([positive, negative], ControlStrength())


def test_profiles() -> None:
    known = (0.0994, 0.121, 0.146, 0.177, 0.215, 0.26, 0.315, 0.382, 0.463, 0.562, 0.681, 0.825, 1.0)
    assert soft_weights(13) == pytest.approx(known, abs=1e-3)
    assert custom_weights(4, [0.1, 0.5]) == [0.1, 0.5, 0.5, 0.5]
    assert parse_weights("0.1, 2,\n-1") == (0.1, 2.0, -1.0)
    for text in ("much", "1, nan", "1e9"):
        with pytest.raises(ProfileError, match="is no number between"):
            parse_weights(text)
