"""What a clip is, by its bytes."""

import os
import time
from pathlib import Path

import pytest
import torch
from kinema.motion.clips import (
    FRAMES,
    Clip,
    Contents,
    View,
    content_of_frames,
    content_of_tensors,
    identity,
    latents_key,
    text_key,
)


def old(path: Path, data: bytes, age: float = 100.0) -> Clip:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return Clip(str(path), "")


def test_copies_are_known_and_changes_are_seen(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "cache")
    one = old(tmp_path / "one.mp4", b"data")
    first = contents.of(one)
    assert contents.of(old(tmp_path / "moved" / "other.mp4", b"data")) == first
    assert contents.of(old(tmp_path / "two.mp4", b"Data")) != first
    assert contents.of(old(tmp_path / "one.mp4", b"Data", 50)) != first
    assert contents.of(old(tmp_path / "one.mp4", b"data", 20)) == first


def test_known_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [old(tmp_path / f"{number}.mp4", b"%d" % number) for number in range(20)]
    first = [Contents(tmp_path / "cache").of(clip) for clip in clips]
    assert len(set(first)) == 20

    def refuse(path: str) -> str:
        raise AssertionError(path)

    monkeypatch.setattr(identity, "_digest", refuse)
    again = Contents(tmp_path / "cache")
    assert [again.of(clip) for clip in clips] == first


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    """Another change within the same tick of the clock could not be told."""
    contents = Contents(tmp_path / "cache")
    now = time.time()
    clip = old(tmp_path / "one.mp4", b"data", 0.0)
    os.utime(clip.source, (now, now))
    first = contents.of(clip)
    Path(clip.source).write_bytes(b"Data")
    os.utime(clip.source, (now, now))
    assert contents.of(clip) != first


def test_a_damaged_list_only_costs_time(tmp_path: Path) -> None:
    clips = [old(tmp_path / f"{number}.mp4", b"%d" % number) for number in range(6)]
    first = [Contents(tmp_path).of(clip) for clip in clips]
    path = tmp_path / identity.KNOWN
    whole = path.read_bytes()
    for damaged in (
        b"",
        whole[:100],
        b"\xff" * 200 + b"\n" + whole,
        whole.replace(b"\n", b""),
        whole[:70] + whole[100:],
    ):
        path.write_bytes(damaged)
        assert [Contents(tmp_path).of(clip) for clip in clips] == first


def test_a_folder_of_frames_is_its_pictures_in_their_order(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "cache")
    for number in (1, 2, 10):
        old(tmp_path / "walk" / f"{number}.png", b"%d" % number)
        old(tmp_path / "copy" / f"frame_{number:04}.png", b"%d" % number)
    walk, copy = (Clip(str(tmp_path / name), "", kind=FRAMES) for name in ("walk", "copy"))
    first = contents.of(walk)
    assert contents.of(copy) == first
    (tmp_path / "walk" / "notes.txt").touch()
    assert contents.of(walk) == first
    old(tmp_path / "copy" / "frame_0003.png", b"10")
    assert contents.of(copy) != first
    with pytest.raises(OSError, match="gone"):
        contents.of(Clip(str(tmp_path / "gone"), ""))


def test_frames_in_memory() -> None:
    frames = torch.rand(3, 4, 5, 3)
    assert content_of_frames(frames) == content_of_frames(frames.clone())
    assert content_of_frames(frames) != content_of_frames(frames.reshape(3, 5, 4, 3))
    assert content_of_frames(frames) != content_of_frames(frames.flip(0))
    assert content_of_frames(frames.half()) != content_of_frames(frames)


def test_weights_are_known_by_what_they_are() -> None:
    weights = {"a": torch.rand(2, 3), "b": torch.rand(4).bfloat16(), "c": torch.tensor(1.0)}
    known = content_of_tensors(weights)
    assert content_of_tensors(dict(reversed(weights.items()))) == known
    others = [
        {**weights, "a": weights["a"].reshape(3, 2)},
        {**weights, "a": weights["a"] + 1e-6},
        {**weights, "b": weights["b"].float()},
        {"a": weights["a"], "b": weights["b"]},
        {"d": weights["a"], "b": weights["b"], "c": weights["c"]},
    ]
    assert known not in {content_of_tensors(other) for other in others}
    assert content_of_tensors({"a": torch.rand(4, 6).t()[:, ::2]})


def test_keys_tell_everything_that_matters() -> None:
    view = View((0, 4, 8))
    keys = {
        latents_key("a", view, (256, 256), "vae"),
        latents_key("b", view, (256, 256), "vae"),
        latents_key("a", View((0, 4, 9)), (256, 256), "vae"),
        latents_key("a", View((0, 4, 8), True), (256, 256), "vae"),
        latents_key("a", view, (256, 320), "vae"),
        latents_key("a", view, (256, 256), "other vae"),
        text_key("a", "clip"),
        text_key("", "clip"),
        text_key("a\udcff", "clip"),
        text_key("a", "other clip"),
    }
    assert len(keys) == 10
    assert latents_key("a", View((0, 4, 8)), (256, 256), "vae") in keys
