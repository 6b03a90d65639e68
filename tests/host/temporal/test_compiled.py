"""Models that ComfyUI's TorchCompileModel compiles: one graph with the temporal layers in it, and the same numbers."""

from pathlib import Path
from typing import Any

import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy_extras.nodes_torch_compile import TorchCompileModel
from torch._dynamo.utils import counters

from ..models import animated, sample, tiny_model, tiny_motion
from ..windows.test_sliding import slid

FRAMES = 14


def fused(_: Any, *given: Any, **more: Any) -> torch.Tensor:
    """The attention of accelerators, which has no break of its own in the graph as that of processors has."""
    return attention_pytorch(*given, **more)


def test_windows_and_curves_are_in_one_graph(tmp_path: Path) -> None:
    """Whatever was asked for in the graph that differs between windows would have it compiled anew for each."""
    # whose norms are pooled, also that of the output layer
    motion = tiny_motion(tmp_path, "v1")
    patched = slid(animated(tiny_model(), motion, scale=[0.1 * n for n in range(FRAMES)]))
    patched.model_options["transformer_options"]["optimized_attention_override"] = fused
    with torch.inference_mode():
        # the eager backend changes no number
        compiled = TorchCompileModel.execute(patched, "eager").result[0]
    torch._dynamo.reset()
    counters.clear()
    found = sample(compiled, frames=FRAMES)
    assert dict(counters["graph_break"]) == {}
    assert counters["stats"]["unique_graphs"] == 1
    assert torch.equal(found, sample(patched, frames=FRAMES))
    torch._dynamo.reset()
