"""Prompts on their way into the queue, looked at before the host checks them."""

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from comfy_execution import graph_utils
from comfy_execution.utils import get_executing_context

_found: ContextVar[dict[str, dict[str, Any]] | None] = ContextVar("kinema_faults", default=None)
"""Of the request that is answered now: kind of node to the node's number to its fault."""


class BrokenLink(NamedTuple):
    """A link to an output that is not there."""

    node: str
    output: Any

    def __str__(self) -> str:
        return f"output {self.output!r} of node {self.node!a}, which the prompt does not have"


def watch(
    kinds: Mapping[str, Collection[str]],
    look: Callable[[str, dict[str, Any]], Any],
    own: Mapping[str, Collection[str]],
) -> None:
    """Show every node of these kinds in a request to ``look``.

    Args:
        kinds: kind of node to the inputs that may be left out.
        look: gets a node's kind and inputs, and gives its fault, which has the name of an input, or None.
        own: kind of node to the inputs that it checks itself, in place of the host.
    """
    from server import PromptServer  # the module exists only while a server runs

    def on_prompt(request: dict[str, Any]) -> dict[str, Any]:
        seen: dict[str, dict[str, Any]] = {}
        _found.set(seen)
        sent = request.get("prompt")
        prompt: dict[str, Any] = sent if isinstance(sent, dict) else {}
        for number, node in prompt.items():
            kind = node.get("class_type") if isinstance(node, dict) else None
            if not isinstance(kind, str) or kind not in kinds:
                continue
            if not isinstance(node.get("inputs"), dict):
                node["inputs"] = {}
            _unlink(prompt, node["inputs"])
            fault = look(kind, node["inputs"])
            if fault is not None:
                seen.setdefault(kind, {})[number] = fault
        for kind, of_kind in seen.items():
            named = {fault.input for fault in of_kind.values()} | {*own.get(kind, ())}
            for number, fault in of_kind.items():
                # the host would tell a node's fault under the names of the others' as well; this node does not run
                for name in named.intersection(kinds[kind]) - {fault.input}:
                    prompt[number]["inputs"].pop(name, None)
        return request

    PromptServer.instance.add_on_prompt_handler(on_prompt)


def faults(kind: str) -> dict[str, Any] | None:
    """What was found in nodes of a kind in the current request, by number; None outside of a request."""
    seen = _found.get()
    return None if seen is None else seen.get(kind, {})


def current_node() -> str:
    """The number of the node that is checked or runs now."""
    context = get_executing_context()
    return "" if context is None else context.node_id


def is_link(value: Any) -> bool:
    """Whether a value in a prompt is the output of another node."""
    return graph_utils.is_link(value)


def _unlink(prompt: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Make a broken link a value, which no input takes: the host would stop at it with a KeyError or an IndexError."""
    for name, value in inputs.items():
        if is_link(value) and not _leads_somewhere(prompt, value):
            inputs[name] = BrokenLink(*value)


def _leads_somewhere(prompt: dict[str, Any], link: list[Any]) -> bool:
    import nodes  # the host's

    node = prompt.get(link[0])
    kind = node.get("class_type") if isinstance(node, dict) else None
    node_class = nodes.NODE_CLASS_MAPPINGS.get(kind) if isinstance(kind, str) else None
    # a node that is not installed is told by the host
    return node is not None and (
        node_class is None or (isinstance(link[1], int) and 0 <= link[1] < len(node_class.RETURN_TYPES))
    )
