"""What decided earlier trainings of a name, so that one that begins anew can say why."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

ABOUT = "about.json"
LONGEST = 40
"""Letters of a value that is shown; what weights or clips are takes more."""
Decided = Mapping[str, str]
"""What a training depends on, by name."""


def remember(folder: Path, decided: Decided) -> None:
    """Tell in the folder of a training what decided it; only for people."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ABOUT).write_text(json.dumps(dict(decided), indent=1), encoding="utf-8")


def anew(folder: Path, name: str, decided: Decided) -> str | None:
    """Why a training has nothing to go on with though there is one of its name, None if there is none.

    Args:
        folder: of the training that begins; the others are beside it.
        name: what all of them are called.
    """
    found = []
    with contextlib.suppress(OSError):
        beside = (each for each in folder.parent.iterdir() if each.name.rpartition("_")[0] == name and each != folder)
        found = [(told, other) for other in beside if (told := _told(other)) is not None]
    if not found:
        return None
    told, other = min(found, key=lambda each: len(_changes(each[0], decided)))
    changes = _changes(told, decided)
    if not changes:
        return None
    return f"begun anew, because {', '.join(changes)}; the earlier training of this name is kept in {other}"


def _told(folder: Path) -> dict[str, str] | None:
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in told.items()}
    except (OSError, ValueError, AttributeError):
        return None


def _changes(before: Decided, now: Decided) -> list[str]:
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [_change(name.replace("_", " "), before.get(name, "none"), now.get(name, "none")) for name in changed]


def _change(name: str, before: str, now: str) -> str:
    if max(len(before), len(now)) > LONGEST or "weights" in name or name in ("clips", "model"):
        return f"{name} changed"
    return f"{name} was {before} and is {now}"
