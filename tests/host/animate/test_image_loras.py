"""The LoRAs that belong to motion modules load on the image model with ComfyUI's own loader, all of them."""

import logging
from collections.abc import Callable

import comfy.sd
import pytest
from torch import Tensor

from tests.harness.seeded.layouts_lora import domain_adapter, image_lora
from tests.papers.error import relative_error

from ..models import CHANNELS, sample, tiny_model


@pytest.mark.parametrize(("make", "layers"), [(domain_adapter, 128), (image_lora, 278)], ids=["adapter", "lcm"])
def test_every_layer_is_applied(
    make: Callable[..., dict[str, Tensor]], layers: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_model()
    with caplog.at_level(logging.WARNING):
        changed, _ = comfy.sd.load_lora_for_models(model, None, make(CHANNELS, rank=4), 0.8, 0.0)
    assert caplog.records == []
    assert len(changed.patches) == layers
    plain = sample(model)
    assert relative_error(sample(changed), plain) > 0.01
