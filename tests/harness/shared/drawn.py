"""Saved graphs in a few lines, as the front end of those years wrote them."""

from collections.abc import Mapping, Sequence
from typing import Any

Wire = tuple[int, int]
Graph = dict[str, Any]
WIDE, HIGH = 380, 360


class Drawn:
    """A graph in the making; nodes stand in columns of three."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.links: list[list[Any]] = []

    def node(
        self,
        type: str,
        widgets: Sequence[Any] | Mapping[str, Any] = (),
        inputs: Mapping[str, Wire | None] | None = None,
        outputs: str = "",
        mode: int = 0,
        **more: Any,
    ) -> int:
        """Add a node and return its id.

        Args:
            inputs: where each socket comes from: an id and an output; None for one that is empty.
            outputs: their types, with spaces between.
            more: further keys of the saved node.
        """
        key = len(self.nodes) + 1
        sockets = []
        for slot, (name, wire) in enumerate((inputs or {}).items()):
            sockets.append({"name": name, "type": "*", "link": None})
            if wire is not None:
                origin = self.nodes[wire[0] - 1]["outputs"][wire[1]]
                link = len(self.links) + 1
                self.links.append([link, wire[0], wire[1], key, slot, origin["type"]])
                sockets[-1] |= {"type": origin["type"], "link": link}
                origin["links"].append(link)
        column, row = divmod(len(self.nodes), 3)
        node = {
            "id": key,
            "type": type,
            "pos": [column * WIDE, row * HIGH],
            "size": {"0": 315, "1": 270},
            "flags": {},
            "order": key,
            "mode": mode,
            "inputs": sockets,
            "outputs": [{"name": kind, "type": kind, "links": []} for kind in outputs.split()],
            "properties": {"Node name for S&R": type},
            "widgets_values": dict(widgets) if isinstance(widgets, Mapping) else list(widgets),
        }
        self.nodes.append(node | more)
        return key

    def graph(self) -> Graph:
        """What is saved."""
        return {
            "last_node_id": len(self.nodes),
            "last_link_id": len(self.links),
            "nodes": self.nodes,
            "links": self.links,
            "groups": [],
            "config": {},
            "extra": {},
            "version": 0.4,
        }
