"""Filename prefixes with dates and node values."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinema.motion.video import expand_prefix

NOW = datetime(2026, 3, 7, 9, 5, 2)
PROMPT = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 42, "model": ["1", 0]}, "_meta": {"title": "Sampler one"}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a/b:c"}},
}
WORKFLOW = {"nodes": [{"id": 3, "properties": {"Node name for S&R": "main"}}]}


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        ("plain", "plain"),
        ("%date:yyyy-MM-dd%/x", "2026-03-07/x"),
        ("%date:yy_M_d-h.m.s%", "26_3_7-9.5.2"),
        ("%date:hh:mm%", "09_05"),
        ("%KSampler.seed%", "42"),
        ("%Sampler one.seed%-%main.seed%", "42-42"),
        ("%CLIPTextEncode.text%", "a_b_c"),
        ("%KSampler.model%", "%KSampler.model%"),
        ("%nobody.seed%", "%nobody.seed%"),
        ("%width%x%year%", "%width%x%year%"),
        ("100%", "100%"),
    ],
)
def test_expand(prefix: str, wanted: str) -> None:
    assert expand_prefix(prefix, PROMPT, WORKFLOW, NOW) == wanted


def test_without_prompt() -> None:
    assert expand_prefix("%date:yyyy%-%a.b%", None, None, NOW) == "2026-%a.b%"


@pytest.mark.parametrize(
    ("prompt", "workflow"),
    [
        (["no", "dictionary"], "text"),
        ({"1": None, "2": 5}, {"nodes": 7}),
        ({"1": {"class_type": ["a"], "inputs": [1], "_meta": "text"}}, {"nodes": [None, {"id": {}}, {"id": [1]}]}),
        ({"1": {"class_type": "a", "_meta": {"title": ["b"]}}}, {"nodes": [{"id": 1, "properties": 3}]}),
        (
            {"1": {"class_type": {}, "_meta": {"title": {}}}},
            {"nodes": [{"id": 1, "properties": {"Node name for S&R": []}}]},
        ),
        ({"1": {"class_type": "a", "inputs": {"b": 10**6000}}}, {"nodes": [{"id": 10**6000}]}),
        ({"1": {"class_type": "a", "inputs": {"b": {"deep": []}}}}, None),
    ],
)
def test_requests_of_any_shape(prompt: object, workflow: object) -> None:
    assert expand_prefix("%date:yyyy%/%a.b%", prompt, workflow, NOW) == "2026/%a.b%"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("x" * 5000, "x" * 120),
        ("", "_"),
        (".", "_"),
        ("a\ud800b\n", "a_b_"),
        ("%d", "%d"),
        (True, "True"),
        (1.5, "1.5"),
    ],
)
def test_values_as_names(value: object, wanted: str) -> None:
    assert expand_prefix("%a.b%", {"1": {"class_type": "a", "inputs": {"b": value}}}, None, NOW) == wanted


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["1", "nodes", "_meta", "title", "inputs", "class_type", "a", "b", "properties"])
            | st.text(),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TREES, TREES)
def test_no_request_breaks_a_name(prompt: object, workflow: object) -> None:
    assert expand_prefix("%a.b%-%date:dd%", prompt, workflow, NOW).endswith("-07")
