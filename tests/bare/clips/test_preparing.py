"""Clips through the networks and onto the disk."""

import errno
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from kinema.motion.clips import (
    SKIP,
    Cache,
    Choosing,
    ClipsError,
    Preparing,
    prepare_clips,
    prepare_texts,
    split,
    text_key,
    views,
)
from torch import Tensor

from .footage import CHOOSING, Made, Reader, clips, encode_text, prepared


def test_every_view_is_there(tmp_path: Path) -> None:
    reader = Reader()
    kept, made = prepared(tmp_path, clips(3), reader)
    assert made.skipped == made.short == made.still == ()
    assert [sample.caption for sample in made.samples] == ["", "x", "xx"]
    for sample in made.samples:
        shown = views(sample.content, 30, CHOOSING)
        assert len(sample.views) == len(shown) == 4
        for view, key in zip(shown, sample.views, strict=True):
            latents = kept.read(key)
            assert latents.shape == (3, 4, 2, 2)
            assert torch.allclose(latents[0].mean((1, 2)) * 100, torch.tensor(view.frames).float(), atol=1e-3)
            assert bool(latents[1, 0, 0, 0] > latents[1, 0, 0, 1]) == view.mirrored
    assert reader.opened == reader.closed
    assert set(reader.opened.values()) == {1}
    assert reader.encoded == 12


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    _, first = prepared(tmp_path, clips(3))
    reader = Reader()
    _, again = prepared(tmp_path, clips(4), reader)
    assert again.samples[:3] == first.samples
    assert list(reader.opened) == ["clip 3"], "the others are not even opened"
    reader = Reader()
    prepare_clips(clips(4), Cache(tmp_path), reader.preparing(Choosing(4, 2, views=3)))
    assert reader.encoded == 8, "one view more of each, plain and mirrored"


def test_bad_clips_are_a_list(tmp_path: Path) -> None:
    class Short(Made):
        def frames(self, numbers: Sequence[int]) -> Tensor:
            return super().frames(numbers)[:-1]

    class Broken(Made):
        def frames(self, numbers: Sequence[int]) -> Tensor:
            return super().frames(numbers) * float("nan")

    reader = Reader(
        lengths={"clip 1": 0, "clip 2": 3},
        faults={
            "clip 3": OSError(errno.EACCES, os.strerror(errno.EACCES)),
            "clip 4": RuntimeError("codec\nunknown " + "x" * 1000),
            "clip 5": EOFError(),
        },
        footage={"clip 6": Short(30), "clip 7": Broken(30)},
    )
    made = prepare_clips(clips(9), Cache(tmp_path), reader.preparing(Choosing(4, 2, short=SKIP)))
    assert [sample.name for sample in made.samples] == ["0.mp4", "8.mp4"]
    told = {skipped.source: skipped.reason for skipped in made.skipped}
    assert told["1.mp4"] == "it has no frames"
    assert told["2.mp4"] == "it has 3 frames, and 4 are asked for"
    assert told["3.mp4"] == "it cannot be read (Permission denied)"
    assert told["4.mp4"].startswith("it cannot be read (codec unknown xxx")
    assert len(told["4.mp4"]) < 240
    assert told["5.mp4"] == "it cannot be read (EOFError)"
    assert told["6.mp4"] == "it gives 3 frames where 4 are asked for"
    assert told["7.mp4"] == "its frames have values that are no numbers"
    assert reader.opened == reader.closed
    lines = made.told(3).splitlines()
    assert lines[0].startswith("2 clips")
    assert lines[-1] == "and 4 more"


def test_no_clip_can_be_used(tmp_path: Path) -> None:
    reader = Reader(lengths={"clip 0": 0})
    with pytest.raises(ClipsError, match=r"None of the clips can be used. 0.mp4: it has no frames\."):
        prepare_clips(clips(1), Cache(tmp_path), reader.preparing())


def test_short_and_still_clips_are_told(tmp_path: Path) -> None:
    reader = Reader(lengths={"clip 0": 1, "clip 1": 6, "clip 2": 7})
    made = prepare_clips(clips(3), Cache(tmp_path), reader.preparing())
    assert (made.still, made.short) == (("0.mp4",), ("1.mp4",))
    assert "1 of one frame, which teaches standing still (0.mp4)" in made.told()
    again = prepare_clips(clips(3), Cache(tmp_path), Reader().preparing())
    assert (again.still, again.short) == (made.still, made.short), "lengths are kept, too"
    single = prepare_clips(clips(3), Cache(tmp_path), Reader().preparing(Choosing(frames=1)))
    assert single.still == single.short == ()


class StoppedError(Exception):
    """A person has had enough."""


def test_a_stop_keeps_what_is_done(tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        prepare_clips(clips(5), Cache(tmp_path), Reader().preparing(), stop)
    reader = Reader()
    prepare_clips(clips(5), Cache(tmp_path), reader.preparing())
    assert sorted(reader.opened) == ["clip 2", "clip 3", "clip 4"]


@pytest.mark.parametrize("error", [StoppedError(), torch.OutOfMemoryError("no"), MemoryError(), KeyboardInterrupt()])
def test_what_is_no_fault_of_a_clip_ends_it(tmp_path: Path, error: BaseException) -> None:
    reader = Reader(faults={"clip 1": error})
    with pytest.raises(type(error)):
        prepare_clips(clips(3), Cache(tmp_path), reader.preparing())
    assert reader.opened == reader.closed
    assert len(Cache(tmp_path)) == 5, "four views and a length"


def test_errors_of_the_network_are_no_faults_of_clips(tmp_path: Path) -> None:
    reader = Reader()
    how = reader.preparing()

    def fail(_: Tensor) -> Tensor:
        raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        prepare_clips(clips(2), Cache(tmp_path), type(how)(how.content, how.open, fail, "vae", how.choosing, how.size))
    assert reader.opened == reader.closed


def test_latents_that_are_none(tmp_path: Path) -> None:
    reader = Reader()
    how = reader.preparing()

    def with_encode(encode: Callable[[Tensor], Tensor]) -> Preparing:
        return Preparing(how.content, how.open, encode, "vae", how.choosing, how.size)

    with pytest.raises(ClipsError, match="latents of 3x2x2x2 from 4 frames. Motion modules need one of each"):
        prepare_clips(clips(2), Cache(tmp_path), with_encode(lambda frames: reader.encode(frames[::2])))
    calls = itertools.count()
    made = prepare_clips(
        clips(2),
        Cache(tmp_path),
        with_encode(lambda frames: reader.encode(frames) * (float("nan") if next(calls) == 2 else 1.0)),
    )
    assert [skipped.source for skipped in made.skipped] == ["0.mp4"]
    assert "no numbers" in made.skipped[0].reason
    with pytest.raises(ClipsError, match="no numbers for ''. Run it in 32 bits"):
        prepare_texts(["a"], Cache(tmp_path), lambda _: torch.full((2, 2), float("inf")), "clip")
    with pytest.raises(ClipsError, match="1x2x2 numbers, not tokens by width"):
        prepare_texts(["a"], Cache(tmp_path), lambda _: torch.zeros(1, 2, 2), "clip")


def test_copies_of_a_clip_are_held_out_together(tmp_path: Path) -> None:
    _, made = prepared(tmp_path, clips(20))
    parts = split(made.samples * 2, 0.2)
    assert len(parts.learnt) + len(parts.held_out) == 40
    assert parts.held_out
    assert not {sample.content for sample in parts.learnt} & {sample.content for sample in parts.held_out}
    assert split(made.samples, 0.0).learnt == made.samples


def test_texts_are_made_once_with_the_empty_one(tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(text: str) -> Tensor:
        asked.append(text)
        return encode_text(text)

    told: list[tuple[int, int]] = []
    prepare_texts(["a", "bb", "a"], Cache(tmp_path), encode, "clip", lambda done, of: told.append((done, of)))
    assert asked == ["", "a", "bb"]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    prepare_texts(["ccc", "bb"], Cache(tmp_path), encode, "clip")
    assert asked == ["", "a", "bb", "ccc"]
    assert torch.equal(Cache(tmp_path).read(text_key("bb", "clip")), encode_text("bb"))


def test_memory_does_not_grow_with_clips(tmp_path: Path) -> None:
    class Long(Made):
        def frames(self, numbers: Sequence[int]) -> Tensor:
            assert len(numbers) == CHOOSING.frames
            return super().frames(numbers)

    reader = Reader(footage={f"clip {number}": Long(10_000_000) for number in range(3)})
    made = prepare_clips(clips(3), Cache(tmp_path), reader.preparing())
    assert len(made.samples) == 3
