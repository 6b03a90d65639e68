"""What all nodes have in common: where they are in the menu, what may be left out, what is told about them."""

import inspect
from typing import Any

import pytest
from comfy_api.latest import io
from kinema import nodes

NEEDED = {("KinemaPromptTravel", "prompts")}
"""Inputs whose default is an example to write over."""
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


def _default(each: Any) -> Any:
    widget = getattr(each, "input_override", None) or each
    return getattr(widget, "default", None)
