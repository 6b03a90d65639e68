"""What a clip starts from: ``noise`` and its layers, ``freeinit``; and the noise ``schedule`` of a model."""

from comfy_api.latest import io

from .freeinit import FreeInit
from .noise import MakeClipNoise, MakeNoiseLayer
from .schedule import BetaSchedule

NODES: list[type[io.ComfyNode]] = [MakeClipNoise, MakeNoiseLayer, FreeInit, BetaSchedule]
