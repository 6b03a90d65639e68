"""A Ray cluster on this machine, whose workers have a ComfyUI of their own. Standard library only."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from .server import Server, free_port
from .setup import Host, SetupError

START_SECONDS = 120
STOP_SECONDS = 20


class Cluster:
    """A cluster for some workers; use it in a ``with`` block. It is bound to this machine alone.

    Args:
        models: folders laid out like ComfyUI's ``models``, for the workers' ComfyUI.
        options: further command-line options of that ComfyUI.
    """

    def __init__(
        self,
        host: Host,
        workers: int,
        models: Sequence[Path] = (),
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        # never started: only its folder, with this pack in it, and its command line
        self.comfyui = Server(host, models, options)
        self.address = f"127.0.0.1:{free_port()}"
        self._environment = {
            **os.environ,
            "KINEMA_COMFYUI": str(host.folder),
            "KINEMA_COMFYUI_ARGUMENTS": shlex.join(self.comfyui.command[3:]),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
            **(environment or {}),
        }
        machine, port = self.address.split(":")
        self._command = [
            *(str(host.python), "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *("--node-ip-address", machine, "--port", port, "--num-cpus", str(workers)),
            *("--include-dashboard", "false", "--object-store-memory", str(1 << 28)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Cluster":
        log = self.comfyui.log
        with log.open("wb") as written:
            self._process = subprocess.Popen(
                self._command,
                stdout=written,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                cwd=self.comfyui.base,
            )
        end = time.monotonic() + START_SECONDS
        while "Ray runtime started" not in (told := self.comfyui.log_text()):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise SetupError(f"Ray did not start:\n{told[-3000:]}")
            time.sleep(0.2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Come back when it has ended."""
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self.comfyui.stop()
