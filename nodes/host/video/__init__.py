"""Videos in the running ComfyUI.

``read`` takes frames and sound from one, ``vae`` decodes and encodes part by part, ``output`` is what a saved clip
hands back.
"""

from .output import preview, progress_reporter, video_value, workflow_tags
from .read import read_frames
from .vae import Decoded, encode

__all__ = ["Decoded", "encode", "preview", "progress_reporter", "read_frames", "video_value", "workflow_tags"]
