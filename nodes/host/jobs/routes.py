"""Many clips over HTTP, without a node: ``POST /kinema/jobs`` queues them, ``GET /kinema/jobs/NAME`` tells of them."""

import asyncio
from pathlib import Path
from typing import Any

import folder_paths
from aiohttp import web

from ....motion.jobs import JobsError
from .batches import Batches
from .posted import checked_name, read_posted

QUEUE, TELL = "/kinema/jobs", "/kinema/jobs/{name}"
FOLDER = ("kinema", "jobs")
"""Below the output folder."""


def add_routes() -> None:
    """Answer `QUEUE` and `TELL`."""
    from server import PromptServer  # the module exists only while a server runs

    batches = Batches(PromptServer.instance, Path(folder_paths.get_output_directory(), *FOLDER))

    async def queue(request: web.Request) -> web.Response:
        """A prompt and rows of values to the jobs, or to the errors in them, and then nothing is queued."""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _refused(["The jobs are larger than ComfyUI takes; start it with a larger --max-upload-size."], 413)
        try:
            posted = await asyncio.to_thread(read_posted, body)
            jobs = await batches.queue(posted)
        except JobsError as error:
            return _refused(error.problems)
        return web.json_response(_answer(posted.name, jobs, batches))

    async def tell(request: web.Request) -> web.Response:
        """All jobs of a name, with what became of them."""
        try:
            name = checked_name(request.match_info["name"])
            jobs = await batches.told(name)
        except JobsError as error:
            return _refused(error.problems)
        except OSError as error:
            return _refused([f"The results cannot be read ({error.strerror})."], 500)
        if jobs is None:
            return _refused([f"There are no jobs named {name}."], 404)
        return web.json_response(_answer(name, jobs, batches))

    PromptServer.instance.routes.post(QUEUE)(queue)
    PromptServer.instance.routes.get(TELL)(tell)


def _answer(name: str, jobs: Any, batches: Batches) -> dict[str, Any]:
    return {"name": name, "results": "/".join((*FOLDER, batches.path(name).name)), "jobs": jobs}


def _refused(problems: Any, status: int = 400) -> web.Response:
    return web.json_response({"error": problems[0], "errors": [*problems]}, status=status)
