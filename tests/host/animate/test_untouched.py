"""The pack assigns to nothing of the host, anywhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.harness.pack import ROOT

SCRIPT = Path(__file__).with_name("untouched.py")


def run(tmp_path: Path, script: Path = SCRIPT) -> dict[str, Any]:
    command = [sys.executable, str(script), os.environ["KINEMA_COMFYUI_FOLDER"], str(ROOT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_of_the_host_changes(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert found["watched"] > 5000
    assert found["changed"] == []


def test_the_comparison_notices_a_patch(tmp_path: Path) -> None:
    body = SCRIPT.read_text().replace(
        "    after = fingerprints()\n",
        "    comfy.sample.prepare_noise = lambda *_: None\n"
        "    torch.nn.GroupNorm.forward = lambda self, x: x\n"
        "    after = fingerprints()\n",
    )
    (tmp_path / "patched.py").write_text(body)
    assert run(tmp_path, tmp_path / "patched.py")["changed"] == [
        "comfy.sample.prepare_noise",
        "torch.nn.modules.normalization.GroupNorm.forward",
    ]


def test_no_source_line_assigns_to_the_host() -> None:
    """A cheap second look: `comfy.x.y = ...` and setattr on host modules do not occur in the pack."""
    assignment = re.compile(r"^\s*(comfy|nodes|folder_paths|latent_preview|server|execution|torch)(\.\w+)+ *=[^=]")
    for folder in ("nodes", "motion"):
        for file in (ROOT / folder).rglob("*.py"):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                assert not assignment.match(line), f"{file}:{number}"
                assert "setattr(" not in line, f"{file}:{number}"
