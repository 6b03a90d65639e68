"""Several "devices" of one processor: clones of a model as ComfyUI's MultiGPU CFG Split makes them."""

from typing import Any

import torch

from .models import Patcher, tiny_model


def again(disable_dynamic: bool = False) -> Patcher:
    """What the host calls to load a small model anew."""
    model = tiny_model()
    model.cached_patcher_init = (again, ())
    return model


def on_devices(model: Patcher, count: int) -> Patcher:
    """The model with clones on so many devices, all of them this processor."""
    model = model.clone()
    clones = []
    for number in range(1, count):
        clone = model.deepclone_multigpu(new_load_device=torch.device("cpu", number))
        clone.is_multigpu_base_clone = True
        clones.append(clone)
    model.set_additional_models("multigpu", clones)
    model.match_multigpu_clones()
    return model


def device_of(options: dict[str, Any]) -> str:
    """Which of them makes a call of the UNet, from its ``transformer_options``."""
    return str(options.get("multigpu_thread_device", "cpu"))
