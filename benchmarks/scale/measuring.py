"""What calls of workers take on this machine: whole samplings on a real server, and the host's part of them alone."""

import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from kinema.motion.windows import WindowOptions, plan_windows
from kinema.nodes.host.windows.placed import Placed
from kinema.nodes.host.workers.wire import packed, unpacked

from tests.harness import client, templates
from tests.harness.server import Server
from tests.harness.setup import Host

from .plans import CHANNELS, CONDITIONINGS, SIDE, SLIDING

TOLD = re.compile(r"\[Kinema\] Calls of the model: (.*)\.$", re.MULTILINE)
PART = re.compile(r"worker \d+ (\d+) of ([\d.]+) ms and ([\d.]+) ms on the way")
DISTRIBUTE, SAVE = "distribute", "save"
"""Node ids."""
CALLS = 40
FRAMES = 256
"""Of the clip that is fused, which takes as long for each window as any other."""


@dataclass(frozen=True)
class Part:
    """One worker in one sampling."""

    calls: int
    window: float
    """Seconds of its model for each call."""
    way: float
    """Seconds of a call beyond that."""


@dataclass(frozen=True)
class Sampling:
    """One sampling with workers."""

    step: float
    """Seconds of a step, from the second on."""
    steps: int
    """How many of those there are."""
    windows: int
    """In a step."""
    parts: Sequence[Part]
    """All steps of each worker."""
    load: float
    """Processes that wanted the machine's cores."""

    @property
    def window(self) -> float:
        """Seconds of the model for a window."""
        return self._mean([part.window for part in self.parts])

    @property
    def way(self) -> float:
        """Seconds of a call beyond that."""
        return self._mean([part.way for part in self.parts])

    @property
    def idle(self) -> float:
        """The share of their time in which workers predict nothing, the way counted as such."""
        return 1.0 - self.windows * self.window / (self.step * len(self.parts))

    def _mean(self, values: Sequence[float]) -> float:
        calls = [part.calls for part in self.parts]
        return sum(value * count for value, count in zip(values, calls, strict=True)) / sum(calls)


@dataclass(frozen=True)
class Clip:
    """What is sampled."""

    frames: int
    window: int
    size: int
    """Pixels."""
    steps: int

    @property
    def options(self) -> WindowOptions:
        """The same windows in every step."""
        return WindowOptions(SLIDING.schedule, length=self.window, overlap=self.window // 4)


@contextmanager
def served() -> Iterator[Server]:
    """A real server with seeded weights, one thread for each process."""
    host = Host(Path(os.environ["KINEMA_COMFYUI_FOLDER"]), Path(sys.executable), is_users=False)
    device = [] if torch.cuda.is_available() else ["--cpu"]
    with Server(host, [Path(os.environ["KINEMA_MODELS"])], device, environment={"OMP_NUM_THREADS": "1"}) as server:
        yield server


def sampled(server: Server, clip: Clip, workers: int, seed: int) -> Sampling:
    """One sampling of a clip with some workers; the host only hands windows out.

    Raises:
        RuntimeError: it failed, or a worker had no window.
    """
    graph = prompt(client.get_json(server.url, "/object_info"), clip, workers, seed)
    moments: list[float] = []

    def watch(event: client.Event) -> None:
        if event["type"] == "progress" and graph[event["data"]["node"]]["class_type"] == "KSampler":
            moments.append(time.perf_counter())

    outcome = client.run_prompt(server.url, graph, watch)
    if outcome.status != "success":
        raise RuntimeError(outcome.error.get("exception_message") or outcome.message)
    parts = parts_in(server.log_text())
    if len(parts) < workers or len(moments) < 2:
        raise RuntimeError(f"{len(parts)} of {workers} workers had windows, and {len(moments)} steps were told of.")
    windows = len(plan_windows(clip.frames, 0, clip.options))
    if sum(part.calls for part in parts) != windows * clip.steps:
        raise RuntimeError(f"{windows} windows in {clip.steps} steps were planned, and other calls made: {parts}.")
    steps = [after - before for before, after in pairwise(moments)]
    return Sampling(statistics.mean(steps), len(steps), windows, parts, os.getloadavg()[0])


def parts_in(log: str) -> list[Part]:
    """What the last line about workers says of each that had windows."""
    lines = TOLD.findall(log)
    found = PART.findall(lines[-1]) if lines else []
    return [Part(int(calls), float(window) / 1000, float(way) / 1000) for calls, window, way in found]


def prompt(object_info: dict[str, Any], clip: Clip, workers: int, seed: int) -> templates.Prompt:
    """The template of long clips up to its sampler, with workers."""
    graph = templates.to_api("long-clip", object_info)
    graph = templates.use_seeded_weights(graph, clip.size, clip.steps, clip.frames, clip.window)
    sliding = {"windows_per_call": 1, "context_schedule": clip.options.schedule}
    templates.set_inputs(graph, "KinemaSlidingContext", **sliding)
    templates.set_inputs(graph, "KSampler", seed=seed)
    of = {node["class_type"]: name for name, node in graph.items()}
    for node in graph.values():
        node["inputs"] |= {
            name: [DISTRIBUTE, 0] for name, value in node["inputs"].items() if value == [of["KinemaSlidingContext"], 0]
        }
    settings = {"model": [of["KinemaSlidingContext"], 0], "workers": workers, "work_here": False}
    graph[DISTRIBUTE] = {"class_type": "KinemaDistributeWindows", "inputs": settings}
    graph[SAVE] = {"class_type": "SaveLatent", "inputs": {"samples": [of["KSampler"], 0], "filename_prefix": "scale"}}
    return {name: node for name, node in graph.items() if name in _above(graph, SAVE)}


def _above(graph: templates.Prompt, name: str) -> set[str]:
    links = [value[0] for value in graph[name]["inputs"].values() if isinstance(value, list)]
    return {name}.union(*(_above(graph, each) for each in links))


@dataclass(frozen=True)
class Costs:
    """Of latents of 512x512 pixels in windows of 16 frames, in seconds."""

    call: float
    """From a window's way out to its way back, without network and model."""
    handling: float
    """Of the host's processor for that."""
    packing: float
    """For a window, of the host's processor."""
    fusing: float
    """For a window."""
    sampling: float
    """For a frame."""


def costs(precision: str) -> Costs:
    """What the host does for workers, and what Ray adds."""
    clip = torch.randn(FRAMES, CHANNELS, SIDE, SIDE)
    placed, windows = Placed(clip.device), plan_windows(FRAMES, 0, SLIDING)
    placed.put(windows)
    result = placed.begun(clip, ())

    def pack() -> Any:
        return packed(placed.picked(clip, windows[1:2]), precision)

    sent = pack()

    def fuse() -> None:
        for _ in range(CONDITIONINGS):
            placed.add(result, unpacked(sent, clip), windows[1:2])

    def sample() -> None:
        denoised = torch.lerp(result, clip, 7.5)
        clip.add_((clip - denoised) / 3.0, alpha=-0.1)

    wall, busy = _through_ray(sent)
    return Costs(wall, busy, _busy(pack), _busy(fuse), _busy(sample) / FRAMES)


def _busy(act: Callable[[], Any]) -> float:
    """Seconds of the processor, the median of some calls."""
    seconds = []
    for _ in range(CALLS):
        start = time.process_time()
        act()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def _through_ray(sent: Any) -> tuple[float, float]:
    """Seconds of a call that comes back with as many arrays as there are conditionings, and of the processor here."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    class Echo:
        def call(self, method: str, job: dict[str, Any]) -> dict[str, Any]:
            return {"predictions": [job["latents"].copy() for _ in range(job["count"])]}

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    ray.init(address="local", object_store_memory=1 << 29, _node_ip_address="127.0.0.1", **quiet)
    try:
        as_actor: Any = ray.remote
        echo = as_actor(num_cpus=0, max_concurrency=2)(Echo).remote()
        job, wall, busy = {"latents": sent, "count": CONDITIONINGS}, [], []
        for _ in range(CALLS):
            start, start_busy = time.perf_counter(), time.process_time()
            answer = echo.call.remote("predict", job)
            while not ray.wait([answer], timeout=0.1)[0]:
                continue
            ray.get(answer)
            wall.append(time.perf_counter() - start)
            busy.append(time.process_time() - start_busy)
    finally:
        ray.shutdown()
    return statistics.median(wall), statistics.median(busy)
