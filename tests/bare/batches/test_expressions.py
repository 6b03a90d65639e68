"""Texts that name frames, against Python's own lists and slices."""

import contextlib
import random
import time
import tracemalloc

import pytest
from kinema.motion.batches import OUTSIDE, BatchError, choose, parse_selection

ERROR, CLAMP, LEAVE_OUT = OUTSIDE
MINUSES = "-\u2212\u2013\u2014\uff0d"
SEPARATORS = (",", ", ", ";", " ; ", "\n", "\r\n", ",\n", "\uff0c", "\u3001", ",,")
SPACES = (" ", "  ", "\t", "\u00a0", ", ")
COLONS = (":", "\uff1a")
LOOSE_COLONS = (*COLONS, " :", ": ", " : ")


def python(count: int, parts: list[str], outside: str = ERROR) -> list[int]:
    """The same parts as Python has them."""
    frames = list(range(count))
    found: list[int] = []
    for part in parts:
        if ":" in part:
            bounds = [int(bound) if bound else None for bound in part.split(":")]
            found += frames[slice(*bounds)]
        elif outside == CLAMP:
            number = int(part) + (count if int(part) < 0 else 0)
            found.append(frames[min(max(number, 0), count - 1)])
        elif outside == ERROR or -count <= int(part) < count:
            found.append(frames[int(part)])
    return found


def random_part(rng: random.Random, reach: int) -> str:
    def number() -> str:
        return rng.choice(["", "", str(rng.randint(-reach, reach))])

    if rng.random() < 0.5:
        return str(rng.randint(-reach, reach))
    if rng.random() < 0.5:
        return f"{number()}:{number()}"
    return f"{number()}:{number()}:{rng.choice(['', '1', '2', '3', '-1', '-2', '7', '-99'])}"


def typed(rng: random.Random, parts: list[str]) -> str:
    """The parts as any keyboard may write them."""
    text = rng.choice(["", " ", "\n"])
    # a space on either side of a colon belongs to it, so it cannot separate as well
    open_ended = any(part[0] == ":" or part[-1] == ":" for part in parts)
    separators, colons = (SEPARATORS, LOOSE_COLONS) if open_ended or rng.random() < 0.5 else (SPACES, COLONS)
    for part in parts:
        written = part.replace("-", rng.choice(MINUSES)).replace(":", rng.choice(colons))
        text += written.strip() + rng.choice(separators)
    return rng.choice(["{}", "[{}]", "( {} )", "\u200b{}"]).format(text)


@pytest.mark.parametrize("outside", OUTSIDE)
def test_as_python_has_it(outside: str) -> None:
    rng = random.Random(7)
    seen = {"taken": 0, "refused": 0}
    for _ in range(4000):
        count = rng.choice([1, 2, 3, 16, 100])
        parts = [random_part(rng, rng.choice([3, 20, 200])) for _ in range(rng.randint(1, 6))]
        text = typed(rng, parts)
        try:
            wanted = python(count, parts, outside)
        except IndexError:
            wanted = []
        if wanted:
            assert list(choose(parse_selection(text), count, outside).indices) == wanted, (text, count)
        else:
            with pytest.raises(BatchError):
                choose(parse_selection(text), count, outside)
        seen["taken" if wanted else "refused"] += 1
    assert min(seen.values()) > 50, seen


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0, 4:16:2, -1", [0, 4, 6, 8, 10, 12, 14, 15]),
        ("::2", list(range(0, 16, 2))),
        ("10:0:-1", list(range(10, 0, -1))),
        (":", list(range(16))),
        ("::-1", list(range(15, -1, -1))),
        ("3 -1", [3, 15]),
        ("- 1", [15]),
        ("+2", [2]),
        ("1,\n2\n\n3;", [1, 2, 3]),
        ("\uff11\uff0c\uff12", [1, 2]),
        ("0:999999999999", list(range(16))),
        ("-999999999999999999:2", [0, 1]),
    ],
)
def test_what_people_write(text: str, wanted: list[int]) -> None:
    assert list(choose(parse_selection(text), 16).indices) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "indices is empty. Write which frames to take"),
        (" ,;\n ", "indices is empty"),
        ("[]", "indices is empty"),
        ("0-5", "`0-5` is no range. Write it with a colon, as in 0:6"),
        ("0 - 5", "`0 - 5` is no range"),
        ("0..5", "`0..5` is no range"),
        ("0\u20135", "is no range"),
        ("1.5", "`1.5` is neither a frame nor a range"),
        ("all", "`all` is neither"),
        ("0:4:2:1", "`0:4:2:1` is neither"),
        ("1e3", "`1e3` is neither"),
        ("--1", "`--1` is neither"),
        ("-", "`-` is neither"),
        ("9" * 50, "`9{24}…` is neither"),
        ("0:4:0", "`0:4:0` has a step of 0"),
        ("1," * 60_000, "120000 characters; 100000 are the most"),
        ("\ud800", "is neither"),
    ],
)
def test_what_cannot_be_read_is_answered(text: str, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        parse_selection(text)


def test_frames_that_are_not_there() -> None:
    parts = parse_selection("0, 16, -17, 3")
    with pytest.raises(BatchError, match="no frame 16 among 16 frames, which go from 0 to 15, or -16 to -1"):
        choose(parts, 16)
    clamped, left = choose(parts, 16, CLAMP), choose(parts, 16, LEAVE_OUT)
    assert list(clamped.indices) == [0, 15, 0, 3]
    assert list(left.indices) == [0, 3]
    assert clamped.told == "2 of the numbers are of no frame; the nearest are taken."
    assert left.told == "2 of the numbers are of no frame; they are left out."
    for outside in OUTSIDE[::2]:
        with pytest.raises(BatchError, match="takes none of the 16 frames"):
            choose(parse_selection("20:30"), 16, outside)
    assert choose(parse_selection("0, 20:30"), 16).told == "`20:30` takes none of the 16 frames."


@pytest.mark.parametrize("text", ["1," * 50_000, " " * 100_000, "0" + " " * 99_998 + "1", ":" * 100_000, "-" * 100_000])
def test_long_texts_are_read_in_time(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(BatchError):
        parse_selection(text)
    assert time.perf_counter() - began < 3


def test_huge_ranges_take_no_memory() -> None:
    tracemalloc.start()
    assert len(choose(parse_selection("0:999999999999"), 500_000).indices) == 500_000
    with pytest.raises(BatchError, match="That makes 25000000000 frames; 1000000 are the most"):
        choose(parse_selection(":," * 50_000), 500_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
