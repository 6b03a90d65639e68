"""All tests, in two processes side by side: those that wait for servers leave a core to the others. No dependencies."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .setup import ROOT

AT_ONCE = 2
LONGEST = "tests/server"
"""The first to begin."""
APART = ("tests/browser", "tests/host/windows", "tests/host/training", "tests/bare", "tests/host/video")
"""Folders that are parts of their own, so that whichever process is done first has something left to do; each has what
it needs to itself, such as a server, and the shorter ones are last."""


def parts(folder: Path = ROOT) -> list[Sequence[str]]:
    """What each process is asked to run; together every test, each once."""
    rest = [f"--ignore={each}" for each in (LONGEST, *APART)]
    named = [each for each in (LONGEST, *APART) if not (folder / each).is_dir()]
    if named:
        raise FileNotFoundError(f"There is no {named[0]}, which `tests.harness.suite` names.")
    return [[LONGEST], ["tests", *rest], *([each] for each in APART)]


def run_suite(environment: Mapping[str, str]) -> int:
    """Run every test; each line of output says which part it is from. Returns the worst exit status."""
    # more threads than cores make both slower
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // AT_ONCE))}
    running: list[subprocess.Popen[str]] = []

    def run(arguments: Sequence[str]) -> int:
        running.append(process := _start(arguments, {**threads, **environment}))
        _copy(_name(arguments), process)
        return abs(process.wait())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        codes = [pool.submit(run, part) for part in parts()]
        try:
            return max(code.result() for code in codes)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.send_signal(signal.SIGINT)
            raise


def _name(arguments: Sequence[str]) -> str:
    return "others" if arguments[0] == "tests" else arguments[0].removeprefix("tests/")


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
