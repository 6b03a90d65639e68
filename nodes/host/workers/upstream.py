"""The part of a prompt that a sampler depends on, which a worker runs on its own ComfyUI."""

import json
from collections.abc import Mapping
from typing import Any

from comfy_execution.graph_utils import is_link
from comfy_execution.progress import get_progress_state

from ....motion.workers import WorkersError

SAVING = (
    "KinemaCombineVideo",
    "KinemaDecodeAndSaveVideo",
    "KinemaPrepareClips",
    "KinemaSavePieces",
    "KinemaTrainAnimateAnyone",
    "KinemaTrainDomainAdapter",
    "KinemaTrainMotionLora",
    "KinemaTrainMotionModule",
    "KinemaTrainTuneAVideo",
)
"""Nodes of this pack that write files, which is to happen once. Those of others mostly show a text and hand it on."""


def upstream(node: str) -> dict[str, Any]:
    """A node of the prompt that runs now, and all nodes above it, in ComfyUI's API format.

    Raises:
        WorkersError: a node of this pack above it saves something, or one has a value that is no text or number.
    """
    dynprompt: Any = get_progress_state().dynprompt
    found: dict[str, Any] = {}
    left = [node]
    while left:
        number = left.pop()
        if number in found or not dynprompt.has_node(number):
            continue
        entry = dynprompt.get_node(number)
        kind = entry["class_type"]
        if number != node and kind in SAVING:
            raise WorkersError(
                f"{_name(entry)} (node {number}) saves something, and every worker would do it again. Run the part up "
                "to it as a workflow of its own and load its result here, or take Distribute Windows out."
            )
        found[number] = {"class_type": kind, "inputs": _plain(entry, number)}
        left += [value[0] for value in entry["inputs"].values() if is_link(value)]
    return found


def _plain(entry: Mapping[str, Any], number: str) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(entry["inputs"]))
    except (TypeError, ValueError) as error:
        raise WorkersError(
            f"{_name(entry)} (node {number}) was made by another node and holds data that cannot be sent to workers. "
            "Take Distribute Windows out of this workflow."
        ) from error


def _name(entry: Mapping[str, Any]) -> str:
    told = entry.get("_meta")
    title = told.get("title") if isinstance(told, dict) else None
    return str(title or entry["class_type"])
