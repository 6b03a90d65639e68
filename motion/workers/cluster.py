"""A Ray cluster and the workers that this process has in it; they stay until it ends or asks for others."""

import importlib.util
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import booting
from .booting import Hosted
from .errors import WorkersError
from .worker import Worker, last_line

NODE = "KinemaDistributeWindows"
"""Whoever has it has this pack."""
CALLS = 16
"""That a worker answers at the same time: a few wait for its one model."""
STORE = 1 << 29
"""Bytes of shared memory for what is on its way in a cluster of this machine alone."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": str(1 << 30),
}
"""Environment for Ray: nothing is told to anybody, workers are no guests but do the work, and a cluster that goes away
does not take this process with it."""
TOKEN = Path("~/.ray/auth_token")
"""Where Ray keeps the token of its clusters."""
_ADDRESS = re.compile(r"auto|(ray://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


@dataclass(frozen=True)
class Comfy:
    """How ComfyUI is started, on machines that do not say it themselves."""

    folder: str = ""
    arguments: Sequence[str] = ()
    start_folder: str = ""
    """Relative paths in the arguments are from there."""
    threads: int = 0
    """Of the processor in workers of this machine; sums by as many threads are the same numbers."""


class Cluster:
    """A connection to Ray, and the workers that were asked for."""

    def __init__(self, ray: Any, address: str) -> None:
        self._ray, self.address = ray, address
        self._workers: list[Worker] = []
        self._made = 0

    def workers(self, count: int, comfy: Comfy = Comfy()) -> Sequence[Worker]:
        """So many workers; others that there may be end.

        Args:
            count: 0 for one for each GPU, or for each machine.

        Raises:
            WorkersError: the cluster has no room for so many.
        """
        has = self._ray.cluster_resources()
        gpus, processors = int(has.get("GPU", 0)), int(has.get("CPU", 1))
        count = count or gpus or sum(node["Alive"] for node in self._ray.nodes())
        room = gpus or (processors if self.address else count)
        if count > room:
            what = "GPUs" if gpus else "processors"
            raise WorkersError(
                f"{count} workers are wanted, and the cluster has {room} {what}. Ask for fewer, or for 0."
            )
        self._workers = [worker for worker in self._workers if not worker.is_gone]
        for worker in self._workers[count:]:
            worker.end()
        del self._workers[count:]
        # processors are not reserved: whoever else has workers in the cluster would keep these waiting
        each: dict[str, Any] = {"num_cpus": 0, **({"num_gpus": 1} if gpus else {})}
        threads = comfy.threads if not self.address else 0 if gpus else self._processors_each(count)
        hosted = self._ray.remote(max_restarts=-1, max_concurrency=CALLS, scheduling_strategy="SPREAD", **each)(Hosted)
        while len(self._workers) < count:
            actor = hosted.remote(comfy.folder, list(comfy.arguments), comfy.start_folder, threads, NODE)
            self._made += 1
            self._workers.append(Worker(self._ray, actor, self._made))
        return list(self._workers)

    def _processors_each(self, count: int) -> int:
        """So many that workers do not crowd any machine, be it the smallest."""
        machines = [node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]]
        smallest = min((processors for processors in machines if processors), default=1)
        return max(1, int(smallest) // -(-count // max(1, len(machines))))

    def close(self) -> None:
        """Leave it; workers end."""
        self._workers.clear()
        self._ray.shutdown()


_open: list[Cluster] = []
"""The one of this process: Ray connects a process to one cluster at a time."""
_opening = threading.Lock()


def problem_with_ray() -> str | None:
    """Why there can be no workers, None if there can."""
    if importlib.util.find_spec("ray") is None:
        return f'Distribute Windows needs Ray. Run `"{sys.executable}" -m pip install ray` once.'
    return None


def address_problem(address: str | None) -> str | None:
    """What is wrong with an address, None if nothing is or it is not known yet."""
    if not address or not address.strip() or _ADDRESS.fullmatch(address.strip()):
        return None
    return (
        f"address {address!r} is none of a Ray cluster. Write the machine and port that `ray start --head` "
        "printed, such as 192.168.1.10:6379, or auto; leave it empty to start workers on this machine."
    )


def _token() -> Mapping[str, str]:
    """Ray asks for its token at an address only if it is told so before it is imported."""
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    return {"RAY_AUTH_MODE": "token"} if named or TOKEN.expanduser().is_file() else {}


def cluster_at(address: str) -> Cluster:
    """The cluster at an address, connected once.

    Raises:
        WorkersError: Ray is not installed, or nobody answers there.
    """
    if (problem := problem_with_ray()) is not None:
        raise WorkersError(problem)
    for name, value in {**QUIET, **_token()}.items():
        os.environ.setdefault(name, value)
    import ray
    from ray import cloudpickle

    with _opening:
        if _open and ray.is_initialized() and _open[0].address == address:
            return _open[0]
        while _open:
            _open.pop().close()
        cloudpickle.register_pickle_by_value(booting)
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "ignore_reinit_error": True}
        try:
            if address:
                ray.init(address=address, **quiet)
            else:
                local = {"include_dashboard": False, "object_store_memory": STORE, "_node_ip_address": "127.0.0.1"}
                ray.init(address="local", **local, **quiet)
        except Exception as error:  # a node that does not start in time raises nothing more special
            raise WorkersError(
                f"No Ray cluster answers at {address or 'this machine'}: {last_line(error)} "
                "Start one with `ray start --head` and give the address that it prints, or leave the address empty."
            ) from error
        _open.append(Cluster(ray, address))
        return _open[0]
