"""All tests, in two processes side by side: those that wait for servers leave a core to the others. No dependencies."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from .setup import ROOT

SERVERS = ("tests/browser", "tests/server")
PARTS: Mapping[str, Sequence[str]] = {"server": SERVERS, "others": ["tests", *(f"--ignore={each}" for each in SERVERS)]}
"""What each process runs; they take about as long as each other."""


def run_suite(environment: Mapping[str, str]) -> int:
    """Run every test; each line of output says which process it is from. Returns the worse exit status."""
    # more threads than cores make both slower
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // len(PARTS)))}
    runs = {name: _start(paths, {**threads, **environment}) for name, paths in PARTS.items()}
    writers = [threading.Thread(target=_copy, args=(name, run)) for name, run in runs.items()]
    for writer in writers:
        writer.start()
    try:
        codes = [run.wait() for run in runs.values()]
    except KeyboardInterrupt:
        for run in runs.values():
            run.send_signal(signal.SIGINT)
        for run in runs.values():
            run.wait()
        raise
    finally:
        for writer in writers:
            writer.join()
    return max(map(abs, codes))


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
        print(f"{name:>6} | {line}", end="", flush=True)
