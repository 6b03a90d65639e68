"""What *Distribute Windows* was set to, and how the ComfyUI of this process was started."""

import os
import sys
from dataclasses import dataclass

import comfyui_version
import torch

from ....motion.workers import Comfy


@dataclass(frozen=True)
class Settings:
    """What *Distribute Windows* was set to."""

    address: str = ""
    """Of a Ray cluster; empty starts one on this machine."""
    workers: int = 2
    """0 takes one for each GPU of the cluster, or one for each machine."""
    precision: str = "fp32"
    timeout: float = 300.0
    """Seconds that a worker may take for one call."""
    work_here: bool = True
    """Whether this ComfyUI predicts windows, too."""


def this_comfyui() -> Comfy:
    """For workers of this machine."""
    folder = os.path.dirname(os.path.abspath(str(comfyui_version.__file__)))
    return Comfy(folder, sys.argv[1:], os.getcwd(), torch.get_num_threads())
