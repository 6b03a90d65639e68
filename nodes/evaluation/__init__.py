"""Clips measured and compared.

``measure`` is Evaluate Clip, ``compare`` shows several clips in one picture, and ``table`` has results of many.
"""

from comfy_api.latest import io

from .compare import CompareClips
from .measure import EvaluateClip
from .table import ResultsTable

NODES: list[type[io.ComfyNode]] = [EvaluateClip, CompareClips, ResultsTable]
