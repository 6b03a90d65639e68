"""Clips and the videos of their poses, found by their names and held against each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from ....motion.clips import Clip, ClipsError, Contents, Measured, Sample, View, key_of, length_of, paired, views
from ....motion.training import TrainingError
from ..clips import Clips, TrainingClips
from ..video import progress_reporter, readable_name

PROPORTIONS = 0.03
"""How far those of a clip and its poses may lie apart, for sides are rounded."""
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
class Together:
    """All clips with their poses."""

    source: Clips
    filmed: Mapping[str, Filmed]
    """By the content of a sample."""
    about: str
    """Changes when other poses belong to the clips."""


def film_with_poses(clips: TrainingClips, poses: Clips) -> Together:
    """Find the poses of clips.

    Raises:
        TrainingError: nobody knows where the clips come from.
        ClipsError: poses are missing or do not fit, or a clip was replaced after it had been prepared.
    """
    source = clips.source
    if source is None:
        raise TrainingError("Nobody knows where these clips come from. Connect Prepare Clips to training_clips.")
    samples = {sample.content: sample for sample in (*clips.learnt, *clips.held_out)}
    found = paired([sample.name for sample in samples.values()], poses.catalogue.clips, "pose clip")
    stored = {clip.source: clip for clip in source.catalogue.clips}
    contents = Contents(clips.cache.folder)
    told, filmed, identities = progress_reporter(), {}, []
    unlike: list[str] = []
    with clips.cache:
        for done, sample in enumerate(samples.values()):
            told(done, len(samples))
            own = _Stored(source, stored[sample.source], clips, contents)
            other = _Stored(poses, found[sample.name], clips, contents)
            length = own.measured.length
            _check(sample, own, other)
            if other.measured.length != length:
                unlike.append(f"{readable_name(sample.name)} ({length} frames, its poses {other.measured.length})")
            elif not _alike(own.size, other.size):
                raise ClipsError(
                    f"{readable_name(sample.name)} and its pose clip have other proportions, so that poses would lie "
                    "beside the people. Draw them in the size of the clip."
                )
            shown = views(sample.content, length, source.choosing)
            filmed[sample.content] = Filmed(own.clip, other.clip, shown)
            identities.append((sample.content, other.measured.content))
    told(len(samples), len(samples))
    if unlike:
        listed = ", ".join(unlike[:LISTED]) + (" and others" if len(unlike) > LISTED else "")
        raise ClipsError(
            f"{len(unlike)} clips and their pose clips have other numbers of frames: {listed}. Each frame needs its "
            "pose: draw the poses of the whole clip, at its frame rate."
        )
    return Together(source, filmed, key_of("poses", pairs=sorted(identities)))


class _Stored:
    """A clip as it is on the disk now; what is measured is kept with the clips."""

    def __init__(self, of: Clips, clip: Clip, clips: TrainingClips, contents: Contents) -> None:
        self.clip, self._of, self._cache = clip, of, clips.cache
        told = partial(of.reader.content, contents=contents)
        self.measured: Measured = length_of(clip, told, of.open, clips.cache)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        key = key_of("size", content=self.measured.content)
        if key not in self._cache:
            self._cache.add(key, torch.tensor(self._of.stored_size(self.clip)))
        height, width = self._cache.read(key).tolist()
        return height, width


def _check(sample: Sample, own: _Stored, other: _Stored) -> None:
    name = readable_name(sample.name)
    if own.measured.content != sample.content:
        raise ClipsError(f"{name} was replaced after it had been prepared. Run Prepare Clips again.")
    if other.measured.content == sample.content:
        raise ClipsError(
            f"The poses of {name} are the clip itself. Connect another Load Clips to poses, with the folder of pose "
            "videos."
        )


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two pictures have the same proportions."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1.0) < PROPORTIONS
