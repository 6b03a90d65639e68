"""The harness itself: servers end with whoever started them, set-up answers clearly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness import setup
from tests.harness.pack import ROOT
from tests.harness.server import Server
from tests.harness.setup import SetupError, ensure_host, once

from .conftest import the_host

STARTER = """
import signal, sys, time
from pathlib import Path
from tests.harness.server import Server
from tests.harness.setup import Host
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
with Server(Host(Path(sys.argv[1]), Path(sys.executable), False), options=["--cpu"]) as server:
    print(server.process.pid, flush=True)
    time.sleep(600)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_server_ends_with_its_starter(how: signal.Signals) -> None:
    command = [sys.executable, "-c", STARTER, str(the_host().folder)]
    starter = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    assert alive(server)
    starter.send_signal(how)
    starter.wait(15)
    deadline = time.monotonic() + 15
    while alive(server) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(server)


def test_a_server_that_cannot_start_says_why() -> None:
    server = Server(the_host(), options=["--cpu", "--no-such-option"])
    with pytest.raises(SetupError, match="unrecognized arguments: --no-such-option"), server:
        pass
    assert not server.base.exists()


def test_the_users_comfyui_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("nothing may be downloaded")

    monkeypatch.setattr(setup, "once", forbidden)
    monkeypatch.setenv("KINEMA_PYTHON", sys.executable)
    monkeypatch.setenv("KINEMA_COMFYUI", str(the_host().folder))
    assert ensure_host().folder == the_host().folder
    assert ensure_host().is_users
    with pytest.raises(SetupError, match="is not a ComfyUI folder"):
        ensure_host(str(tmp_path))


def test_folders_are_made_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        (target / "half").touch()
        raise SetupError("no network")

    with pytest.raises(SetupError):
        once(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []
    assert once(tmp_path / "made", lambda target: (target / "whole").touch()).joinpath("whole").exists()
    once(tmp_path / "made", fail)
