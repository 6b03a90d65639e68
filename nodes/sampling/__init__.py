"""What a clip starts from: ``noise`` and its layers, ``freeinit``."""

from comfy_api.latest import io

from .freeinit import FreeInit
from .noise import MakeClipNoise, MakeNoiseLayer

NODES: list[type[io.ComfyNode]] = [MakeClipNoise, MakeNoiseLayer, FreeInit]
