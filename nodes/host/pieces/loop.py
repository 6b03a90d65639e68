"""The nodes between Video in Pieces and Save Pieces, and copies of them for the pieces that are left.

The host runs a node once. So Save Pieces answers with new nodes: the piece that comes next has a copy of everything
from Video in Pieces to Save Pieces, and what leads there from outside stays as it is. For more than one piece there is
a Save Pieces that makes no piece but copies for one half of them and then for the other half. So graphs lie in one
another only as deep as the logarithm of the number of pieces: the host goes through them by recursion, and as long as a
node waits for what it made, the host keeps what was given to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from comfy_execution.graph_utils import GraphBuilder, is_link

from ....motion.pieces import PiecesError

START, END = "KinemaVideoInPieces", "KinemaSavePieces"
TASK, AFTER = "kinema_task", "kinema_after"
"""Inputs of copies that nobody sees: a node does not get what it does not declare, but a link is waited for."""
PICTURES = ("samples", "vae", "images")
"""Inputs of Save Pieces that determine the frames."""
AT_ONCE = {name: f"kinema_{name}" for name in PICTURES}
"""What they are called in copies, which need them in any case. For what is asked for later a host that keeps nothing
(``--cache-none``) runs all nodes before it once more, the pieces before included."""


@dataclass(frozen=True)
class Loop:
    """Nodes of the host's graph, by id."""

    start: str
    end: str
    members: tuple[str, ...]
    """Everything that depends on the start and that the end depends on, both included."""
    taken: frozenset[int]
    """Outputs of the start that are needed within."""


def find_loop(dynprompt: Any, end: str) -> Loop:
    """The loop that ends with a node.

    Args:
        dynprompt: the host's graph.

    Raises:
        PiecesError: there is none.
    """
    start = _start_of(dynprompt, end)
    seen: dict[str, list[str]] = {}
    left = [end]
    while left:
        node = left.pop()
        if node in seen or not dynprompt.has_node(node):
            continue
        kind = dynprompt.get_node(node)["class_type"]
        if kind == START and node != start:
            raise PiecesError(
                "What comes to Save Pieces is from two Video in Pieces nodes. Take everything from one of them; for a "
                "second video use Video Frames."
            )
        # another Save Pieces is a clip that is done before
        closed = node == start or (kind == END and node != end)
        seen[node] = [] if closed else [source for _, source, _ in links(dynprompt, node)]
        left += seen[node]
    members = _reached(seen, start)
    pictures = [source for name, source, _ in links(dynprompt, end) if name in ("samples", "images")]
    if not pictures:
        raise PiecesError("No frames come to Save Pieces. Connect samples and vae, or images.")
    if not any(source in members for source in pictures):
        raise PiecesError(
            "What comes to Save Pieces does not depend on Video in Pieces, so that every piece would be the same. "
            "Connect images or latent of Video in Pieces with what makes the frames."
        )
    inside = (link for node in members if node != start for link in links(dynprompt, node))
    return Loop(start, end, tuple(members), frozenset(output for _, source, output in inside if source == start))


def copies(
    dynprompt: Any, loop: Loop, tasks: list[tuple[Any, bool]], pieces: Any, without: tuple[str, ...]
) -> tuple[dict[str, Any], list[Any]]:
    """Nodes for some tasks that are done one after the other.

    Args:
        tasks: what each copy is told, and whether it makes a single piece.
        pieces: for a Save Pieces that makes copies and no piece.
        without: inputs of Save Pieces that are needed only in the end, by the last task.

    Returns:
        The nodes, and a link to what the last Save Pieces gives.
    """
    prefix, nodes, last = GraphBuilder.alloc_prefix(), {}, []
    for number, (task, single) in enumerate(tasks):
        members = loop.members if single else (loop.end,)
        names = {member: f"{prefix}{number}.{member}" for member in members}
        for member, name in names.items():
            original = dynprompt.get_node(member)
            inputs = {key: _moved(value, names) for key, value in original["inputs"].items()}
            if member == loop.end:
                left_out = (*(() if single else PICTURES), *(without if number < len(tasks) - 1 else ()))
                inputs = {key: value for key, value in inputs.items() if key not in left_out}
                inputs = {AT_ONCE.get(key, key): value for key, value in inputs.items()}
                inputs |= {} if single else {"pieces": pieces}
            if member in (loop.start, loop.end):
                inputs[TASK] = task
            if last and member == (loop.start if single else loop.end):
                inputs[AFTER] = last
            # what it shows and how far it is appears on the node that people see
            nodes[name] = {"class_type": original["class_type"], "inputs": inputs, "override_display_id": member}
        last = [names[loop.end], 0]
    return nodes, last


def beside(loop: Loop, end: str) -> list[str]:
    """The other nodes of the copy that a Save Pieces belongs to."""
    prefix = end.removesuffix(loop.end)
    return [prefix + member for member in loop.members if member != loop.end]


def links(dynprompt: Any, node: str) -> Iterator[tuple[str, str, int]]:
    """The inputs of a node that are connected: their names, and the nodes and outputs they come from."""
    for name, value in dynprompt.get_node(node)["inputs"].items():
        if is_link(value):
            yield name, value[0], int(value[1])


def _start_of(dynprompt: Any, end: str) -> str:
    """The Video in Pieces that the pieces come from, also through nodes that hand them on."""
    node = end
    while True:
        name = "pieces" if node == end else None
        before = next((source for key, source, _ in links(dynprompt, node) if name in (None, key)), None)
        if before is None or not dynprompt.has_node(before):
            raise PiecesError("Connect pieces of Save Pieces with pieces of Video in Pieces.")
        if dynprompt.get_node(before)["class_type"] == START:
            return before
        node = before


def _reached(sources: dict[str, list[str]], start: str) -> list[str]:
    """The nodes that depend on one, itself included."""
    targets: dict[str, list[str]] = {}
    for node, before in sources.items():
        for source in before:
            targets.setdefault(source, []).append(node)
    found, left = [start], [start]
    while left:
        new = [node for node in dict.fromkeys(targets.get(left.pop(), ())) if node not in found]
        found += new
        left += new
    return found


def _moved(value: Any, names: dict[str, str]) -> Any:
    return [names[value[0]], value[1]] if is_link(value) and value[0] in names else value
