"""The parts of a small release and its denoising UNet, made once for each file of tests."""

from pathlib import Path

import pytest
from kinema.nodes.host import character

from ..models import Patcher
from . import scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of a release lie."""
    return tmp_path_factory.mktemp("character")


@pytest.fixture(scope="module")
def loaded(folder: Path) -> character.AnimateAnyone:
    """Moore's release, with a pose guider."""
    return scene.parts(folder)


@pytest.fixture(scope="module")
def model() -> Patcher:
    """The denoising UNet, with nothing attached."""
    return scene.denoiser()
