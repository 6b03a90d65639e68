"""Which windows see which, which layers take part, and closed forms of AdaIN and of reuse."""

import pytest
import torch
from kinema.motion.windows import (
    Reader,
    ReferenceOptions,
    WindowReferenceError,
    adain,
    blend,
    matching,
    parse_frames,
    reuse_first,
    sources,
    statistics,
    widest,
)

WINDOWS = [range(start, start + 8) for start in (0, 6, 12, 18, 24)]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (ReferenceOptions(), [None, 0, 0, 0, 0]),
        (ReferenceOptions("sliding", 2), [None, 0, 1, 2, 3]),
        (ReferenceOptions("sliding", 3), [None, 0, 0, 2, 2]),
        (ReferenceOptions("sliding", 4), [None, 0, 0, 0, 3]),
        # frame 12 is held by windows 1 and 2, of which the first counts
        (ReferenceOptions("indexes", frames=(12, 25)), [None, 0, 1, 1, 3]),
        (ReferenceOptions("indexes", frames=(100,)), [None, 0, 0, 0, 0]),
    ],
)
def test_which_window_sees_which(options: ReferenceOptions, wanted: list[int | None]) -> None:
    assert sources(WINDOWS, options) == wanted


def test_one_window_sees_none() -> None:
    assert sources(WINDOWS[:1], ReferenceOptions("sliding")) == [None]


def test_the_widest_layers_come_first() -> None:
    readers = [Reader(("input", number), width, 0) for number, width in enumerate((320, 640, 1280, 1280))]
    assert [reader.layer[1] for reader in widest(readers, 1.0)] == [2, 3, 1, 0]
    assert [reader.layer[1] for reader in widest(readers, 0.5)] == [2, 3]
    assert [reader.layer[1] for reader in widest(readers, 0.51)] == [2, 3, 1]
    assert widest(readers, 0.0) == []


def test_frames_are_matched_by_their_place() -> None:
    assert matching(3, 5) == [0, 1, 2]
    assert matching(5, 3) == [0, 1, 2, 2, 2]


def test_adain_gives_a_picture_the_statistics_of_another() -> None:
    x, other = torch.randn(2, 3, 5, 7), 3.0 * torch.randn(2, 3, 9, 4) - 1.0
    found = adain(x, *statistics(other))
    for frame in range(2):
        for channel in range(3):
            own, wanted = x[frame, channel].double(), other[frame, channel].double()
            scaled = (own - own.mean()) / own.std(correction=0) * wanted.std(correction=0) + wanted.mean()
            assert torch.allclose(found[frame, channel].double(), scaled, atol=1e-4)


def test_a_channel_without_contrast_takes_the_mean() -> None:
    found = adain(torch.full((1, 1, 4, 4), 7.0), torch.full((1, 1, 1, 1), 2.0), torch.ones(1, 1, 1, 1))
    assert torch.allclose(found, torch.full((1, 1, 4, 4), 2.0))


def test_blends_end_where_they_should() -> None:
    own, other = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    assert torch.equal(blend(own, other, 0.0), own)
    assert torch.equal(blend(own, other, 1.0), other)
    varied = blend(own, other, torch.tensor([[[0.25]], [[1.0]]]))
    assert torch.allclose(varied[0], 0.75 * own[0] + 0.25 * other[0])
    assert torch.equal(varied[1], other[1])


def test_reuse_repeats_the_first_window() -> None:
    fused, first = torch.randn(10, 4, 3, 3), torch.randn(4, 4, 3, 3)
    found = reuse_first(fused, first, 0.95)
    for frame in range(10):
        assert torch.allclose(found[frame], 0.95 * first[frame % 4] + 0.05 * fused[frame], atol=1e-6)


def test_frames_are_read_from_text() -> None:
    assert parse_frames(" 0, 16,\n32 ,") == (0, 16, 32)
    for text, word in (("0, two", "'two'"), ("-1", "'-1'"), ("1.5", "'1.5'"), ("²", "'²'")):
        with pytest.raises(WindowReferenceError, match=f"{word} is no number of a frame"):
            parse_frames(text)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "last"}, "mode is 'last'. Choose one of first, sliding, indexes"),
        ({"by": "magic"}, "by is 'magic'"),
        ({"width": 1}, "sliding_width is 1"),
        ({"mode": "indexes"}, "indexes is empty"),
        ({"style_fidelity": float("nan")}, "style_fidelity is nan; it must lie between 0 and 1"),
        ({"reference_weight": 2.0}, "reference_weight is 2.0; it must lie between 0 and 1"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, object], words: str) -> None:
    with pytest.raises(WindowReferenceError, match=words):
        ReferenceOptions(**settings)  # type: ignore[arg-type]
