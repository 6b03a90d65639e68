"""The migration's table of the nodes it writes is that of the running host."""

import json
from typing import Any

from kinema.motion.migration.targets import FILE, INSTALLED

from tests.harness.targets import expected


def test_nodes_are_as_the_host_has_them(object_info: dict[str, Any]) -> None:
    written = json.loads(FILE.read_text(encoding="utf-8"))["nodes"]
    now = expected(object_info)["nodes"]
    changed = sorted(name for name in now if now[name] != written.get(name))
    assert not changed, "run: python dev.py targets"


def test_what_is_installed(object_info: dict[str, Any]) -> None:
    missing = sorted(name for name in object_info if name.startswith("Kinema") and name not in INSTALLED)
    assert not missing, "run: python dev.py targets"
