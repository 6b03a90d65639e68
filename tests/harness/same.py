"""The frames of all templates here and at another commit, compared bit by bit."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .setup import ROOT, Host, run


def compared(host: Host, revision: str, models: Sequence[Path]) -> int:
    """Print which templates make other frames than at a commit, a branch or a tag; how many they are."""
    with tempfile.TemporaryDirectory() as folder:
        run(["git", "worktree", "add", "--detach", "--force", folder, revision], f"checking {revision} out")
        try:
            before, now = (_frames_of(checkout, host, models) for checkout in (Path(folder), ROOT))
        finally:
            run(["git", "worktree", "remove", "--force", folder], "removing it")
    changed = [name for name in before.keys() & now.keys() if before[name] != now[name]]
    for name in sorted(before.keys() | now.keys()):
        told = "changed" if name in changed else "the same" if name in before and name in now else "only in one"
        print(f"{name}: {told}")
    print(f"{len(changed)} of {len(before.keys() & now.keys())} templates make other frames than at {revision}.")
    return len(changed)


def _frames_of(checkout: Path, host: Host, models: Sequence[Path]) -> Mapping[str, str]:
    """A hash of all frames by template."""
    command = [host.python, ROOT / "tests" / "harness" / "outputs.py", host.folder, *models]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    answer = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE)
    return json.loads(answer.stdout)
