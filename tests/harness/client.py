"""Queue prompts through ComfyUI's HTTP API and follow them over its websocket."""

import asyncio
import json
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

Event = dict[str, Any]
TEXT_EVENT = 3


@dataclass
class Outcome:
    """What became of a prompt."""

    status: str
    """"success", "error", "interrupted" or "refused" (did not pass validation)."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Node id to what the node showed."""
    error: Event = field(default_factory=dict)
    notices: dict[str, list[str]] = field(default_factory=dict)
    """Node id to the texts shown on it."""

    @property
    def message(self) -> str:
        """The error as the user reads it, node errors included."""
        return json.dumps(self.error, ensure_ascii=False)

    def files(self) -> list[dict[str, str]]:
        """Every file any node showed, and those it saved and showed in another form."""
        shown = [(node.get("images", []), node.get("files", [])) for node in self.outputs.values()]
        return [item for images, files in shown for item in (*images, *files)]


def run_prompt(url: str, prompt: dict[str, Any], watch: Callable[[Event], None] | None = None, **extra: Any) -> Outcome:
    """Queue a prompt in API format and wait for its end.

    Args:
        watch: called with each websocket message that belongs to the prompt; texts on nodes are of type ``text``.
        extra: more keys of the request, for example ``extra_data``.
    """
    return asyncio.run(_run(url, prompt, watch or (lambda _event: None), extra))


def get_json(url: str, path: str) -> Any:
    """One GET request."""

    async def get() -> Any:
        async with aiohttp.ClientSession(url) as session, session.get(path) as answer:
            return await answer.json()

    return asyncio.run(get())


def post(url: str, path: str, body: dict[str, Any] | None = None) -> None:
    """One POST request, for example to ``/interrupt``."""

    async def send() -> None:
        async with aiohttp.ClientSession(url) as session, session.post(path, json=body) as answer:
            await answer.read()

    asyncio.run(send())


def saved_path(output: Path, file: dict[str, str]) -> Path:
    """Where a shown file of the output folder lies."""
    return output / file["subfolder"] / file["filename"]


async def _run(url: str, prompt: dict[str, Any], watch: Callable[[Event], None], extra: dict[str, Any]) -> Outcome:
    client = uuid.uuid4().hex
    outcome = Outcome("running")
    async with (
        aiohttp.ClientSession(url) as session,
        session.ws_connect(f"/ws?clientId={client}", max_msg_size=0) as socket,
    ):
        async with session.post("/prompt", json={"prompt": prompt, "client_id": client, **extra}) as answer:
            reply = await answer.json()
        if "prompt_id" not in reply or reply.get("node_errors"):
            return Outcome("refused", error=reply)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                for text in _texts(message.data):
                    outcome.notices.setdefault(text["data"]["node"], []).append(text["data"]["text"])
                    watch(text)
            elif message.type == aiohttp.WSMsgType.TEXT:
                event = json.loads(message.data)
                if event["data"].get("prompt_id") in (None, reply["prompt_id"]):
                    watch(event)
                    if _is_over(event, outcome):
                        return outcome
    raise ConnectionError("the server closed the connection before the prompt ended")


def _is_over(event: Event, outcome: Outcome) -> bool:
    kind, data = event["type"], event["data"]
    if kind == "executed" and data.get("output"):
        outcome.outputs[data["node"]] = data["output"]
    if kind in ("execution_success", "execution_error", "execution_interrupted"):
        outcome.status = kind.removeprefix("execution_")
        outcome.error = data if kind == "execution_error" else {}
        return True
    return False


def _texts(data: bytes) -> Iterator[Event]:
    """The text on a node that a binary message has, none if it is a picture."""
    kind, length = struct.unpack_from(">II", data)
    if kind == TEXT_EVENT:
        node, text = data[8 : 8 + length].decode(), data[8 + length :].decode()
        yield {"type": "text", "data": {"node": node, "text": text}}
