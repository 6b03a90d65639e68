"""Filename prefixes with dates and node values."""

from datetime import datetime

import pytest
from kinema.motion.video import expand_prefix

NOW = datetime(2026, 3, 7, 9, 5, 2)
PROMPT = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 42, "model": ["1", 0]}, "_meta": {"title": "Sampler one"}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a/b:c"}},
}
WORKFLOW = {"nodes": [{"id": 3, "properties": {"Node name for S&R": "main"}}]}


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        ("plain", "plain"),
        ("%date:yyyy-MM-dd%/x", "2026-03-07/x"),
        ("%date:yy_M_d-h.m.s%", "26_3_7-9.5.2"),
        ("%date:hh:mm%", "09_05"),
        ("%KSampler.seed%", "42"),
        ("%Sampler one.seed%-%main.seed%", "42-42"),
        ("%CLIPTextEncode.text%", "a_b_c"),
        ("%KSampler.model%", "%KSampler.model%"),
        ("%nobody.seed%", "%nobody.seed%"),
        ("%width%x%year%", "%width%x%year%"),
        ("100%", "100%"),
    ],
)
def test_expand(prefix: str, wanted: str) -> None:
    assert expand_prefix(prefix, PROMPT, WORKFLOW, NOW) == wanted


def test_without_prompt() -> None:
    assert expand_prefix("%date:yyyy%-%a.b%", None, None, NOW) == "2026-%a.b%"
