"""What the migration knows of the nodes it writes, brought up to date from a running host. `load_pack` goes first."""

import json
from collections.abc import Mapping
from typing import Any

from kinema.motion.migration.tables import RULES
from kinema.motion.migration.targets import FILE, table


def expected(object_info: Mapping[str, Any]) -> dict[str, Any]:
    """The table as it should be for a host."""
    wanted = {name for rule in RULES.values() for name in rule.makes}
    return table(object_info, wanted, json.loads(FILE.read_text(encoding="utf-8")))


def write_table(object_info: Mapping[str, Any]) -> list[str]:
    """Write the table; returns the nodes that the host does not have."""
    found = expected(object_info)
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [name for name, entry in found["nodes"].items() if entry.get("planned")]
