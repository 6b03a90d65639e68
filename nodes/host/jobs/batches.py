"""What was queued since the server began: where each job is, and its result as soon as there is one."""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....motion.jobs import (
    Fault,
    Job,
    JobsError,
    Result,
    Results,
    outcome_of,
    read_results,
)
from .posted import Posted
from .queueing import Valid, checked, put

WAITING, RUNNING, REMOVED = "waiting", "running", "removed"
"""States of a job besides success and error; one that somebody took out of the queue is removed."""
PAUSE = 0.5
"""Seconds between two looks at the queue."""
ENDING = ".jsonl"


@dataclass
class Entry:
    """A job of a batch."""

    name: str
    key: str
    values: Mapping[str, Any]
    prompt_id: str
    status: str


@dataclass
class Batch:
    """Jobs of a name."""

    entries: dict[str, Entry] = field(default_factory=dict)
    """By key."""
    results: Results | None = None
    """While something waits or runs."""

    def open_entries(self) -> list[Entry]:
        """Jobs without a result."""
        return [entry for entry in self.entries.values() if entry.status in (WAITING, RUNNING)]


class Batches:
    """Queues jobs and follows them.

    Args:
        server: of the host.
        folder: of the files of results.
    """

    def __init__(self, server: Any, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._batches: dict[str, Batch] = {}
        self._one_at_a_time = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def queue(self, posted: Posted) -> list[dict[str, Any]]:
        """Queue what has not succeeded and does not wait already; all of it or nothing.

        Raises:
            JobsError: the host refuses some of it, or results cannot be written.
        """
        async with self._one_at_a_time:
            batch = self._batches.setdefault(posted.name, Batch())
            results = batch.results or await asyncio.to_thread(Results, self.path(posted.name))
            try:
                await self._queue(posted, batch, results)
            finally:
                batch.results = results
                await self._settle(batch)
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        by_key = {told["key"]: told for told in await self.told(posted.name) or ()}
        return [by_key[job.key] for job in posted.jobs]

    async def told(self, name: str) -> list[dict[str, Any]] | None:
        """All jobs of a name with their results, None if there is neither."""
        batch = self._batches.get(name)
        if batch is not None and batch.results is not None:
            results = batch.results.results
        else:
            results = await asyncio.to_thread(read_results, self.path(name))
        entries = {} if batch is None else batch.entries
        if not entries and not results:
            return None
        keys = dict.fromkeys([*entries, *results])
        return [_told(entries.get(key), results.get(key)) for key in keys]

    def path(self, name: str) -> Path:
        """The file of results."""
        return self._folder / f"{name}{ENDING}"

    async def _queue(self, posted: Posted, batch: Batch, results: Results) -> None:
        waiting = {entry.key for entry in batch.open_entries()}
        left = [job for job in posted.jobs if job.key not in waiting and job.key not in results.done()]
        valid: list[tuple[Job, Valid]] = []
        faults: list[tuple[Job, Fault]] = []
        for job in left:
            seen = await checked(self._server, job.prompt, str(uuid.uuid4()), posted.client)
            (faults if isinstance(seen, Fault) else valid).append((job, seen))  # pyright: ignore[reportArgumentType]
            await asyncio.sleep(0)
        if faults:
            raise JobsError([f"job {job.name}: {fault}" for job, fault in faults])
        for job, seen in valid:
            put(self._server, seen, posted.client)
            batch.entries[job.key] = Entry(job.name, job.key, job.values, seen.id, WAITING)

    async def _follow(self) -> None:
        while any(batch.open_entries() for batch in self._batches.values()):
            await asyncio.sleep(PAUSE)
            async with self._one_at_a_time:
                for batch in self._batches.values():
                    await self._look(batch)
                    await self._settle(batch)

    async def _look(self, batch: Batch) -> None:
        # first the queue: what leaves it later is in the history by then
        queue = self._server.prompt_queue
        running, waiting = ({item[1] for item in items} for items in queue.get_current_queue_volatile())
        for entry in batch.open_entries():
            if entry.prompt_id in waiting or entry.prompt_id in running:
                entry.status = RUNNING if entry.prompt_id in running else WAITING
                continue
            history = queue.get_history(prompt_id=entry.prompt_id, map_function=_of_interest).get(entry.prompt_id)
            if history is None:
                entry.status = REMOVED
            elif batch.results is not None:
                outcome = outcome_of(history)
                result = Result.of(entry, outcome, "", outcome.seconds or 0.0)
                entry.status = result.status
                try:
                    await asyncio.to_thread(batch.results.add, result)
                except OSError as error:
                    logging.warning("[Kinema] %s cannot be written (%s).", batch.results.path, error.strerror)

    async def _settle(self, batch: Batch) -> None:
        """Let go of a file of results that nothing is added to for now."""
        if batch.results is not None and not batch.open_entries():
            results, batch.results = batch.results, None
            await asyncio.to_thread(results.close)


def _of_interest(entry: dict[str, Any]) -> dict[str, Any]:
    """Of an entry of the history; its prompt may be large."""
    return {"status": entry.get("status"), "outputs": entry.get("outputs")}


def _told(entry: Entry | None, result: Result | None) -> dict[str, Any]:
    """A job as it is answered."""
    is_open = entry is not None and (result is None or entry.status in (WAITING, RUNNING))
    told: dict[str, Any] = {} if result is None or is_open else result.as_json()
    if entry is not None:
        told = (
            {"files": [], "error": None} | told | {"name": entry.name, "key": entry.key, "values": dict(entry.values)}
        )
        told |= {"prompt_id": entry.prompt_id, "status": entry.status}
    return told
