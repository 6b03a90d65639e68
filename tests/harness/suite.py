"""All tests, in two processes side by side: those that wait for servers leave a core to the others. No dependencies."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .setup import ROOT

AT_ONCE = 2
SERVERS = ("tests/server", "tests/browser")
"""They share a server that takes a while to start, and are the longest by far: one part, and the first to begin."""
APART = ("tests/bare", "tests/host/windows", "tests/host/training", "tests/host/video")
"""Folders that are parts of their own, so that whichever process is done first has something left to do."""


@dataclass
class Suite:
    """Parts that wait for a process, and what has come of the others."""

    environment: Mapping[str, str]
    waiting: deque[Sequence[str]]
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def work(self) -> None:
        """Run one part after the other until none is left."""
        while True:
            try:
                arguments = self.waiting.popleft()
            except IndexError:
                return
            self.running.append(run := _start(arguments, self.environment))
            _copy(_name(arguments), run)
            self.codes.append(abs(run.wait()))

    def stop(self) -> None:
        """Begin nothing more, and let what runs say what it has found."""
        self.waiting.clear()
        for run in self.running:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)


def parts(folder: Path = ROOT) -> list[Sequence[str]]:
    """What each process is asked to run; together every test, each once."""
    rest = [f"--ignore={each}" for each in (*SERVERS, *APART)]
    named = [each for each in (*SERVERS, *APART) if not (folder / each).is_dir()]
    if named:
        raise FileNotFoundError(f"There is no {named[0]}, which `tests.harness.suite` names.")
    return [SERVERS, ["tests", *rest], *([each] for each in APART)]


def run_suite(environment: Mapping[str, str]) -> int:
    """Run every test; each line of output says which part it is from. Returns the worst exit status."""
    # more threads than cores make both slower
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // AT_ONCE))}
    suite = Suite({**threads, **environment}, deque(parts()))
    workers = [threading.Thread(target=suite.work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    try:
        _join(workers)
    except KeyboardInterrupt:
        suite.stop()
        _join(workers)
        raise
    return max(suite.codes)


def _join(workers: Iterable[threading.Thread]) -> None:
    for worker in workers:
        worker.join()


def _name(arguments: Sequence[str]) -> str:
    return arguments[0].removeprefix("tests/") if arguments[0] != "tests" else "others"


def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    # each would write what failed last into the same folder
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    print(f"[test] {' '.join(command[2:])}", flush=True)
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def _copy(name: str, run: subprocess.Popen[str]) -> None:
    assert run.stdout is not None
    for line in run.stdout:
        print(f"{name:>13} | {line}", end="", flush=True)
