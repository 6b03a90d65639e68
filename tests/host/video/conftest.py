"""Clips that several tests read."""

from pathlib import Path

import pytest

from .species import SPECIMENS
from .zoo import raise_zoo


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every clip of the zoo by its name."""
    return raise_zoo(tmp_path_factory.mktemp("zoo"), SPECIMENS)
