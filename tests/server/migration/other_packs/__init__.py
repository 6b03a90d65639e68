"""Nodes with the names of other packs, as if those were installed."""

from typing import Any

import torch


class LoadVideo:
    """Frames, whatever file is named."""

    RETURN_TYPES = ("IMAGE", "INT", "AUDIO", "VHS_VIDEOINFO")
    FUNCTION = "load"
    CATEGORY = "test"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 (the host's name)
        """Declare the node as packs did before there were schemas."""
        return {"required": {"video": ("STRING", {})}}

    def load(self, video: str) -> tuple[Any, ...]:
        """Make the frames."""
        return torch.zeros(4, 16, 16, 3), 4, None, {"file": video}


NODE_CLASS_MAPPINGS: dict[str, type] = {"VHS_LoadVideo": LoadVideo}
