"""Every text a person can paste is read or answered in a time that its length says, whatever it is made of."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinema.motion.camera import PathError, read_trajectory
from kinema.motion.control import parse_indexes, parse_weights
from kinema.motion.pose import PoseError, parse_pose_text
from kinema.motion.prompts import parse_prompts, read_prompt
from kinema.motion.values import parse_curve, parse_expression, plain
from kinema.motion.windows import parse_frames

from tests.harness.growth import in_proportion

MEGABYTE = 1_000_000
READERS: dict[str, Callable[[str], object]] = {
    "prompts": lambda text: parse_prompts(text, 64),
    "before": read_prompt,
    "curve": lambda text: parse_curve(text, frames=64),
    "arithmetic": parse_expression,
    "indexes": parse_indexes,
    "weights": parse_weights,
    "frames": parse_frames,
    "camera": read_trajectory,
    "pose": parse_pose_text,
    "keyboard": plain,
}
REPEATED = [
    *(
        "0",
        " ",
        "\n",
        "\r\n",
        ",",
        ";",
        ":",
        ".",
        "-",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "`",
        "\\",
        "_",
        "<",
        "=",
        "t",
    ),
    *(
        "0:",
        "0 ",
        '0"',
        "\\u",
        "\\\\",
        "`t`",
        "--neg ",
        "--w ",
        "<a:",
        "[a:",
        "[:0.",
        "{a|",
        "__a",
        "AND ",
        "e+",
        "1.",
        "+1",
    ),
    *(
        "0: x\n",
        "0: 1, ",
        "0,",
        "0 1 ",
        "a'",
        '0: "a", ',
        "\u00a0",
        "\u3000",
        "\u200b",
        "\uff10",
        "\u0660",
        "\u201c",
        "\ud800",
    ),
]
BEGINNINGS = ["", '"0"', "0", '0: "', "0: ", "0: '", "0: (", "0: x", "max_f", "{", "https://", "[", "1 " * 18]


def reading(read: Callable[[str], object], text: str) -> Callable[[], None]:
    def run() -> None:
        told = ""
        try:
            read(text)
        except (ValueError, PathError, PoseError) as error:
            told = str(error)
        assert len(told) < 900, told[:200]

    return run


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(("size", "beginnings"), [(60_000, BEGINNINGS), (MEGABYTE, BEGINNINGS[:2])])
def test_repeats_take_what_their_length_says(name: str, size: int, beginnings: list[str]) -> None:
    slow = []
    for beginning in beginnings:
        for repeated in REPEATED:

            def cost(length: int, beginning: str = beginning, repeated: str = repeated) -> Callable[[], None]:
                return reading(READERS[name], beginning + repeated * (length // len(repeated)))

            if not in_proportion(cost, size):
                slow.append((beginning, repeated))
    assert slow == []


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([*REPEATED, *BEGINNINGS]), min_size=1, max_size=6),
    times=st.integers(1, 10_000),
    end=st.sampled_from(["", ":", '"', ")", "x", "\n"]),
)
def test_patterns_of_any_pieces_take_what_their_length_says(name: str, pieces: list[str], times: int, end: str) -> None:
    def cost(repeats: int) -> Callable[[], None]:
        return reading(READERS[name], ("".join(pieces) * repeats)[:MEGABYTE] + end)

    assert in_proportion(cost, times)
