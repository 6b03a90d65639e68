"""Prompts that change over a clip: ``travel``."""

from comfy_api.latest import io

from .travel import PromptTravel

NODES: list[type[io.ComfyNode]] = [PromptTravel]
