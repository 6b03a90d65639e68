"""The order in which clips are learnt."""

import itertools
from collections import Counter
from pathlib import Path

import pytest
import torch
from kinema.motion.clips import Batch, Batches, Cache, ClipsError, Sample, text_key

from .footage import clips, prepared


def batches(folder: Path, count: int = 7, size: int = 3, seed: int = 5, dropout: float = 0.0) -> Batches:
    kept, made = prepared(folder, clips(count))
    return Batches(made.samples, kept, "clip", size, seed, dropout)


def alike(one: Batch, two: Batch) -> bool:
    return one.clips == two.clips and torch.equal(one.latents, two.latents) and torch.equal(one.context, two.context)


def test_a_batch(tmp_path: Path) -> None:
    batch = batches(tmp_path).at(0)
    assert batch.latents.shape == (3, 3, 4, 2, 2)
    assert batch.context.shape == (3, 5, 6)
    assert batch.context[:, 0, 0].tolist() == [float(clip) for clip in batch.clips], "each with its own caption"


def test_what_is_drawn_is_what_is_read(tmp_path: Path) -> None:
    made = batches(tmp_path, dropout=0.5)
    for step in range(6):
        rows, batch = made.drawn(step), made.at(step)
        assert tuple(row.clip for row in rows) == batch.clips
        for row in rows:
            sample = made.samples[row.clip]
            assert row.latents == sample.views[row.view]
            assert row.text == text_key("" if row.dropped else sample.caption, "clip")
    assert {row.dropped for step in range(6) for row in made.drawn(step)} == {True, False}


def test_every_epoch_has_every_clip(tmp_path: Path) -> None:
    order = batches(tmp_path, size=3)
    assert order.rows == 7
    drawn = list(itertools.chain.from_iterable(order.at(step).clips for step in range(14)))
    epochs = [tuple(drawn[start : start + 7]) for start in range(0, 42, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len(set(epochs)) > 4, "in an order of its own"


@pytest.mark.parametrize("step", [0, 1, 6, 99, 10_000_000])
def test_a_step_does_not_depend_on_those_before_it(tmp_path: Path, step: int) -> None:
    one, two = batches(tmp_path), batches(tmp_path)
    for before in range(20):
        one.at(before)
    assert alike(one.at(step), two.at(step))
    other = batches(tmp_path, seed=6)
    assert any(not alike(one.at(step + more), other.at(step + more)) for more in range(4))


def test_the_same_clips_whatever_the_size_of_a_batch(tmp_path: Path) -> None:
    by_one, by_four = batches(tmp_path, size=1, dropout=0.5), batches(tmp_path, size=4, dropout=0.5)
    single = [by_one.at(step) for step in range(8)]
    assert [batch.clips[0] for batch in single] == [*by_four.at(0).clips, *by_four.at(1).clips]
    assert torch.equal(torch.cat([batch.context for batch in single[4:]]), by_four.at(1).context)
    assert torch.equal(torch.cat([batch.latents for batch in single[4:]]), by_four.at(1).latents)


def test_more_in_a_batch_than_there_is(tmp_path: Path) -> None:
    assert sorted(batches(tmp_path, count=2, size=5).at(3).clips) in ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])


def test_repeats(tmp_path: Path) -> None:
    kept, made = prepared(tmp_path, [*clips(2), *clips(4, 3)[2:]])
    order = Batches(made.samples, kept, "clip", 4, 0)
    drawn = Counter(itertools.chain.from_iterable(order.at(step).clips for step in range(20)))
    assert drawn == {0: 10, 1: 10, 2: 30, 3: 30}


@pytest.mark.parametrize("repeats", [1, 3])
def test_all_views_are_seen_equally_often(tmp_path: Path, repeats: int) -> None:
    """So that clips are mirrored half the time, to the clip."""
    kept, made = prepared(tmp_path, clips(3, repeats))
    order = Batches(made.samples, kept, "clip", 1, 0)
    seen = Counter()
    for step in range(3 * 4 * 6):
        batch = order.at(step)
        latents = batch.latents[0]
        views = made.samples[batch.clips[0]].views
        seen[next(view for view in views if torch.equal(kept.read(view), latents))] += 1
    assert set(seen.values()) == {6}
    assert len(seen) == 12


def test_clips_do_not_all_begin_with_the_same_view(tmp_path: Path) -> None:
    kept, made = prepared(tmp_path, clips(20))
    order = Batches(made.samples, kept, "clip", 20, 0)
    batch = order.at(0)
    first = Counter(
        number
        for clip, latents in zip(batch.clips, batch.latents, strict=True)
        for number, view in enumerate(made.samples[clip].views)
        if torch.equal(kept.read(view), latents)
    )
    assert sorted(first) == [0, 1, 2, 3]


def test_captions_are_dropped_one_in_ten(tmp_path: Path) -> None:
    order = batches(tmp_path, size=10, dropout=0.1)
    kept = Counter()
    for step in range(300):
        batch = order.at(step)
        for clip, width in zip(batch.clips, batch.context[:, 0, 0].tolist(), strict=True):
            assert width in (0.0, float(clip))
            kept[clip] += clip > 0 and width == 0.0
    dropped = sum(kept.values()) / (3000 * 6 / 7)
    assert 0.08 < dropped < 0.12
    assert all(kept[clip] for clip in range(1, 7))
    assert all(batches(tmp_path, dropout=1.0).at(step).context.abs().sum() == 0 for step in range(5))


def test_what_is_not_there_is_told_before_the_first_step(tmp_path: Path) -> None:
    kept, made = prepared(tmp_path, clips(3))
    with pytest.raises(ClipsError, match="3 of 15 latents and texts are not in"):
        Batches(made.samples, kept, "another encoder", 1, 0)
    with pytest.raises(ClipsError, match="no clips to learn from"):
        Batches([], kept, "clip", 1, 0)
    with pytest.raises(ClipsError, match="batch_size is 0"):
        Batches(made.samples, kept, "clip", 0, 0)
    many = [Sample(sample.content, sample.views, sample.caption, 1 << 25) for sample in made.samples]
    with pytest.raises(ClipsError, match="An epoch has 100663296 clips"):
        Batches(many, kept, "clip", 1, 0)


def test_clips_of_another_size(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    with kept:
        kept.add("0" * 32, torch.zeros(4, 2, 3, 3))
        kept.add("1" * 32, torch.zeros(4, 2, 3, 5))
        kept.add(text_key("", "clip"), torch.zeros(2, 2))
    samples = [Sample("a", ("0" * 32,), ""), Sample("b", ("1" * 32,), "")]
    with pytest.raises(ClipsError, match="4x2x3x3 and 4x2x3x5"):
        Batches(samples, kept, "clip", 2, 0).at(0)
    assert Batches(samples, kept, "clip", 1, 0).at(0).latents.shape[0] == 1


def test_the_order_is_the_same_in_later_versions(tmp_path: Path) -> None:
    """A training that was stopped goes on with another version of the pack and its libraries."""
    order = batches(tmp_path, seed=1)
    assert [order.at(step).clips for step in (0, 1, 2)] == [(2, 4, 3), (6, 1, 5), (0, 1, 4)]
