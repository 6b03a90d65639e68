"""From a folder to the batches of a training, as a node does it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from kinema.motion.clips import (
    REFUSE,
    Batches,
    Cache,
    Choosing,
    Clip,
    Contents,
    Footage,
    Preparing,
    clips_of_folder,
    filmed,
    frames_of,
    prepare_clips,
    prepare_texts,
    shot_path,
    split,
)
from PIL import Image
from torch import Tensor

from .footage import encode_text


@dataclass
class Pictures:
    """A folder of frames."""

    paths: list[str]

    @property
    def length(self) -> int:
        """Of the clip."""
        return len(self.paths)

    def frames(self, numbers: Sequence[int]) -> Tensor:
        """(frames, height, width, 3) bytes."""
        return torch.from_numpy(np.stack([np.asarray(Image.open(self.paths[number])) for number in numbers]))


@contextmanager
def opened(clip: Clip) -> Iterator[Footage]:
    yield Pictures(frames_of(clip.source))


def encode(frames: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(frames.movedim(3, 1), 8).movedim(0, 1)


def test_shots_of_a_picture_are_learnt(tmp_path: Path) -> None:
    """Moves of a camera over noise, as folders of frames; one of them cannot be read."""
    noise = torch.rand(1, 40, 60, 3, generator=torch.Generator().manual_seed(0))
    for name in ("PanLeft", "PanRight", "ZoomIn"):
        folder = tmp_path / "clips" / f"2_{name}"
        folder.mkdir(parents=True)
        for number, frame in enumerate(filmed(noise, shot_path(name, 9, (40, 60), (32, 32)), (32, 32))):
            Image.fromarray(frame.mul(255).round().byte().numpy()).save(folder / f"{number}.png")
    (tmp_path / "clips" / "broken").mkdir()
    (tmp_path / "clips" / "broken" / "1.png").write_bytes(b"no picture")
    (tmp_path / "clips" / "broken.txt").write_text("nothing")
    listed = clips_of_folder(str(tmp_path / "clips"), REFUSE)
    kept = Cache(tmp_path / "cache")
    how = Preparing(Contents(kept.folder).of, opened, encode, "vae", Choosing(4, 2, flip=False), (24, 24))
    made = prepare_clips(listed.clips, kept, how)
    assert [sample.caption for sample in made.samples] == ["PanLeft", "PanRight", "ZoomIn"]
    assert [skipped.source for skipped in made.skipped] == ["broken"]
    assert "cannot be read" in made.skipped[0].reason
    prepare_texts([sample.caption for sample in made.samples], kept, encode_text, "clip")
    parts = split(made.samples, 0.3)
    order = Batches(parts.learnt, kept, "clip", 2, seed=0)
    assert order.rows == 2 * len(parts.learnt)
    batch = order.at(1_000)
    assert batch.latents.shape == (2, 3, 4, 3, 3)
    again = Batches(parts.learnt, Cache(kept.folder), "clip", 2, seed=0).at(1_000)
    assert torch.equal(again.latents, batch.latents)
