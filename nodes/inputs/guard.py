"""One guard before all nodes: whatever is wrong with an input is told in one sentence, under that input.

The host asks a node's ``validate_inputs``, and hangs the answer on every input that this function names. So it
names the inputs with a fault and no others. Which those are is known in time, because the host shows a request to those
who watch it before it looks at the prompt (`watch`).
"""

import inspect
from collections.abc import Iterator, Mapping
from types import MethodType
from typing import Any, NamedTuple

from comfy_api.latest import io

from ..host import requests
from . import expected


class InputError(ValueError):
    """A value that came over a wire is nothing a node takes; the message names both."""


class Fault(NamedTuple):
    """What is wrong with one input of a node."""

    input: str
    sentence: str


def guarded(node: type[io.ComfyNode]) -> type[io.ComfyNode]:
    """The same node, whose inputs are checked against its declaration before a run and in it."""

    def execute(cls: type[io.ComfyNode], **given: Any) -> io.NodeOutput:
        schema = node.define_schema()
        for value in _one_by_one(schema, given):
            values = expected.flat(schema.inputs, value)
            for each in expected.declared(schema.inputs, values):
                problem = expected.wire_problem(each, values[each.id]) if each.id in values else None
                if problem is not None:
                    raise InputError(f"{schema.display_name}: {problem}")
        # the host sets hidden inputs on the class it calls with
        return node.execute.__func__(cls, **given)  # type: ignore[attr-defined]

    members = {
        "execute": classmethod(execute),
        "validate_inputs": _Check(node),
        "__doc__": node.__doc__,
        "__module__": node.__module__,
    }
    return type(node.__name__, (node,), members)


def _one_by_one(schema: io.Schema, given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a node is given: all at once, or each value of the lists that it takes."""
    if not schema.is_input_list:
        yield given
        return
    for name, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            yield {name: value}


def watch(nodes: list[type[io.ComfyNode]]) -> None:
    """Look for faults in the nodes of every request before the host does."""
    known = {str(node.define_schema().node_id): node for node in nodes}
    optional = {
        kind: {each.id for each in node.define_schema().inputs if each.optional} for kind, node in known.items()
    }

    def look(kind: str, inputs: dict[str, Any]) -> Fault | None:
        return settle(known[kind], inputs)

    own = {str(node.define_schema().node_id): _uploads(node) for node in nodes}
    requests.watch(optional, look, own)


def settle(node: type[io.ComfyNode], inputs: dict[str, Any]) -> Fault | None:
    """The first fault of a node as it is queued, None if it has none.

    What the host would stumble over is replaced, and numbers written as text become numbers; with a fault no node runs.
    """
    schema = node.define_schema()
    faults: list[Fault] = []
    literals: dict[str, Any] = {}
    expected.choose(schema.inputs, inputs)
    for each in (each for each in expected.declared(schema.inputs, inputs) if each.id in inputs):
        value = inputs[each.id]
        if isinstance(value, dict) and "__value__" in value:
            value = value["__value__"]
        if requests.is_link(value):
            literals[each.id] = None
            continue
        problem = expected.kind_problem(each, value)
        if problem is not None:
            faults.append(Fault(each.id, problem))
            inputs[each.id] = expected.stand_in(each)
        elif value is not None:
            literals[each.id] = inputs[each.id] = expected.read(each, value)
    stray = None if faults else expected.stray_problem(schema.inputs, inputs)
    if stray is not None:
        faults.append(Fault(*stray))
    if not faults:
        faults = _faults_of_values(node, schema, literals)
    return _told(schema, inputs, faults[0]) if faults else None


def _told(schema: io.Schema, inputs: dict[str, Any], fault: Fault) -> Fault:
    """A fault with the node's name, and the inputs so that the host tells nothing beside it and nothing elsewhere."""
    name, _, inner = fault.input.partition(".")
    if inner:
        # the host would find it once more, and what is told under an input is told under the choice it belongs to
        inputs.pop(fault.input)
    for each in schema.inputs:
        if each.id == name and isinstance(each, io.DynamicCombo.Input) and name in inputs:
            # the host does not know an input whose choice it does not know, and would let it pass
            inputs[name] = expected.stand_in(each)
    return Fault(name, f"{schema.display_name}: {fault.sentence}")


def _faults_of_values(node: type[io.ComfyNode], schema: io.Schema, literals: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with values of the right kind; the node's own words come first where they are about the same."""
    problems = (
        (each.id, expected.limit_problem(each, literals[each.id]))
        for each in expected.declared(schema.inputs, literals)
        if each.id in literals
    )
    limits = [Fault(name, problem) for name, problem in problems if problem and literals[name] is not None]
    own = _own_fault(node, literals)
    if own is not None and (not limits or own.input in {fault.input for fault in limits}):
        return [own]
    return limits


def _own_fault(node: type[io.ComfyNode], literals: Mapping[str, Any]) -> Fault | None:
    """What the node itself says, laid on the input it begins with, or else the first without which it would not."""
    validate = node.validate_inputs
    if validate.__func__ is io.ComfyNode.validate_inputs.__func__:  # type: ignore[attr-defined]
        return None
    given = {name: literals[name] for name in inspect.signature(validate).parameters if name in literals}
    answer = validate(**given)
    if answer is True:
        return None
    told = str(answer)
    by_name = sorted(given, key=lambda name: not told.startswith((f"{name} ", f"{name}:")))
    blamed = (name for name in by_name if given[name] is not None and validate(**{**given, name: None}) is True)
    return Fault(next(blamed, next(iter(given), "")), told)


def _uploads(node: type[io.ComfyNode]) -> list[str]:
    """Inputs for which files may be named that are not listed."""
    return [each.id for each in node.define_schema().inputs if expected.is_upload(each)]


class _Check:
    """``validate_inputs`` with the names of the inputs that have a fault in the current request."""

    def __init__(self, node: type[io.ComfyNode]) -> None:
        self.node = node

    def __get__(self, _: object, owner: type[io.ComfyNode]) -> MethodType:
        faults = requests.faults(str(self.node.define_schema().node_id))

        def validate_inputs(cls: type[io.ComfyNode], **given: Any) -> bool | str:
            if faults is not None:
                fault = faults.get(requests.current_node())
            else:
                # outside of a request nobody has looked yet; None is what comes over a wire
                schema = self.node.define_schema()
                if schema.is_input_list:
                    given = {name: values[0] for name, values in given.items() if values}
                flat = expected.flat(schema.inputs, given)
                fault = settle(self.node, {name: value for name, value in flat.items() if value is not None})
            return True if fault is None else fault.sentence

        if faults is not None:
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            named = (fault.input for fault in faults.values() if fault.input)
            # the host holds values to what it listed, but for inputs that are named here
            names = dict.fromkeys(("cls", *named, *_uploads(self.node)))
            validate_inputs.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
                [inspect.Parameter(name, kind) for name in names]
            )
        return MethodType(validate_inputs, owner)
