"""Clips measured and compared.

``measure`` is Evaluate Clip, ``compare`` shows several clips in one picture.
"""

from comfy_api.latest import io

from .compare import CompareClips
from .measure import EvaluateClip

NODES: list[type[io.ComfyNode]] = [EvaluateClip, CompareClips]
