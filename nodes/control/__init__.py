"""ControlNets: their strength ``over_time``, and pictures at some frames with ``sparse``."""

from comfy_api.latest import io

from .over_time import ControlOverTime
from .sparse import ApplySparseControl, LoadSparseControl

NODES: list[type[io.ComfyNode]] = [ControlOverTime, LoadSparseControl, ApplySparseControl]
