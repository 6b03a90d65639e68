"""Start a real ComfyUI server with this checkout as its only custom node. Standard library only."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .setup import ROOT, Host, SetupError

GUARD = Path(__file__).with_name("guarded.py")
START_SECONDS = 180


class Server:
    """A running server; use it in a ``with`` block. It also ends if this process dies.

    Args:
        models: folders laid out like ComfyUI's ``models``.
        options: further command-line options of ComfyUI.
        packs: more custom-node folders to install beside the pack.
    """

    def __init__(
        self,
        host: Host,
        models: Sequence[Path] = (),
        options: Sequence[str] = (),
        output: Path | None = None,
        packs: Sequence[Path] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.host = host
        self.base = Path(tempfile.mkdtemp(prefix="kinema-server-"))
        self.output = output or self.base / "output"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.base / "server.log"
        for name in ("custom_nodes", "models", "input", "output", "temp", "user"):
            (self.base / name).mkdir()
        # the picture that every ComfyUI comes with
        shutil.copy(host.folder / "input" / "example.png", self.base / "input")
        for pack, name in ((ROOT, "kinema"), *((pack, pack.name) for pack in packs)):
            _link(pack, self.base / "custom_nodes" / name)
        self.command = [
            *(str(part) for part in (host.python, GUARD, host.folder, "--base-directory", self.base)),
            *("--port", str(self.port), "--output-directory", str(self.output)),
            *("--database-url", "sqlite:///:memory:", "--disable-api-nodes", "--disable-auto-launch"),
            *("--extra-model-paths-config", str(_write_model_paths(self.base, models)), *options),
        ]
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=self.environment
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        shutil.rmtree(self.base, ignore_errors=True)

    def log_text(self) -> str:
        """Everything the server has printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _wait_until_up(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SetupError(f"ComfyUI ended while starting:\n{self.log_text()[-4000:]}")
            try:
                urllib.request.urlopen(f"{self.url}/system_stats", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
                continue
            if "IMPORT FAILED" in self.log_text():
                raise SetupError(f"ComfyUI could not import a custom node:\n{self.log_text()[-6000:]}")
            return
        raise SetupError(f"ComfyUI did not answer within {START_SECONDS} s:\n{self.log_text()[-4000:]}")


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:
        # Windows without developer mode has no symbolic links
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".git", "__pycache__", "tests"))


def _write_model_paths(base: Path, models: Sequence[Path]) -> Path:
    lines: list[str] = []
    for number, folder in enumerate(models):
        lines += [f"kinema_{number}:", f"  base_path: {folder}"]
        lines += [f"  {entry.name}: {entry.name}" for entry in sorted(folder.iterdir()) if entry.is_dir()]
    file = base / "model_paths.yaml"
    file.write_text("\n".join(lines) or "{}")  # ComfyUI stops at an empty file
    return file
