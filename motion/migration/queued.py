"""Requests that queue a prompt: the prompt itself, and what else in them names its nodes."""

from collections.abc import Collection, Mapping
from typing import Any

from .api import is_prompt
from .asked import Files
from .engine import migrate
from .report import Report
from .tables import RULES
from .ui import is_scope


def migrate_request(request: Any, installed: Collection[str], files: Files | None = None) -> tuple[Any, Report]:
    """A request as it is posted to ``/prompt`` with its prompt migrated.

    Args:
        request: with ``prompt``; ``partial_execution_targets``, and the graph that is written into saved files, keep
            step with it. It is not changed.
        installed: ids of all nodes there are.
        files: as for `migrate`.

    Returns:
        The same object if there is nothing to do.
    """
    sent = request.get("prompt") if isinstance(request, dict) else None
    if not isinstance(sent, dict) or is_scope(sent) or not is_prompt(sent):
        return request, Report()
    prompt, report = migrate(sent, installed, files)
    if prompt is sent:
        return request, report
    return {**request, "prompt": prompt, **_targets(request, report), **_extra_data(request, report, files)}, report


def _targets(request: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Nodes to run, with those in the places of old ones; the host passes over those that put nothing out."""
    targets = request.get("partial_execution_targets")
    if not isinstance(targets, list):
        return {}
    places = {entry.id: [str(key) for key in entry.now] for entry in report.entries if entry.now}
    moved = [now for key in targets for now in (places.get(key, [key]) if isinstance(key, str) else [key])]
    return {"partial_execution_targets": moved}


def _extra_data(request: Mapping[str, Any], report: Report, files: Files | None) -> dict[str, Any]:
    """The graph beside the prompt, with the same nodes replaced: what the front end alone knows stays."""
    extra = request.get("extra_data")
    info = extra.get("extra_pnginfo") if isinstance(extra, dict) else None
    if not isinstance(extra, dict) or not isinstance(info, dict) or not is_scope(info.get("workflow")):
        return {}
    now, _ = migrate(info["workflow"], RULES.keys() - {entry.type for entry in report.done}, files)
    return {"extra_data": {**extra, "extra_pnginfo": {**info, "workflow": now}}}
