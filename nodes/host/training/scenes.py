"""Clips of characters as Animate Anyone learns from them: a picture of whom they show, and their poses, beside each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from ....motion.clips import Batch, Batches, Clip, Row, key_of, pictures_of
from ....motion.training import Draws, Picked, picked_frames
from ..character import embed
from ..clips import Clips, TrainingClips, model_identity
from ..video import progress_reporter
from .character import POSES, REFERENCE
from .posed import Filmed, film_with_poses

WIDTH = 768
"""Of an embedding; zeros stand for no character."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """Everything beside latents that the two stages learn from."""

    clips: TrainingClips
    source: Clips
    poses: Clips
    filmed: Mapping[str, Filmed]
    """By the content of a sample."""
    single: bool
    """Whether clips are learnt from frame by frame."""
    encoder: str
    """What the CLIP vision model is."""
    about: str
    """Changes when other poses belong to the clips."""

    def feed(self, batches: Batches) -> Callable[[int], Batch]:
        """The batch of a number, as the networks take it; embeddings have to be there."""
        return partial(self._batch, batches)

    def embed(self, clip_vision: Any, wanted: Iterable[tuple[Batches, int]]) -> None:
        """Have the embeddings of the pictures of characters in the cache, as far as they are not there.

        Args:
            wanted: batches, and how many of them will be asked for.

        Raises:
            ClipsError: a clip cannot be read any more, or the disk is full.
            CharacterError: the CLIP vision model is another one than CLIP ViT-L/14.
        """
        missing: dict[str, dict[int, set[int]]] = {}
        for content, view, frame in chain.from_iterable(self._wanted(*each) for each in wanted):
            if self._key(content, view, frame) not in self.clips.cache:
                missing.setdefault(content, {}).setdefault(view, set()).add(frame)
        told = progress_reporter()
        with self.clips.cache as cache:
            for done, (content, by_view) in enumerate(missing.items()):
                told(done, len(missing))
                for view, frames in by_view.items():
                    order = sorted(frames)
                    pictures = self._pictures(self.source, self.filmed[content].clip, content, view, order)
                    for frame, embedding in zip(order, embed(clip_vision, pictures), strict=True):
                        cache.add(self._key(content, view, frame), embedding)
        told(len(missing), len(missing))

    def _wanted(self, batches: Batches, count: int) -> Iterator[tuple[str, int, int]]:
        """Content, view and frame of every picture that batches look at, each once."""
        seen: set[tuple[str, int, int]] = set()
        most = self.clips.frames * sum(len(sample.views) for sample in batches.samples)
        for number in range(count):
            for row, frame in self._references(batches, number):
                each = (batches.samples[row.clip].content, row.view, frame)
                if each not in seen:
                    seen.add(each)
                    yield each
            # long trainings come to all of them soon
            if len(seen) == most:
                return

    def _batch(self, batches: Batches, number: int) -> Batch:
        plain, rows = batches.at(number), batches.drawn(number)
        picked = self._picked(batches, number)
        places, latents = torch.arange(len(rows)), plain.latents
        reference = latents[places, :, picked.reference]
        shown = latents if picked.shown is None else latents[places, :, picked.shown].unsqueeze(2)
        poses, embeddings = [], []
        for place, row in enumerate(rows):
            content = batches.samples[row.clip].content
            frames = range(latents.shape[2]) if picked.shown is None else [int(picked.shown[place])]
            pictures = self._pictures(self.poses, self.filmed[content].poses, content, row.view, frames)
            poses.append(rearrange(pictures, "f h w c -> c f h w"))
            embeddings.append(self._embedding(row, content, int(picked.reference[place])))
        more = {REFERENCE: reference, POSES: torch.stack(poses)}
        return replace(plain, latents=shown, context=torch.stack(embeddings)[:, None], more=more)

    def _embedding(self, row: Row, content: str, frame: int) -> Tensor:
        """(768,)."""
        return torch.zeros(WIDTH) if row.dropped else self.clips.cache.read(self._key(content, row.view, frame)).float()

    def _references(self, batches: Batches, number: int) -> Iterator[tuple[Row, int]]:
        """Rows of a batch whose character is looked at, and the frame that shows it."""
        rows = zip(batches.drawn(number), self._picked(batches, number).reference.tolist(), strict=True)
        return ((row, frame) for row, frame in rows if not row.dropped)

    def _picked(self, batches: Batches, number: int) -> Picked:
        return picked_frames(Draws(batches.seed, number), batches.size, self.clips.frames, self.single)

    def _pictures(self, clips: Clips, clip: Clip, content: str, view: int, frames: Sequence[int]) -> Tensor:
        """Frames of a view, (frames, height, width, 3) in 0..1."""
        whole = self.filmed[content].views[view]
        part = replace(whole, frames=tuple(whole.frames[frame] for frame in frames))
        return pictures_of(clip, clips.open, part, self.source.size)

    def _key(self, content: str, view: int, frame: int) -> str:
        whole = self.filmed[content].views[view]
        shown = {"frame": whole.frames[frame], "mirrored": whole.mirrored, "size": self.source.size}
        return key_of("clip vision", content=content, encoder=self.encoder, **shown)


def scenes_of(clips: TrainingClips, poses: Clips, clip_vision: Any, single: bool) -> Scenes:
    """Find the poses of clips.

    Raises:
        TrainingError, ClipsError: see `film_with_poses`.
    """
    together = film_with_poses(clips, poses)
    encoder = model_identity(clip_vision.patcher)
    return Scenes(clips, together.source, poses, together.filmed, single, encoder, together.about)
