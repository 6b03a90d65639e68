"""Prompt travel: which prompts a frame sees, and how much of each."""

import pytest
from kinema.motion.prompts import Travel, described, plan_travel


def seen(found: Travel) -> list[str]:
    """Each frame as "first", or "first>second share"."""
    return [
        found.prompts[blend.first]
        + (f">{found.prompts[blend.second]} {blend.share:.3g}" if blend.first != blend.second else "")
        for blend in found.blends
    ]


def test_frames_blend_their_neighbours() -> None:
    found = plan_travel('1: "a", 5: "b", 6: "c"', 8)
    assert seen(found) == ["a", "a", "a>b 0.25", "a>b 0.5", "a>b 0.75", "b", "c", "c"]
    assert found.prompts == ("a", "b", "c")
    assert found.keys == (1, 5, 6)
    assert found.warnings == ()


def test_closed_loop_leads_back() -> None:
    found = plan_travel('2: "a", 6: "b"', 8, closed_loop=True)
    assert seen(found) == ["b>a 0.5", "b>a 0.75", "a", "a>b 0.25", "a>b 0.5", "a>b 0.75", "b", "b>a 0.25"]
    assert seen(plan_travel('0: "a", 4: "b"', 8, closed_loop=True))[5:] == ["b>a 0.25", "b>a 0.5", "b>a 0.75"]
    assert seen(plan_travel('3: "a"', 3, closed_loop=True)) == ["a"] * 3


@pytest.mark.parametrize(
    ("shape", "shares"),
    [
        ("linear", [0, 0.25, 0.5, 0.75]),
        ("hold", [0, 0, 0, 0]),
        ("ease_in", [0, 0.0625, 0.25, 0.5625]),
        ("ease_out", [0, 0.4375, 0.75, 0.9375]),
        ("ease_in_out", [0, 0.15625, 0.5, 0.84375]),
    ],
)
def test_shapes(shape: str, shares: list[float]) -> None:
    found = plan_travel('0: "a", 4: "b"', 5, shape=shape)
    assert [blend.share for blend in found.blends] == [*shares, 0]
    assert found.prompts[found.blends[4].first] == "b"


def test_equal_prompts_are_encoded_once() -> None:
    found = plan_travel('0: "a", 4: "b", 8: "a", 12: "a"', 16)
    assert found.prompts == ("a", "b")
    assert seen(found)[8:] == ["a"] * 8
    assert all(blend.share == 0 for blend in found.blends[8:])


def test_text_before_and_after() -> None:
    assert plan_travel('0: "a cat", 4: ""', 5, before=" best, ", after="outdoors\n").prompts == (
        "best, a cat outdoors",
        "best, outdoors",
    )
    assert plan_travel('0: ""', 1).prompts == ("",)


def test_prompts_past_the_end_are_told() -> None:
    found = plan_travel('0: "a", 24: "b", 30: "c"', 12)
    assert seen(found)[6] == "a>b 0.25"
    assert found.warnings == (
        "The clip has frames 0 to 11, and there are prompts past its end, for 24, 30. It ends on the way to frame 24.",
    )
    assert "for 12. All of it shows the prompt for frame 12." in plan_travel('12: "a"', 12).warnings[0]
    assert "closed before them" in plan_travel('0: "a", 12: "b"', 12, closed_loop=True).warnings[0]
    assert "for 1, 2, 3 and 6 more." in plan_travel(",".join(f'{i}: "{i}"' for i in range(10)), 1).warnings[0]


def test_arithmetic_is_computed_for_each_frame() -> None:
    found = plan_travel(
        '0: "(smile:`t / max_f`), `pw_a`", 4: "(smile:`-0.5 * pw_b`)"', 5, values={"pw_a": 2, "pw_b": [0, 1]}
    )
    assert seen(found) == [
        "(smile:0.000), 2.000",
        "(smile:0.250), 2.000>(smile:-0.500) 0.25",
        "(smile:0.500), 2.000>(smile:-0.500) 0.5",
        "(smile:0.750), 2.000>(smile:-0.500) 0.75",
        "(smile:-0.500)",
    ]


@pytest.mark.parametrize(("frames", "shape"), [(0, "linear"), (16, "zigzag")])
def test_what_is_no_clip_or_shape(frames: int, shape: str) -> None:
    with pytest.raises(ValueError, match=f"{frames} frames in shape '{shape}': choose one of"):
        plan_travel('0: "a"', frames, shape=shape)


def test_described() -> None:
    assert described(plan_travel('0: "a", 2: "b"', 5, shape="ease_in")) == "0: a\n1: 75% a | 25% b\n2-4: b"
    assert described(plan_travel('0: "a"', 1)) == "0: a"
