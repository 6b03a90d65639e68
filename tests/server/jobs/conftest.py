"""A prompt that takes a moment."""

from typing import Any

import pytest


@pytest.fixture
def cheap() -> dict[str, dict[str, Any]]:
    """A picture of one colour, saved."""
    return {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0},
            "_meta": {"title": "Canvas"},
        },
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "jobs/clip"}},
    }
