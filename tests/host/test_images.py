"""Pictures of any kind, as ComfyUI hands them over with --fp16-intermediates too."""

import pytest
import torch
from kinema.nodes.host.images import in_colours, is_finite
from kinema.nodes.inputs import as_mask


def test_half_precision_does_not_look_infinite() -> None:
    """A white picture of 512 x 512 adds up to more than the largest number of half precision."""
    white = torch.ones(2, 512, 512, 3, dtype=torch.float16)
    assert not white.sum().isfinite()
    assert is_finite(white)
    assert as_mask("mask", white[..., 0]).frames.shape == (2, 512, 512)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_single_wrong_number_is_found(wrong: float, dtype: torch.dtype) -> None:
    values = torch.rand(1, 64, 64, 3).to(dtype)
    values[0, 5, 6, 1] = wrong
    assert not is_finite(values)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_number_of_channels_becomes_three(channels: int) -> None:
    assert in_colours(torch.rand(2, 8, 8, channels)).shape == (2, 8, 8, 3)
