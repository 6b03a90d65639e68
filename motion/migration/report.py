"""What became of a workflow's nodes, for people and for programs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .records import Id

MIGRATED, ABSORBED, KEPT = "migrated", "absorbed", "kept"
"""A node is replaced; its values went into others; it stays as it is."""


@dataclass(frozen=True)
class Entry:
    """What became of one old node.

    Args:
        became: types of the nodes in its place.
        reason: why it stays.
        scope: name of the subgraph it is in, empty for the workflow itself.
        now: ids of the nodes in its place, in the order of ``became``.
    """

    id: Id
    type: str
    pack: str
    state: str
    became: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    scope: str = ""
    now: tuple[Id, ...] = ()


@dataclass(frozen=True)
class ModelEntry:
    """A model file that a workflow asks for under a name that is not in the list.

    Args:
        input: the node's list of files.
        found: the file that is meant, which the workflow names now; empty if a person has to choose.
        text: what to tell them.
        candidates: files that come near.
        scope: name of the subgraph the node is in, empty for the workflow itself.
    """

    id: Id
    type: str
    input: str
    wanted: str
    found: str
    text: str
    candidates: tuple[str, ...] = ()
    scope: str = ""


@dataclass
class Report:
    """What became of a workflow.

    Args:
        unknown: types that are not installed and in no table, with how many nodes there are.
        models: model files that are not there under their names.
        reason: why the workflow was left as it is altogether.
    """

    entries: list[Entry] = field(default_factory=list)
    models: list[ModelEntry] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    reason: str = ""

    @property
    def done(self) -> list[Entry]:
        """Nodes that run on something else now."""
        return [entry for entry in self.entries if entry.state != KEPT]

    @property
    def kept(self) -> list[Entry]:
        """Nodes of the table that stay as they are."""
        return [entry for entry in self.entries if entry.state == KEPT]

    @property
    def packs(self) -> Mapping[str, int]:
        """Migrated nodes by pack, the largest first."""
        return dict(Counter(entry.pack for entry in self.done).most_common())

    @property
    def headline(self) -> str:
        """One sentence, as a toast shows it."""
        if self.reason:
            return f"Left as it is: {self.reason}."
        if not self.done:
            found = sum(bool(entry.found) for entry in self.models)
            if found:
                return f"{found} model file{'s' * (found != 1)} found under another name."
            return "Nothing to migrate."
        packs = list(self.packs)
        named = packs[0] if len(packs) == 1 else f"{', '.join(packs[:-1])} and {packs[-1]}"
        count = len(self.done)
        return f"{count} node{'s' * (count != 1)} from {named} now run{'s' * (count == 1)} on Kinema and ComfyUI."

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "headline": self.headline,
            "packs": dict(self.packs),
            "nodes": [asdict(entry) for entry in self.entries],
            "models": [asdict(entry) for entry in self.models],
            "unknown": dict(self.unknown),
            "reason": self.reason,
        }

    def as_text(self) -> str:
        """The same for people, a few lines."""
        lines = [self.headline]
        for state, entries in (("", self.done), ("stays: ", self.kept)):
            for entry in entries:
                what = " + ".join(entry.became) or ("its users" if entry.state == ABSORBED else entry.reason)
                where = f" in {entry.scope}" if entry.scope else ""
                lines.append(f"  {state}{entry.type} (node {entry.id}{where}) -> {what}")
                lines += [f"      {note}" for note in entry.notes]
        for entry in self.models:
            where = f" in {entry.scope}" if entry.scope else ""
            lines.append(f"  {entry.type} (node {entry.id}{where}): {entry.text}")
        if self.unknown:
            lines.append("Not installed, and nothing here does the same:")
            lines += [f"  {name} ({count})" for name, count in self.unknown.most_common()]
        return "\n".join(lines)
