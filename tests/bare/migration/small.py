"""Small workflows, written here: a few old nodes with their wires, as a saved graph and as an API prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kinema.motion.migration import migrate
from kinema.motion.migration.layouts import LAYOUTS
from kinema.motion.migration.report import Report

HOST = frozenset({"Source", "Sink"})
"""Nodes of these tests: one that gives anything, one that reads anything."""
WORDS: Mapping[str, str] = {
    "beta_schedule": "sqrt_linear (AnimateDiff)",
    "fuse_method": "pyramid",
    "context_schedule": "uniform",
    "noise_type": "FreeNoise",
    "seed_gen": "auto1111",
    "seed_gen_override": "comfy",
    "filter": "gaussian",
    "init_type": "FreeInit [sampler sigma]",
    "scaling": "relative",
    "format": "video/h264-mp4",
    "interpolation": "linear",
    "spread": "starting",
    "context_aware": "nearest_hint",
    "merge_strategy": "match A",
    "scale_method": "bilinear",
    "crop": "disabled",
    "force_size": "Custom",
    "text": '"0": "a cat", "8": "a dog"',
    "text_g": '"0": "a cat"',
    "text_l": '"0": "a cat"',
    "prompts": '0: "a cat", 8: "a dog"',
    "values": "0: 1.0, 8: 0.5",
    "tensor_interp": "lerp",
    "indexes": "0,8",
    "index_strengths": "0:4=0.5, 7=1",
    "sampler_name": "euler",
    "scheduler": "normal",
    "preset": "Animation (Small Motion)",
    "vae_name": "vae.safetensors",
    "mode": "rescale",
    "method": "stretch",
    "switch": "On",
    "add_noise": "enable",
    "return_with_leftover_noise": "disable",
    "token_normalization": "none",
    "weight_interpretation": "comfy",
    "condition": "always",
    "input_mode": "simple",
}
NUMBERS: Mapping[str, int] = {"batch_index_from": 0, "batch_index_to_excl": 4, "lora_count": 1, "context_length": 16}


def value_of(name: str, kind: str) -> Any:
    """A value that such a widget may have."""
    if kind == "i":
        return NUMBERS.get(name, 4)
    if kind in ("f", "v"):
        return 0.75
    if kind == "b":
        return True
    return WORDS.get(name, f"some {name}.safetensors")


def widgets(type: str, layout: int = 0) -> dict[str, Any]:
    """The widgets of an old node in one of its layouts, by their names there."""
    specs = LAYOUTS.get(type, ("",))
    pairs = [part.split(":") for part in specs[layout].split()]
    return {name: value_of(name, kind) for name, kind in pairs}


@dataclass
class Small:
    """A workflow in the making."""

    nodes: dict[int, dict[str, Any]] = field(default_factory=dict)

    def node(
        self, type: str, values: Mapping[str, Any] | Sequence[Any] = (), mode: Any = 0, title: Any = "", **wires: Any
    ) -> int:
        """Add a node.

        Args:
            values: widgets in their order; by name if they are to be had in both formats.
            wires: an id, or an id and a slot, for each input.
        """
        key = len(self.nodes) + 1
        self.nodes[key] = {
            "type": type,
            "values": values,
            "mode": mode,
            "title": title,
            "wires": {name: wire if isinstance(wire, tuple) else (wire, 0) for name, wire in wires.items()},
        }
        return key

    def source(self) -> int:
        """A node that gives anything."""
        return self.node("Source")

    def sink(self, **wires: Any) -> int:
        """A node that reads anything."""
        return self.node("Sink", **wires)

    def ui(self, as_dict: bool = False) -> dict[str, Any]:
        """As the front end saves it."""
        links: list[list[Any]] = []
        nodes: list[dict[str, Any]] = []
        for key, entry in self.nodes.items():
            inputs = []
            for slot, (name, (origin, origin_slot)) in enumerate(entry["wires"].items()):
                links.append([len(links) + 1, origin, origin_slot, key, slot, "*"])
                one = {"name": name, "type": "*", "link": len(links)}
                named = isinstance(entry["values"], dict) and name in entry["values"]
                inputs.append(one | ({"widget": {"name": name}} if named else {}))
            values = entry["values"]
            if isinstance(values, dict) and not as_dict:
                values = list(values.values())
            node = {
                "id": key,
                "type": entry["type"],
                "pos": [400 * key, 50],
                "size": [300, 200],
                "flags": {},
                "order": key,
                "mode": entry["mode"],
                "inputs": inputs,
                "outputs": [],
                "properties": {"Node name for S&R": entry["type"]},
                "widgets_values": dict(values) if isinstance(values, dict) else list(values),
            }
            nodes.append(node | ({"title": entry["title"]} if entry["title"] else {}))
        for node in nodes:
            slots = 1 + max([3, *(row[2] for row in links if row[1] == node["id"])])
            node["outputs"] = [
                {
                    "name": "out",
                    "type": "*",
                    "links": [row[0] for row in links if row[1:3] == [node["id"], slot]] or None,
                }
                for slot in range(slots)
            ]
        last = {"last_node_id": len(nodes), "last_link_id": len(links)}
        return {**last, "nodes": nodes, "links": links, "groups": [], "config": {}, "extra": {}, "version": 0.4}

    def api(self) -> dict[str, Any]:
        """As it is posted to the server."""
        prompt: dict[str, Any] = {}
        for key, entry in self.nodes.items():
            wires = {name: [str(origin), slot] for name, (origin, slot) in entry["wires"].items()}
            values = entry["values"] if isinstance(entry["values"], dict) else {}
            prompt[str(key)] = {"class_type": entry["type"], "inputs": {**values, **wires}}
        return prompt


def migrated(small: Small, installed: frozenset[str] = HOST) -> tuple[dict[str, Any], Report]:
    """The prompt after the migration of the graph; it is the same as that of the prompt, but for ids."""
    written, report = migrate(small.api(), installed)
    return written, report


def wired(graph: Mapping[str, Any]) -> None:
    """Every link of a graph is known at both of its ends, every id is there once."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert len(nodes) == len(graph["nodes"])
    rows = {row[0]: row for row in graph["links"]}
    assert len(rows) == len(graph["links"])
    for key, origin, origin_slot, target, target_slot, _ in rows.values():
        assert key in nodes[origin]["outputs"][origin_slot]["links"]
        assert nodes[target]["inputs"][target_slot]["link"] == key
    for node in nodes.values():
        for one in node["inputs"]:
            assert one["link"] is None or rows[one["link"]][3] == node["id"]
        for one in node["outputs"]:
            assert all(rows[key][1] == node["id"] for key in one["links"] or ())
    assert graph["last_node_id"] >= max(nodes)
    assert graph["last_link_id"] >= max([0, *rows])


def as_prompt(graph: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Types and inputs of a graph's new nodes; wires by the type and slot they come from, for comparison."""
    rows = {row[0]: row for row in graph["links"]}
    types = {node["id"]: node["type"] for node in graph["nodes"]}
    found = []
    for node in graph["nodes"]:
        if "kinema" in node["properties"]:
            sources = {
                one["name"]: (types[rows[one["link"]][1]], rows[one["link"]][2])
                for one in node["inputs"]
                if one["link"] is not None
            }
            found.append((node["type"], sources))
    return sorted(found, key=repr)


def of_prompt(prompt: Mapping[str, Any], old: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The same of a prompt."""
    found = []
    for key, node in prompt.items():
        if old.get(key) is not node and node["class_type"] not in HOST:
            sources = {
                name: (prompt[value[0]]["class_type"], value[1])
                for name, value in node["inputs"].items()
                if isinstance(value, list)
            }
            found.append((node["class_type"], sources))
    return sorted(found, key=repr)
