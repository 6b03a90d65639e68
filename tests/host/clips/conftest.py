"""A host whose input and output folders are empty, and clips to put there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folder_paths
import pytest
import torch
from kinema.motion.video import CODECS, Clip, Job, write_video
from kinema.nodes import NODES
from kinema.nodes.host.clips import Clips, TrainingClips
from PIL import Image
from torch import Tensor

BY_ID = {str(node.define_schema().node_id): node for node in NODES}
STEP = 6
"""By which a frame is brighter than the one before, in 255ths."""


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    """As the host runs nodes."""
    with torch.inference_mode():
        yield


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """An input folder; the output folder is beside it."""
    before = folder_paths.get_input_directory(), folder_paths.get_output_directory()
    here = tmp_path / "input"
    here.mkdir()
    folder_paths.set_input_directory(str(here))
    folder_paths.set_output_directory(str(tmp_path / "output"))
    yield here
    folder_paths.set_input_directory(before[0])
    folder_paths.set_output_directory(before[1])


def ramp(count: int, size: tuple[int, int] = (64, 96)) -> Tensor:
    """Grey frames (frames, height, width, 3), each brighter than the last by `STEP`, darker to the left."""
    grey = torch.arange(count).view(-1, 1, 1, 1) * STEP / 255
    slope = torch.linspace(0.0, 0.2, size[1]).view(1, 1, -1, 1)
    return (grey + slope).expand(count, *size, 3).clamp(0.0, 1.0).contiguous()


def film(path: Path, count: int = 20, caption: str | None = None, **how: Any) -> Path:
    """A video, and a caption beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(Job(Clip(ramp(count, **how), 24.0), CODECS["h264-mp4"], path))
    if caption is not None:
        path.with_suffix(".txt").write_text(caption)
    return path


def draw(folder: Path, count: int) -> Path:
    """A folder of frames."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(ramp(count)):
        Image.fromarray((frame * 255).round().byte().numpy()).save(folder / f"{number}.png")
    return folder


def run(kind: str, **given: Any) -> tuple[Any, ...]:
    """A node as the host runs it."""
    return BY_ID[f"Kinema{kind}"].execute(**given).result


def loaded(folder: Any, **given: Any) -> Clips:
    """Load Clips, small."""
    return run("LoadClips", folder=str(folder), **({"frames": 4, "stride": 2, "width": 64, "height": 64} | given))[0]


def prepared(clips: Clips, checkpoint: tuple[Any, Any], held_out: float = 0.0) -> TrainingClips:
    """Prepare Clips."""
    clip, vae = checkpoint
    return run("PrepareClips", clips=clips, vae=vae, clip=clip, held_out=held_out)[0]
