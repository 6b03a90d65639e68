"""Control Over Time and context windows with every kind of control: hint and strength belong to each frame."""

from collections.abc import Callable
from typing import Any

import comfy.cldm.cldm
import comfy.model_management
import comfy.ops
import pytest
import torch
from comfy.controlnet import ControlBase, ControlLora, ControlNet, load_t2i_adapter
from comfy.t2i_adapter.adapter import Adapter
from kinema.motion.values import Acts
from kinema.nodes.host.control.timed import ControlStrength
from kinema.nodes.inputs import as_value
from torch import Tensor

from tests.harness.seeded.layouts import tensor
from tests.papers.error import relative_error

from ..models import CHANNELS, UNET, Patcher, tiny_model, tiny_sdxl
from ..windows.test_sliding import slid
from .test_timed import first

FRAMES = 12
Make = Callable[[int], ControlBase]


def network(unet: dict[str, Any], **more: Any) -> Any:
    """A ControlNet for a small UNet, with seeded weights."""
    config = {key: list(value) if isinstance(value, list) else value for key, value in unet.items()} | more
    for name in ("out_channels", "transformer_depth_output", "image_model", "dtype", "disable_unet_model_creation"):
        config.pop(name, None)
    found = comfy.cldm.cldm.ControlNet(
        **config, hint_channels=3, dtype=torch.float32, operations=comfy.ops.disable_weight_init
    )
    if "union_controlnet_num_control_type" in more:
        width, kinds = CHANNELS[0], more["union_controlnet_num_control_type"]
        # the host knows this part in the width of the published file only
        found.task_embedding = torch.nn.Parameter(torch.empty(kinds, width))
        found.transformer_layes = torch.nn.Sequential(
            comfy.cldm.cldm.ResBlockUnionControlnet(width, 8, operations=comfy.ops.disable_weight_init)
        )
        found.spatial_ch_projs = torch.nn.Linear(width, width)
    for name, parameter in found.named_parameters():
        parameter.data = tensor(f"control.{name}", parameter.shape)
    return found.eval().requires_grad_(False)


def hinted(control: ControlBase, frames: int) -> ControlBase:
    """As Apply ControlNet puts it on a conditioning."""
    control.set_cond_hint(torch.rand(frames, 3, 64, 64, generator=torch.Generator().manual_seed(3)), 1.0)
    return control


def of_network(found: Any, frames: int, **extra: Any) -> ControlBase:
    control = ControlNet(found, load_device=comfy.model_management.get_torch_device())
    for name, value in extra.items():
        control.set_extra_arg(name, value)
    return hinted(control, frames)


def lora_weights() -> dict[str, Tensor]:
    """A ControlLoRA: what a ControlNet has of its own, and low-rank changes of two of the UNet's layers."""
    own = ("input_hint_block.", "zero_convs.", "middle_block_out.")
    weights = {name: value for name, value in network(UNET).state_dict().items() if name.startswith(own)}
    for layer in ("attn1.to_q", "attn2.to_k"):
        name = f"input_blocks.1.1.transformer_blocks.0.{layer}"
        into = 768 if layer == "attn2.to_k" else CHANNELS[0]
        weights |= {f"{name}.up": tensor("up", (CHANNELS[0], 4)), f"{name}.down": tensor("down", (4, into))}
    return weights


def adapter_weights() -> dict[str, Tensor]:
    """A T2I-Adapter for the small UNet."""
    made = Adapter(list(CHANNELS), nums_rb=2, cin=192, ksize=1, sk=True, use_conv=False, xl=False)
    return {name: tensor(f"t2i.{name}", value.shape) for name, value in made.state_dict().items()}


@pytest.fixture(scope="module", params=["T2I-Adapter", "ControlLoRA", "ControlNet++ union", "SDXL ControlNet"])
def kind(request: pytest.FixtureRequest) -> tuple[Patcher, Make]:
    """A model and what makes a control with hints for so many frames."""
    if request.param == "T2I-Adapter":
        weights = adapter_weights()
        return tiny_model(), lambda frames: hinted(load_t2i_adapter(dict(weights)), frames)
    if request.param == "ControlLoRA":
        weights = lora_weights()
        return tiny_model(), lambda frames: hinted(ControlLora(dict(weights)), frames)
    if request.param == "ControlNet++ union":
        union = network(UNET, union_controlnet_num_control_type=6)
        return tiny_model(), lambda frames: of_network(union, frames, control_type=[2])
    model = tiny_sdxl()
    large = network(model.model.model_config.unet_config)
    return model, lambda frames: of_network(large, frames)


def predicted(model: Patcher, control: ControlBase | None, how: ControlStrength | None = None) -> Tensor:
    return first(model, control, how, frames=FRAMES, **conditioned(model))[0]


def conditioned(model: Patcher) -> dict[str, Any]:
    return {"width": 2048, "pooled": 1280} if type(model.model).__name__ == "SDXL" else {}


def test_strength_of_each_frame(kind: tuple[Patcher, Make]) -> None:
    model, make = kind
    plain, full = predicted(model, None), predicted(model, make(FRAMES))
    found = predicted(model, make(FRAMES), ControlStrength(Acts(as_value("s", [n % 2 for n in range(FRAMES)]))))
    assert relative_error(full, plain) > 1e-4
    assert relative_error(found[0::2], plain[0::2]) < 1e-5
    assert relative_error(found[1::2], full[1::2]) < 1e-5


def test_windows_have_their_own_hints(kind: tuple[Patcher, Make]) -> None:
    """Without a motion module frames know nothing of one another, so windows change nothing."""
    model, make = kind
    how = ControlStrength(Acts(as_value("s", [0.2 + 0.1 * (n % 3) for n in range(FRAMES)])))
    assert relative_error(predicted(slid(model), make(FRAMES), how), predicted(model, make(FRAMES), how)) < 1e-5
    assert relative_error(predicted(slid(model), make(FRAMES)), predicted(model, make(FRAMES))) < 1e-5
