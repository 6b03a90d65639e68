"""Clips of characters as Animate Anyone learns from them: a picture of whom they show, and their poses, beside each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from ....motion.clips import (
    Batch,
    Batches,
    Clip,
    ClipsError,
    Contents,
    Row,
    Sample,
    View,
    key_of,
    length_of,
    paired,
    pictures_of,
    views,
)
from ....motion.training import Draws, Picked, TrainingError, picked_frames
from ..character import embed
from ..clips import Clips, TrainingClips, model_identity
from ..video import progress_reporter
from .character import POSES, REFERENCE

WIDTH = 768
"""Of an embedding; zeros stand for no character."""
LISTED = 5
"""Clips that a message names."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """One clip, and where its pictures and poses are."""

    clip: Clip
    poses: Clip
    views: Sequence[View]
    """Of both, in the order of `Sample.views`."""


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
        for batches, count in wanted:
            for number in range(count):
                for row, frame in self._references(batches, number):
                    content = batches.samples[row.clip].content
                    if self._key(content, row.view, frame) not in self.clips.cache:
                        missing.setdefault(content, {}).setdefault(row.view, set()).add(frame)
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
    """Find the poses of clips by their names, and hold both against each other.

    Raises:
        TrainingError: the clips come from nowhere.
        ClipsError: poses are missing, or have more or fewer frames than their clips.
    """
    source = clips.source
    if source is None:
        raise TrainingError("Nobody knows where these clips come from. Connect Prepare Clips to training_clips.")
    samples = {sample.content: sample for sample in (*clips.learnt, *clips.held_out)}
    found = paired([sample.name for sample in samples.values()], poses.catalogue.clips, "pose clip")
    stored = {clip.source: clip for clip in source.catalogue.clips}
    contents = Contents(clips.cache.folder)
    told, filmed, identities, unlike = progress_reporter(), {}, [], []
    with clips.cache:
        for done, sample in enumerate(samples.values()):
            told(done, len(samples))
            own, other = stored[sample.source], found[sample.name]
            length = _length(source, own, sample, contents, clips)
            measured = length_of(other, partial(poses.reader.content, contents=contents), poses.open, clips.cache)
            if measured.length != length:
                unlike.append(f"{sample.name} ({length} frames, its poses {measured.length})")
            filmed[sample.content] = Filmed(own, other, views(sample.content, length, source.choosing))
            identities.append((sample.content, measured.content))
    told(len(samples), len(samples))
    if unlike:
        listed = ", ".join(unlike[:LISTED]) + (" and others" if len(unlike) > LISTED else "")
        raise ClipsError(
            f"{len(unlike)} clips and their pose clips have other numbers of frames: {listed}. Each frame needs its "
            "pose: draw the poses of the whole clip, at its frame rate."
        )
    about = key_of("poses", pairs=sorted(identities))
    return Scenes(clips, source, poses, filmed, single, model_identity(clip_vision.patcher), about)


def _length(source: Clips, clip: Clip, sample: Sample, contents: Contents, clips: TrainingClips) -> int:
    measured = length_of(clip, partial(source.reader.content, contents=contents), source.open, clips.cache)
    if measured.content != sample.content:
        raise ClipsError(f"{sample.name} was replaced after it had been prepared. Run Prepare Clips again.")
    return measured.length
