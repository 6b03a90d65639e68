"""Which files of a folder are the pictures of a clip."""

import random
import time

import pytest
from kinema.motion.video import Choice, folder_problem, is_picture, listable, matching, natural, pattern_problem, picked

LETTERS = "aB1 .*?[]!-_/\\:\0\n\u00e9e\u0301\u30c9\ud800\U0001f600%$'\"~|^<>"


def odd_names(count: int) -> list[str]:
    draw = random.Random(7)
    return ["".join(draw.choices(LETTERS, k=draw.randint(0, 40))) for _ in range(count)]


def test_two_comes_before_ten_whatever_the_case() -> None:
    names = ["Frame10.png", "frame9.png", "frame2.PNG", "FRAME1.png", "frame10.jpg", "2.png", "10.png"]
    assert sorted(names, key=natural) == [
        "2.png", "10.png", "FRAME1.png", "frame2.PNG", "frame9.png", "frame10.jpg", "Frame10.png"
    ]  # fmt: skip


def test_names_that_differ_in_case_or_zeros_alone_keep_one_order() -> None:
    names = ["a1.png", "A1.png", "a01.png", "A001.png"]
    orders = {tuple(sorted(random.Random(seed).sample(names, 4), key=natural)) for seed in range(24)}
    assert len(orders) == 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["a.png", "B2.JPG", "walk_1.png", "walk_10.png"]),
        ("", ["a.png", "B2.JPG", "walk_1.png", "walk_10.png"]),
        (" *.png ", ["a.png", "walk_1.png", "walk_10.png"]),
        ("*.jpg", ["B2.JPG"]),
        ("WALK_?.png", ["walk_1.png"]),
        ("walk_[0-9]*", ["walk_1.png", "walk_10.png"]),
        ("[!w]*", ["a.png", "B2.JPG"]),
        ("[", []),
        ("*.txt", []),
    ],
)
def test_patterns(pattern: str, expected: list[str]) -> None:
    names = ["walk_10.png", "notes.txt", "a.png", "B2.JPG", "walk_1.png", ".hidden.png", "png", ".png"]
    assert matching(names, pattern) == expected


def test_an_accent_is_the_same_in_one_sign_or_two() -> None:
    assert matching(["caf\u00e9.png", "cafe\u0301.png"], "CAF\u00c9.*") == ["cafe\u0301.png", "caf\u00e9.png"]


def test_no_pattern_takes_long() -> None:
    names = ["a" * 250 + ".png"] * 200
    for pattern in ("*a" * 120 + "b", "?" * 250 + "*", "*" * 255, "[a-z]*" * 40 + "!", "*[!a]" * 50):
        began = time.monotonic()
        matching(names, pattern)
        assert time.monotonic() - began < 5


def test_skip_every_and_count() -> None:
    names = [str(number) for number in range(10)]
    assert picked(names, Choice()) == names
    assert picked(names, Choice(skip=3, every=2, count=2)) == ["3", "5"]
    assert picked(names, Choice(skip=10)) == []
    for choice in (Choice(skip=skip, every=every) for skip in range(12) for every in range(1, 5)):
        assert picked(names, choice) == [name for name in names if choice.takes(int(name))]


@pytest.mark.parametrize(
    "folder",
    ["", " ", "..", "../x", "a/..", "a/../..", "/etc", "a//b", "a/", "./a", "a/.", ".git", "a/.b", "\\\\host\\share",
     "a\\b", "C:", "C:/x", "c:x", "a\0b", "a\nb", "\u202ea", "\ud800", "a/ /b", "//x", "~/../x"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_no_folders(folder: str) -> None:
    problem = folder_problem(folder)
    assert problem is not None
    assert problem.startswith("folder ")
    assert problem.isprintable()
    assert problem.endswith(".")


@pytest.mark.parametrize(
    "folder", [".", "walk", "shots/walk", "my walk", "\u6b69\u304f", "caf\u00e9", "a.b", "~", "$HOME", "a'b"]
)
def test_names_of_folders(folder: str) -> None:
    assert folder_problem(folder) is None
    assert listable(folder) == (folder not in (".", "shots/walk"))


def test_two_thousand_odd_names_and_patterns() -> None:
    odd = odd_names(2000)
    for name in odd:
        for problem in (folder_problem(name), pattern_problem(name)):
            assert problem is None or (problem.isprintable() and problem.endswith("."))
        if folder_problem(name) is None and name != ".":
            assert not {"", ".", ".."} & {*name.split("/")}
            assert "\\" not in name
        assert matching([*odd[:50], "a.png"], name) is not None
        assert not is_picture(name) or name.rpartition(".")[0]
    assert sorted(odd, key=natural) == sorted(random.Random(3).sample(odd, len(odd)), key=natural)


def test_a_long_pattern_is_refused() -> None:
    assert pattern_problem("*" * 255) is None
    assert pattern_problem("*" * 256) == "pattern has 256 characters; names have no more than 255. Shorten it."
