"""A picture, video or JSON file that the page sends, and the workflow in it."""

import asyncio
import tempfile
from pathlib import Path

from aiohttp import web

from ....motion.migration import Carried, read_carried

MOST_BYTES = 2 << 30
CHUNK = 1 << 20


class TooLargeError(ValueError):
    """A file is larger than anybody would open in a browser."""


async def carried_by(request: web.Request, name: str) -> Carried:
    """What the body of a request carries.

    The host's limit on uploads is for what it keeps in memory; this goes through a file that is removed.

    Args:
        name: what people call the file; what it is shows in its bytes.

    Raises:
        NoWorkflowError: nothing, or it cannot be read.
        TooLargeError: the body is larger than `MOST_BYTES`.
    """
    with tempfile.TemporaryDirectory(prefix="kinema-") as folder:
        path = Path(folder) / "upload"
        size = 0
        with path.open("wb") as file:
            async for chunk in request.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooLargeError(f"the file is larger than {MOST_BYTES >> 30} GB")
                await asyncio.to_thread(file.write, chunk)
        return await asyncio.to_thread(read_carried, path, name or "the file")
