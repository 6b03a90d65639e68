"""Which frames of a video make up a clip."""

import pytest
from kinema.motion.video import Choice, Shown, chosen, clip_size


def video(count: int, rate: float) -> list[Shown[int]]:
    return [Shown(number / rate, (number + 1) / rate, number) for number in range(count)]


def test_all_of_them() -> None:
    assert list(chosen(video(5, 24.0), Choice())) == [0, 1, 2, 3, 4]


def test_a_third_of_them_at_a_third_of_the_rate() -> None:
    assert list(chosen(video(24, 24.0), Choice(rate=8.0))) == list(range(0, 24, 3))


def test_a_slow_video_repeats_its_pictures() -> None:
    assert list(chosen(video(3, 4.0), Choice(rate=8.0))) == [0, 0, 1, 1, 2, 2]


def test_odd_rates_show_what_is_on_the_screen() -> None:
    rate = 30000 / 1001
    found = list(chosen(video(300, rate), Choice(rate=8.0)))
    assert found == [int(number / 8.0 * rate + 1e-5) for number in range(len(found))]
    assert len(found) == 81  # 10.01 seconds


def test_uneven_times_as_phones_write_them() -> None:
    shown = [Shown(0.0, 0.5, "a"), Shown(0.5, 0.51, "b"), Shown(0.51, 1.0, "c")]
    assert list(chosen(shown, Choice(rate=4.0))) == ["a", "a", "b", "c"]


@pytest.mark.parametrize("rate", [0.0, 8.0])
def test_skip_every_and_count(rate: float) -> None:
    assert list(chosen(video(20, 8.0), Choice(rate, skip=3, every=4, count=3))) == [3, 7, 11]
    assert list(chosen(video(20, 8.0), Choice(rate, skip=20))) == []


@pytest.mark.parametrize("choice", [Choice(), Choice(8.0), Choice(8.0, 3, 4), Choice(12.0, 1, 2, 5), Choice(0.0, 90)])
def test_the_expected_number_is_the_real_one(choice: Choice) -> None:
    assert choice.needed(48 / 24.0, 24.0) == len(list(chosen(video(48, 24.0), choice)))


def test_nothing_is_read_beyond_the_last_frame() -> None:
    pictures = iter(video(100, 8.0))
    list(chosen(pictures, Choice(8.0, count=2)))
    assert next(pictures).picture == 2


def test_sizes() -> None:
    assert clip_size((1920, 1080), 0, 0) == (1920, 1080)
    assert clip_size((1920, 1080), 512, 512) == (512, 512)
    assert clip_size((1920, 1080), 512, 0) == (512, 288)
    assert clip_size((1080, 1920), 0, 512) == (288, 512)
    assert clip_size((4000, 10), 64, 0) == (64, 8)
