"""Graphs whose old nodes are inside of something: a subgraph, a group node."""

from typing import Any

from .commonest import loader_with_context
from .drawn import Graph

INSIDE = ("ADE_AnimateDiffUniformContextOptions", "ADE_AnimateDiffLoaderWithContext")
SUBGRAPH = "0f9c6a52-6d0c-4a0e-9d54-2f1c3a7be001"


def in_subgraph() -> Graph:
    """The loader and its windows in a subgraph that a model goes into and comes out of."""
    graph, inside, outer = _taken_apart()
    windows, loader = inside
    entering = {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": loader["id"], "target_slot": 0}
    between = {"id": 2, "origin_id": windows["id"], "origin_slot": 0, "target_id": loader["id"], "target_slot": 1}
    leaving = {"id": 3, "origin_id": loader["id"], "origin_slot": 0, "target_id": -20, "target_slot": 0}
    loader["inputs"][0]["link"], loader["inputs"][1]["link"] = 1, 2
    windows["outputs"][0]["links"], loader["outputs"][0]["links"] = [2], [3]
    definition = {
        "id": SUBGRAPH,
        "version": 1,
        "revision": 0,
        "state": {"lastGroupId": 0, "lastNodeId": 20, "lastLinkId": 3, "lastRerouteId": 0},
        "name": "Motion",
        "config": {},
        "groups": [],
        "extra": {},
        "inputNode": {"id": -10, "bounding": [-200, 0, 120, 60]},
        "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
        "inputs": [{"id": "a1", "name": "model", "type": "MODEL", "linkIds": [1], "pos": [-100, 20]}],
        "outputs": [{"id": "b1", "name": "MODEL", "type": "MODEL", "linkIds": [3], "pos": [920, 20]}],
        "widgets": [],
        "nodes": inside,
        "links": [entering | {"type": "MODEL"}, between | {"type": "CONTEXT_OPTIONS"}, leaving | {"type": "MODEL"}],
    }
    outer |= {"type": SUBGRAPH, "widgets_values": []}
    return graph | {"definitions": {"subgraphs": [definition]}}


def in_group_node() -> Graph:
    """The same in a group node, as they were before there were subgraphs."""
    graph, inside, outer = _taken_apart()
    windows, loader = inside
    links = [[0, 0, 1, 1, windows["id"], "CONTEXT_OPTIONS"]]
    for node in inside:
        for socket in node["inputs"]:
            socket["link"] = None
    group = {"nodes": [windows | {"index": 0}, loader | {"index": 1}], "links": links, "external": [[1, 0, "MODEL"]]}
    widgets = [*windows["widgets_values"], *loader["widgets_values"]]
    outer |= {"type": "workflow/Motion", "widgets_values": widgets}
    return graph | {"extra": {"groupNodes": {"Motion": group}}}


def _taken_apart() -> tuple[Graph, list[dict[str, Any]], dict[str, Any]]:
    """The graph without the two nodes, these two, and a node that stands for both."""
    graph = loader_with_context()
    inside = [next(node for node in graph["nodes"] if node["type"] == type) for type in INSIDE]
    loader = inside[1]
    into, out = loader["inputs"][0]["link"], loader["outputs"][0]["links"]
    ids = {node["id"] for node in inside}
    outer = {
        "id": 20,
        "pos": loader["pos"],
        "size": [300, 200],
        "flags": {},
        "order": 3,
        "mode": 0,
        "properties": {},
        "inputs": [{"name": "model", "type": "MODEL", "link": into}],
        "outputs": [{"name": "MODEL", "type": "MODEL", "links": list(out)}],
    }
    links = []
    for row in graph["links"]:
        row = list(row)
        if row[0] == into:
            row[3], row[4] = 20, 0
        elif row[0] in out:
            row[1], row[2] = 20, 0
        if row[1] not in ids and row[3] not in ids:
            links.append(row)
    nodes = [node for node in graph["nodes"] if node["id"] not in ids]
    return graph | {"nodes": [*nodes, outer], "links": links, "last_node_id": 20}, inside, outer
