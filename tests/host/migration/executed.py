"""Prompts run in this process, node by node, up to the first prediction of their sampler."""

from collections.abc import Mapping
from typing import Any

import comfy.sample
import torch
from kinema.motion.migration import INSTALLED, migrate
from kinema.nodes import sampling, temporal, values, windows
from torch import Tensor

from ..models import Patcher, conds

KINEMA = {
    node.define_schema().node_id: node for node in (*sampling.NODES, *temporal.NODES, *values.NODES, *windows.NODES)
}
Prompt = dict[str, dict[str, Any]]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """A node of a prompt."""
    return {"class_type": kind, "inputs": inputs}


class Execution:
    """One prompt on one model; the texts "good" and "bad" stand for the two conditionings."""

    def __init__(self, prompt: Prompt, model: Patcher) -> None:
        """Take a prompt."""
        self.prompt, self.model = prompt, model
        self.done: dict[str, tuple[Any, ...]] = {}

    def predicted(self) -> Tensor:
        """The first prediction of the sampler, (frames, 4, height, width)."""
        (sampler,) = [key for key, one in self.prompt.items() if one["class_type"] == "KSampler"]
        return self._outputs(sampler)[0]

    def _outputs(self, key: str) -> tuple[Any, ...]:
        if key not in self.done:
            one = self.prompt[key]
            inputs = {name: self._value(value) for name, value in one["inputs"].items()}
            self.done[key] = self._run(one["class_type"], inputs)
        return self.done[key]

    def _value(self, value: Any) -> Any:
        return self._outputs(value[0])[value[1]] if isinstance(value, list) else value

    def _run(self, kind: str, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        match kind:
            case "CheckpointLoaderSimple":
                return self.model, None, None
            case "CLIPTextEncode":
                return (conds()[inputs["text"] == "bad"],)
            case "EmptyLatentImage":
                size = (inputs["height"] // 8, inputs["width"] // 8)
                return (torch.zeros(inputs["batch_size"], 4, *size),)
            case "KSampler":
                return (_first(inputs),)
        return KINEMA[kind].execute(**inputs).args


def _first(inputs: Mapping[str, Any]) -> Tensor:
    """What the host's sampler node does, for what it predicts at its first step."""
    seen: list[Tensor] = []
    latent, seed = inputs["latent_image"], inputs["seed"]
    with torch.inference_mode():
        comfy.sample.sample(
            inputs["model"],
            comfy.sample.prepare_noise(latent, seed),
            inputs["steps"],
            inputs["cfg"],
            inputs["sampler_name"],
            inputs["scheduler"],
            inputs["positive"],
            inputs["negative"],
            latent,
            seed=seed,
            callback=lambda _step, x0, *_: seen.append(x0.clone()),
            disable_pbar=True,
        )
    return seen[0]


def migrated(prompt: Prompt) -> tuple[Prompt, list[str]]:
    """A prompt of other packs with nodes that are here, all of them, and the notes on them."""
    written, report = migrate(prompt, INSTALLED)
    assert {entry.state for entry in report.entries} <= {"migrated", "absorbed"}
    return written, [note for entry in report.entries for note in entry.notes]
