"""Clips that belong to other clips, such as videos of the poses in them: told by their names."""

import os
from collections.abc import Callable, Mapping, Sequence

from .catalogue import Clip
from .errors import ClipsError
from .skipping import readable

NAMED = 5
"""Clips that a message names."""


def paired(names: Sequence[str], others: Sequence[Clip], what: str) -> Mapping[str, Clip]:
    """The clip that belongs to each name.

    Names are paths below the folder that was looked through, and endings do not count: a/walk.mp4 belongs to
    a/walk.avi and to the folder of frames a/walk. Where folders differ, the last part alone decides.

    Args:
        names: of the clips that have to have one.
        what: the others are, for messages.

    Raises:
        ClipsError: there is none for some name, or more than one.
    """
    made: dict[str, Clip] = {}
    missing, twice = [], []
    whole, last = (_by(key, others) for key in (_without_ending, _last))
    for name in dict.fromkeys(names):
        found = whole.get(_without_ending(name)) or last.get(_last(name), [])
        if len(found) == 1:
            made[name] = found[0]
        else:
            (twice if found else missing).append(name)
    if missing:
        raise ClipsError(
            f"{len(missing)} of {len(set(names))} clips have no {what}: {_listed(missing)}. Give each a video, or a "
            "folder of frames, of the same name in the other folder, or leave those clips out."
        )
    if twice:
        raise ClipsError(
            f"More than one of the {what}s are called like {_listed(twice)}. Give them names of their own, or the same "
            "folders as the clips are in."
        )
    return made


def _by(key: Callable[[str], str], clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        found.setdefault(key(clip.name), []).append(clip)
    return found


def _without_ending(name: str) -> str:
    return os.path.splitext(name)[0]


def _last(name: str) -> str:
    return _without_ending(name.rpartition("/")[2])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(readable, names[:NAMED])) + (" and others" if len(names) > NAMED else "")
