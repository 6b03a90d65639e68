"""One prompt into the host's queue, in the way of its own ``POST /prompt``."""

import copy
import time
from dataclasses import dataclass
from typing import Any

import execution

from ....motion.jobs import Fault, Prompt, refusal


@dataclass(frozen=True)
class Valid:
    """A prompt that may be queued."""

    id: str
    prompt: Any
    """After all that packs change in it."""
    outputs: Any
    """The nodes to run."""


async def checked(server: Any, prompt: Prompt, id: str, client: str | None) -> Valid | Fault:
    """Have every pack look at a prompt, and the host check it; or what is wrong with it.

    Args:
        id: a UUID that it gets.
    """
    request: dict[str, Any] = {"prompt": copy.deepcopy(dict(prompt)), "prompt_id": id}
    if client is not None:
        request["client_id"] = client
    request = server.trigger_on_prompt(request)
    try:
        server.node_replace_manager.apply_replacements(request["prompt"])
        is_valid, error, outputs, node_errors = await execution.validate_prompt(id, request["prompt"], None)
    except Exception as mistake:  # the host stumbles over prompts of unexpected shapes
        return Fault(f"It cannot be checked ({type(mistake).__name__}: {mistake}).")
    if not is_valid or node_errors:
        return refusal({"error": error, "node_errors": node_errors})
    return Valid(id, request["prompt"], outputs)


def put(server: Any, valid: Valid, client: str | None) -> None:
    """Queue a prompt behind those that are queued."""
    extra: dict[str, Any] = {"create_time": int(time.time() * 1000)}
    if client is not None:
        extra["client_id"] = client
    number = server.number
    server.number += 1
    server.prompt_queue.put((number, valid.id, valid.prompt, extra, valid.outputs, {}))
