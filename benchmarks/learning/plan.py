"""How large and how long everything is, and where the files are."""

from dataclasses import dataclass
from pathlib import Path

import comfy.model_management
import torch

from .scenes import Format

IMAGE, ADAPTER, MODULE, LORA, LOOK_TOO, MOTION_ALONE, TUNED = (
    "image_model",
    "domain_adapter",
    "motion_module",
    "motion_lora",
    "lora_one_path",
    "lora_two_paths",
    "one_shot",
)

FIRST_NOISE = 1000


@dataclass(frozen=True)
class Plan:
    """One run."""

    folder: Path
    width: int = 32
    """Channels of the finest level; SD1.5 has 320."""
    side: int = 8
    frames: int = 8
    steps: int = 300
    """Of the image model; the others' are shares of it."""
    batch: int = 64
    """Pictures in a batch; clips of as many frames together."""
    clips: int = 12
    """Sampled for each figure."""
    sampling: int = 20
    """Steps of the sampler."""
    seed: int = 0

    @property
    def format(self) -> Format:
        """Of clips."""
        return Format(self.frames, self.side)

    @property
    def noise_seed(self) -> int:
        """Of the first clip that is sampled; the others' follow."""
        return FIRST_NOISE + (self.seed << 32)

    @property
    def together(self) -> int:
        """Clips in a batch."""
        return max(1, self.batch // self.frames)

    @property
    def device(self) -> torch.device:
        """On which everything is computed."""
        return comfy.model_management.get_torch_device()

    def file(self, name: str) -> Path:
        """Of what was learnt."""
        return self.folder / f"{name}.safetensors"
