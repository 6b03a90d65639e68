"""What all nodes have in common: where they are in the menu, what may be left out, what is told about them."""

import inspect
from typing import Any

import pytest
from comfy_api.latest import io
from kinema import nodes
from kinema.nodes import inputs as guard
from kinema.nodes.inputs import expected

NEEDED = {("KinemaPromptTravel", "prompts")}
"""Inputs whose default is an example to write over."""
UNWRITTEN = {"KinemaLoadCameraPath"}
"""Nodes that have nothing to read until somebody writes it."""
NODES = [
    pytest.param(node, subject, id=node.define_schema().node_id)
    for subject in vars(nodes).values()
    if inspect.ismodule(subject) and hasattr(subject, "NODES")
    for node in subject.NODES
]


def inputs(node: type[io.ComfyNode]) -> dict[str, Any]:
    return {each.id: each for each in node.define_schema().inputs}


def test_every_node_belongs_to_one_subject() -> None:
    assert sorted(str(param.id) for param in NODES) == sorted(str(node.define_schema().node_id) for node in nodes.NODES)


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_the_menu_has_the_subject(node: type[io.ComfyNode], subject: Any) -> None:
    assert node.define_schema().category == f"Kinema/{subject.__name__.rpartition('.')[2]}"


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_whatever_has_a_default_may_be_left_out(node: type[io.ComfyNode], subject: Any) -> None:
    schema = node.define_schema()
    wrong = [
        name
        for name, each in inputs(node).items()
        if _default(each) is not None and not each.optional and (schema.node_id, name) not in NEEDED
    ]
    assert wrong == []


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_what_is_left_out_is_as_the_node_shows_it(node: type[io.ComfyNode], subject: Any) -> None:
    given = inspect.signature(node.execute).parameters
    shown = {name: _default(each) for name, each in inputs(node).items() if each.optional}
    differ = {
        name: (value, given[name].default)
        for name, value in shown.items()
        if name in given and value is not None and given[name].default != value
    }
    assert differ == {}


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_everything_is_explained(node: type[io.ComfyNode], subject: Any) -> None:
    schema = node.define_schema()
    assert [each.id for each in (*schema.inputs, *schema.outputs) if not each.tooltip] == []
    assert schema.description


WRONG = [None, {}, {"a": 1}, "\ud800", float("nan"), [8.0], [1, 0]]
"""Values that hardly any input takes."""


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_every_input_says_what_it_takes(node: type[io.ComfyNode], subject: Any) -> None:
    schema = node.define_schema()
    told = []
    for each in schema.inputs:
        problems = [guard.settle(node, {each.id: value}) for value in WRONG]
        found = [fault for fault in problems if fault is not None]
        # an input that is only ever connected may be null where it may be left out
        assert len(found) >= len(WRONG) - 1, each.id
        assert {fault.input for fault in found} == {each.id}
        told += [fault.sentence for fault in found]
    assert all(sentence.startswith(f"{schema.display_name}: ") and sentence.endswith(".") for sentence in told)
    assert [sentence for sentence in told if len(sentence) > 400 or not sentence.isprintable()] == []


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_what_the_node_shows_at_first_has_no_fault(node: type[io.ComfyNode], subject: Any) -> None:
    schema = node.define_schema()
    shown = {each.id: _default(each) for each in schema.inputs if _default(each) is not None}
    unlisted = {each.id for each in schema.inputs if getattr(each, "options", None) == []}
    fault = guard.settle(node, {name: value for name, value in shown.items() if name not in unlisted})
    assert (fault is None) == (schema.node_id not in UNWRITTEN)


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_choices_are_texts(node: type[io.ComfyNode], subject: Any) -> None:
    assert {type(option) for each in inputs(node).values() for option in expected.choices(each) or ()} <= {str}


@pytest.mark.parametrize(("node", "subject"), NODES)
def test_beyond_its_range_is_a_fault(node: type[io.ComfyNode], subject: Any) -> None:
    for each in node.define_schema().inputs:
        widget = getattr(each, "input_override", None) or each
        for edge, beyond in ((getattr(widget, "min", None), -1), (getattr(widget, "max", None), 1)):
            if edge is not None:
                fault = guard.settle(node, {each.id: edge + beyond})
                assert fault is not None
                assert fault.input == each.id
                assert expected.wire_problem(each, edge + beyond) is not None or each is not widget


def test_a_value_over_a_wire_is_named() -> None:
    (node,) = [node for node in nodes.NODES if node.define_schema().node_id == "KinemaVideoFrames"]
    with pytest.raises(guard.InputError, match="Video Frames: frame_rate takes a number from 0 to 1000, not NaN"):
        node.execute(video=None, frame_rate=float("nan"))
    (node,) = [node for node in nodes.NODES if node.define_schema().node_id == "KinemaCombineVideo"]
    with pytest.raises(guard.InputError, match="images takes a value of type IMAGE or VIDEO, but nothing came over"):
        node.execute(images=None)


def test_the_first_input_without_which_a_node_would_not_complain_is_blamed() -> None:
    (node,) = [param.values[0] for param in NODES if param.id == "KinemaAnimateModel"]
    fault = guard.settle(node, {"start_percent": 0.8, "end_percent": 0.2, "motion_scale": "1.5"})
    assert fault is not None
    assert fault.input == "start_percent"
    given = {"start_percent": 0.2, "end_percent": 2.0}
    fault = guard.settle(node, given)
    assert fault is not None
    assert fault.input == "end_percent"


def test_numbers_written_as_text_become_numbers() -> None:
    (node,) = [param.values[0] for param in NODES if param.id == "KinemaAnimateModel"]
    given: dict[str, Any] = {"motion_scale": "1.5", "start_percent": "0.25", "model": ["1", 0]}
    assert guard.settle(node, given) is None
    assert given == {"motion_scale": 1.5, "start_percent": 0.25, "model": ["1", 0]}


def _default(each: Any) -> Any:
    widget = getattr(each, "input_override", None) or each
    return getattr(widget, "default", None)
