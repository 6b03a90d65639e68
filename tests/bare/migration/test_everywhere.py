"""Wires that Use Everywhere made while a workflow was queued."""

from typing import Any

import pytest
from kinema.motion.migration import migrate
from kinema.motion.migration.everywhere import fits
from kinema.motion.migration.records import UnsupportedError

from .small import HOST, Small, wired


def graph(small: Small, types: dict[tuple[int, int], str], **more: Any) -> dict[str, Any]:
    """A saved graph in which outputs have types, and open sockets by node id."""
    written = small.ui()
    for node in written["nodes"]:
        for slot, one in enumerate(node["outputs"]):
            one["type"] = types.get((node["id"], slot), "*")
        for name, type in more.get(f"n{node['id']}", {}).items():
            node["inputs"].append({"name": name, "type": type, "link": None})
    return written


def reached(written: dict[str, Any], node: int) -> dict[str, int | None]:
    """Where the inputs of a node come from."""
    rows = {row[0]: row for row in written["links"]}
    raw = next(one for one in written["nodes"] if one["id"] == node)
    return {one["name"]: rows[one["link"]][1] if one["link"] else None for one in raw["inputs"]}


def test_every_open_input_of_the_type() -> None:
    small = Small()
    model, vae = small.source(), small.source()
    small.node("Anything Everywhere3", {}, anything=model, b=vae)
    end = small.sink()
    workflow = graph(small, {(1, 0): "MODEL", (2, 0): "VAE"}, n4={"model": "MODEL", "vae": "VAE", "clip": "CLIP"})
    before = str(workflow)
    written, report = migrate(workflow, HOST)
    assert str(workflow) == before
    wired(written)
    assert reached(written, end) == {"model": model, "vae": vae, "clip": None}
    assert len(written["nodes"]) == 3
    assert report.done[0].pack == "Use Everywhere"
    assert not report.kept


def test_names_and_titles_choose_and_the_choosier_wins() -> None:
    small = Small()
    good, bad, other = small.source(), small.source(), small.source()
    small.node("Prompts Everywhere", {}, a=good, b=bad)
    small.node("Anything Everywhere", {}, a=other)
    small.node("Anything Everywhere?", ["special", ".*", ".*"], a=bad)
    plain, special = small.sink(), small.node("Sink", title="My special one")
    open = {"positive": "CONDITIONING", "negative": "CONDITIONING", "third": "CONDITIONING"}
    types = {(key, 0): "CONDITIONING" for key in (good, bad, other)}
    written, _ = migrate(graph(small, types, **{f"n{plain}": open, f"n{special}": open}), HOST)
    wired(written)
    assert reached(written, plain) == {"positive": good, "negative": bad, "third": other}
    assert reached(written, special) == dict.fromkeys(open, bad)


def test_a_seed_becomes_a_number_with_wires() -> None:
    small = Small()
    small.node("Seed Everywhere", [42, "fixed"])
    end = small.sink()
    written, report = migrate(graph(small, {(1, 0): "INT"}, n2={"noise_seed": "INT", "steps": "INT"}), HOST)
    wired(written)
    assert reached(written, end) == {"noise_seed": 1, "steps": None}
    assert written["nodes"][0]["type"] == "PrimitiveInt"
    assert written["nodes"][0]["widgets_values"][0] == 42
    assert not report.kept


def test_nothing_before_it_is_reached() -> None:
    small = Small()
    first = small.source()
    second = small.node("Source", a=first)
    small.node("Anything Everywhere", {}, a=second)
    workflow = graph(small, {(1, 0): "IMAGE", (2, 0): "IMAGE"}, n1={"image": "IMAGE"}, n2={"image": "IMAGE"})
    written, _ = migrate(workflow, HOST)
    wired(written)
    assert reached(written, first) == {"image": None}
    assert reached(written, second)["image"] is None


def test_two_that_would_reach_the_same_input_reach_none() -> None:
    small = Small()
    for _ in range(2):
        small.node("Anything Everywhere", {}, a=small.source())
    end = small.sink()
    written, _ = migrate(
        graph(small, {(2, 0): "VAE", (4, 0): "VAE", (1, 0): "VAE", (3, 0): "VAE"}, n5={"v": "VAE"}), HOST
    )
    assert reached(written, end) == {"v": None}


@pytest.mark.parametrize(
    "change",
    [
        {"properties": {"group_restricted": 1}},
        {"properties": {"color_restricted": True}},
        {"widgets_values": ["(a+)+$", ".*", ".*"]},
        {"widgets_values": [".*", ".*", "my group"]},
    ],
)
def test_what_cannot_be_followed_stays_and_says_why(change: dict) -> None:
    small = Small()
    small.node("Anything Everywhere?", [".*", ".*", ".*"], a=small.source())
    small.sink()
    workflow = graph(small, {(2, 0): "VAE"}, n3={"vae": "VAE"})
    workflow["nodes"][0] |= change
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert "connect them yourself" in report.kept[0].reason


def test_prompts_have_the_wires_already() -> None:
    small = Small()
    source = small.source()
    small.node("Anything Everywhere", {}, a=source)
    small.sink(a=source)
    written, report = migrate(small.api(), HOST)
    assert list(written) == ["1", "3"]
    assert not report.kept


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        (".*", "anything", True),
        ("seed", "noise_seed", True),
        (".*images", "the Images", True),
        ("^a.*c$", "abc", True),
        ("^a.*c$", "xabc", False),
        ("fps|frame_rate", "frame_rate", True),
        ("|", "anything", True),
        ("x", "abc", False),
    ],
)
def test_patterns(pattern: str, text: str, wanted: bool) -> None:
    assert fits(pattern, text) is wanted


def test_patterns_that_could_take_for_ever_are_refused() -> None:
    for pattern in ("(a+)+$", "a" * 1000, "[a-z]"):
        with pytest.raises(UnsupportedError):
            fits(pattern, "a")
