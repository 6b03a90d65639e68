"""What there is to learn from: clips with one caption each, and what had to be left out."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from .captions import FROM_NAME, REFUSE, caption_of_name, one_line, read_caption
from .errors import ClipsError
from .skipping import Skipped, Skips, readable
from .sources import EACH, FRAMES, LOOKING, LOOSE, PICTURE, VIDEO, Looking, Source, find_sources

NAMED = 3
"""Clips that a message names."""
MANY = {VIDEO: "videos", FRAMES: "folders of frames", PICTURE: "pictures"}


@dataclass(frozen=True)
class Clip:
    """A clip to learn from; nothing of it is read yet."""

    source: str
    """The file, or the folder of its frames."""
    caption: str
    repeats: int = 1
    """How often it comes in an epoch."""
    kind: str = VIDEO
    """VIDEO, FRAMES or PICTURE of `sources`."""
    name: str = ""
    """For messages."""


@dataclass(frozen=True)
class Catalogue:
    """The clips of a folder, at least one."""

    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    """What else somebody should know who wonders what became of a file."""

    def told(self, most: int = 10) -> str:
        """What is in it and what is not, in lines.

        Args:
            most: lines about what is left out.
        """
        repeated = sum(clip.repeats for clip in self.clips)
        without = sum(not clip.caption for clip in self.clips)
        count = len(self.clips)
        lines = [f"{count} clip{'s' * (count > 1)}{self._kinds()}"]
        lines[0] += f", {repeated} with repeats" if repeated > count else ""
        lines += [f"{without} of them without a caption"] if without else []
        lines += self.notes
        lines += [f"left out: {skipped}" for skipped in self.skipped[:most]]
        more = len(self.skipped) - most
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)

    def _kinds(self) -> str:
        """What the clips are where not all of them are videos."""
        kinds = Counter(clip.kind for clip in self.clips)
        if kinds.keys() <= {VIDEO}:
            return ""
        told = (f"{kinds[kind]} {kind if kinds[kind] == 1 else many}" for kind, many in MANY.items() if kinds[kind])
        return f" ({', '.join(told)})"


def clips_of_folder(folder: str, missing: str, looking: Looking = LOOKING) -> Catalogue:
    """The clips of a folder and those below it, with captions from texts beside them.

    Args:
        missing: what to do about clips without a caption, one of `MISSING`. A folder N_words around a clip has words
            for it, whatever is chosen.

    Raises:
        ClipsError: there are none, or captions are missing that must not be.
    """
    skips = Skips()
    clips = list(_captioned(find_sources(folder, skips, looking), missing, skips))
    made = gathered(clips, skips, f"{readable(folder)} has no clips. It needs videos, or pictures.")
    notes = [*skips.notes()]
    if looking.pictures == LOOSE and os.path.abspath(folder) in {clip.source for clip in clips}:
        notes.append(f"its pictures are the frames of one clip; if each is one of its own, set pictures to {EACH!r}")
    return replace(made, notes=tuple(notes))


def clips_of_list(names: Sequence[str], captions: Sequence[str], missing: str) -> Catalogue:
    """Clips that somebody else has found, such as the data set nodes of ComfyUI.

    Args:
        names: what each is called, nothing for those that have no name; their sources are these names with a number.
        captions: one for each, one for all, or none.
        missing: what to do about clips without a caption, one of `MISSING`.

    Raises:
        ClipsError: there are none, captions are missing that must not be, or there are as many captions as for other
            clips.
    """
    if len(captions) not in (0, 1, len(names)):
        raise ClipsError(
            f"There are {len(names)} clips and {len(captions)} captions. Connect one caption for each clip, in the "
            "same order, or one for all."
        )
    texts = [one_line(text) for text in captions] * (len(names) if len(captions) == 1 else 1) or [""] * len(names)
    if missing == FROM_NAME:
        texts = [text or caption_of_name(name) for name, text in zip(names, texts, strict=True)]
    shown = [name or f"clip {number}" for number, name in enumerate(names, 1)]
    without = [name for name, text in zip(shown, texts, strict=True) if not text]
    if without and missing == REFUSE:
        raise ClipsError(refused(without))
    named = enumerate(zip(shown, texts, strict=True))
    clips = [Clip(f"{number} {name}", text, name=name) for number, (name, text) in named]
    return gathered(clips, Skips(), "There are no clips. Connect some.")


def gathered(clips: Iterable[Clip], skips: Skips, nothing: str) -> Catalogue:
    """Clips and what was left out.

    Args:
        nothing: what to say if there are none.

    Raises:
        ClipsError: there are none.
    """
    made = Catalogue(tuple(clips), skips.told())
    if not made.clips:
        raise ClipsError(" ".join([nothing, *map(str, made.skipped[:NAMED])]))
    return made


def _captioned(found: Iterable[Source], missing: str, skips: Skips) -> Iterator[Clip]:
    without: list[str] = []
    for source in found:
        try:
            caption = read_caption(source.text) if source.text is not None else ""
        except ClipsError as error:
            skips.add(source.path, str(error))
            continue
        if not caption:
            caption = caption_of_name(source.words) or (caption_of_name(source.name) if missing == FROM_NAME else "")
            if not caption and missing == REFUSE:
                without.append(source.listed)
        yield Clip(source.path, caption, source.repeats, source.kind, source.listed)
    if without:
        raise ClipsError(refused(without))


def refused(without: list[str]) -> str:
    """What to say about clips that have no caption and must have one."""
    names = ", ".join(map(readable, islice(without, NAMED)))
    more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
    return (
        f"There is no caption for {names}{more}. Put a text file of the same name beside each, such as walk.txt for "
        "walk.mp4, or choose what to do without in missing_captions."
    )
