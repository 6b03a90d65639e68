"""Prompts on their way into the queue: nodes of packs that are not here are replaced before the host looks for them."""

import logging
from typing import Any

from ....motion.migration import Report
from .installed import known_types
from .trying import try_to_migrate_request

EVENT = "kinema.migrated"
"""Sent to the client whose prompt was changed, or could not be: ``report``, and ``prompt_id`` if it chose one."""

MOST_TOLD = 1000
"""Kinds of nodes, and files, that are remembered as told."""


def watch_prompts() -> None:
    """Migrate every prompt that is queued; what needs nothing passes as the same object."""
    from server import PromptServer  # the module exists only while a server runs

    told: set[str] = set()

    def on_prompt(request: Any) -> Any:
        now, report = try_to_migrate_request(request, known_types())
        if report.done or report.kept or report.models:
            _log(report, told)
            _send(PromptServer.instance, request, report)
        return now

    PromptServer.instance.add_on_prompt_handler(on_prompt)


def _log(report: Report, told: set[str]) -> None:
    """Say what became of nodes, once for each kind of them rather than at every run."""
    fresh = [entry for entry in report.entries if entry.type not in told]
    told.update(entry.type for entry in fresh)
    became = {entry.type: " + ".join(entry.became) or "its users" for entry in fresh if not entry.reason}
    if became:
        listed = ", ".join(f"{old} -> {new}" for old, new in became.items())
        logging.info("[Kinema] %s New in this prompt: %s.", report.headline, listed)
    for model in report.models:
        if model.text not in told and len(told) < MOST_TOLD:
            told.add(model.text)
            logging.info("[Kinema] %s (node %s): %s", model.type, model.id, model.text)
    for entry in fresh:
        if entry.reason:
            logging.warning("[Kinema] %s (node %s) stays as it is: %s.", entry.type, entry.id, entry.reason)


def _send(server: Any, request: dict[str, Any], report: Report) -> None:
    """Tell the client that queued it, if it says who it is; all others are not concerned."""
    client = request.get("client_id")
    if isinstance(client, str):
        server.send_sync(EVENT, {"report": report.as_json(), "prompt_id": request.get("prompt_id")}, client)
