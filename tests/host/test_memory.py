"""What fits into which memory."""

import torch
from kinema.nodes.host.memory import LARGEST_ON_DEVICE, resting_place


def test_what_a_long_clip_looks_up_waits_in_main_memory() -> None:
    """Features of a camera, maps of a guide."""
    device = torch.device("meta")
    place = [resting_place(size, device) for size in (0, LARGEST_ON_DEVICE, LARGEST_ON_DEVICE + 1)]
    assert [found.type for found in place] == ["meta", "meta", "cpu"]
