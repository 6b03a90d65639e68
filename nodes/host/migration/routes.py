"""What the page asks: a workflow rewritten, and the workflow in a file as it is."""

import asyncio
import json
from typing import Any

from aiohttp import web

from ....motion.migration import NoWorkflowError, read_json
from .installed import known_types
from .trying import try_to_migrate
from .uploads import TooLargeError, carried_by

MIGRATE, MIGRATE_FILE = "/kinema/migrate", "/kinema/migrate/file"


class _WrongBodyError(ValueError):
    """What was sent is not what the route takes; the message is a sentence."""


def add_routes() -> None:
    """Answer `POST /kinema/migrate` and `POST /kinema/migrate/file`."""
    from server import PromptServer  # the module exists only while a server runs

    PromptServer.instance.routes.post(MIGRATE)(_migrate)
    PromptServer.instance.routes.post(MIGRATE_FILE)(_migrate_file)


async def _migrate(request: web.Request) -> web.Response:
    """``{"workflow": graph or prompt, "types": [ids that the page knows]}`` to the same rewritten, and the report.

    ``workflow`` of the answer is null if nothing is to be changed; ``reason`` of the report says why, if there is one.
    """
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _refused("The workflow is larger than ComfyUI takes; start it with a larger --max-upload-size.", 413)
    try:
        return _answered(await asyncio.to_thread(_rewritten, body))
    except _WrongBodyError as error:
        return _refused(str(error))


def _rewritten(body: bytes) -> str:
    sent = _read(body)
    types = sent.get("types")
    if types is not None and not (isinstance(types, list) and all(isinstance(each, str) for each in types)):
        raise _WrongBodyError("types is a list of node ids, or left out.")
    if "workflow" not in sent:
        raise _WrongBodyError("The workflow is missing: send it as workflow.")
    workflow = sent["workflow"]
    now, report = try_to_migrate(workflow, known_types(types or ()))
    return _written({"workflow": None if now is workflow else now, "report": report.as_json()})


def _read(body: bytes) -> dict[str, Any]:
    try:
        sent = read_json(body)
    except NoWorkflowError as error:
        raise _WrongBodyError(f"This cannot be read: {error}.") from error
    if not isinstance(sent, dict):
        raise _WrongBodyError("Send an object with a workflow.")
    return sent


async def _migrate_file(request: web.Request) -> web.Response:
    """A file as the body, its name as ``name`` of the query, to ``workflow`` and ``prompt`` in it, or a ``reason``."""
    name = request.query.get("name", "")
    try:
        found = await carried_by(request, name)
    except NoWorkflowError as error:
        return _answered(_written({"workflow": None, "prompt": None, "reason": str(error)}))
    except TooLargeError as error:
        return _refused(f"{name or 'This'}: {error}.", 413)
    try:
        text = await asyncio.to_thread(_written, {"workflow": found.workflow, "prompt": found.prompt, "reason": ""})
    except _WrongBodyError as error:
        return _refused(str(error))
    return _answered(text)


def _written(answer: dict[str, Any]) -> str:
    try:
        return json.dumps(answer, allow_nan=False)
    except ValueError as error:
        raise _WrongBodyError("It has a number that is too large for JSON.") from error
    except RecursionError as error:
        raise _WrongBodyError("It is nested too deeply.") from error


def _answered(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


def _refused(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
