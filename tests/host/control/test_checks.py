"""ControlNets and pictures that do not fit a clip."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy.controlnet import ControlLora
from kinema.nodes.host.control.checks import ControlError, check_controls, controls_of
from kinema.nodes.host.control.timed import ControlStrength, TimedControl

from ..models import UNET, Patcher, animated, conds, sample, tiny_model, tiny_motion, tiny_sdxl
from ..windows.test_sliding import slid
from .test_kinds import hinted, lora_weights, network
from .test_kinds import of_network as control_of
from .test_timed import control_net

CLIP = (8, 4, 8, 8)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def net() -> Any:
    return network(UNET)


def said(control: Any, model: Patcher, clip: tuple[int, ...] = CLIP, in_windows: bool = False) -> list[str]:
    found = controls_of({"positive": [{"control": control}], "negative": [{"control": control}, {}]})
    return check_controls(found, model.model.diffusion_model, clip, clip[0], in_windows)


def test_pictures_that_fit_need_no_words(model: Patcher, net: Any) -> None:
    for frames in (1, 8):
        assert said(control_net(net, frames=frames), model) == []


def test_counts_and_sizes(model: Patcher, net: Any) -> None:
    (text,) = said(control_net(net, frames=20), model)
    assert text == "The ControlNet has 20 pictures, but the clip has 8 frames: the first 8 are used."
    (text,) = said(control_net(net, frames=3), model)
    assert text.endswith("they are used over and over.")
    (text,) = said(control_net(net, frames=3), model, in_windows=True)
    assert text.endswith("the last one is used for the rest.")
    (text,) = said(control_net(net), model, (8, 4, 8, 16))
    assert text == "The pictures of the ControlNet have 64 x 64 pixels, the clip 128 x 64: their edges are cut off."


def test_short_hints_do_what_is_said(model: Patcher, net: Any) -> None:
    """In windows the last picture stays; without, the host begins again."""

    def last_frame(patcher: Patcher, control: Any) -> torch.Tensor:
        positive, negative = ([[cond, options | {"control": control}] for cond, options in each] for each in conds())
        return sample(patcher, 10, 1, positive=positive, negative=negative)[9]

    whole = control_net(net, frames=10)
    short, held, again = control_net(net), control_net(net, frames=10), control_net(net, frames=10)
    short.cond_hint_original = whole.cond_hint_original[:3]
    held.cond_hint_original = whole.cond_hint_original[[0, 1, 2, 2, 2, 2, 2, 2, 2, 2]]
    again.cond_hint_original = whole.cond_hint_original[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]]
    assert torch.allclose(last_frame(slid(model), short), last_frame(slid(model), held), atol=1e-4)
    assert torch.allclose(last_frame(model, short), last_frame(model, again), atol=1e-4)


def test_inner_and_stacked_controls_are_seen(model: Patcher, net: Any) -> None:
    below, above = control_net(net, frames=20), control_net(net, frames=30)
    above.set_previous_controlnet(below)
    texts = said(TimedControl(above, ControlStrength()), model)
    assert [text.split()[3] for text in texts] == ["30", "20"], "the latest first"


def test_another_image_model_is_answered_before_sampling(model: Patcher, net: Any, tmp_path: Path) -> None:
    large = control_of(network(tiny_sdxl().model.model_config.unet_config), 8)
    with pytest.raises(ControlError, match="ControlNet is made for SDXL, but the checkpoint is SD1.5"):
        said(large, model)
    positive, negative = ([[cond, {"control": large}] for cond, _ in each] for each in conds())
    with pytest.raises(ControlError, match="made for SDXL"):
        sample(animated(model, tiny_motion(tmp_path)), positive=positive, negative=negative)
    weights = lora_weights()
    assert said(hinted(ControlLora(weights), 8), model) == []
    with pytest.raises(ControlError, match=r"made for SD1\.5"):
        said(hinted(ControlLora(weights), 8), tiny_sdxl())


def test_channels(model: Patcher, net: Any) -> None:
    see_through = control_net(net)
    see_through.cond_hint_original = torch.rand(8, 4, 64, 64)
    with pytest.raises(ControlError, match="have 4 channels, but it reads 3. If they are transparent"):
        said(see_through, model)
    with pytest.raises(ControlError, match="This SparseCtrl was loaded with Load ControlNet Model"):
        said(sparse_like(net), model)


def sparse_like(net: Any) -> Any:
    """What the host makes of a scribble SparseCtrl file: a ControlNet whose pictures have four channels."""
    odd = copy.deepcopy(net)
    odd.input_hint_block[0].weight = torch.nn.Parameter(torch.zeros(16, 4, 3, 3))
    return control_of(odd, 8)
