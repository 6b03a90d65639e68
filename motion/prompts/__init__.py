"""Prompts that change over a clip.

``tokens`` knows what is an instruction elsewhere, ``text`` reads prompts, ``travel`` places them.
"""

from .text import PromptError, parse_prompts, read_prompt
from .travel import Travel, described, plan_travel

__all__ = ["PromptError", "Travel", "described", "parse_prompts", "plan_travel", "read_prompt"]
