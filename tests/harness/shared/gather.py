"""Shared workflows, migrated: which of their nodes run here, and which have nothing that could run them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinema.motion.migration import FAMILY, NoWorkflowError, Report, migrate, read_workflow

OF_FAMILY = ("ADE_", "VHS_", "ACN_")
IDLE = (2, 4)
"""Modes of nodes that are muted or bypassed."""
VIRTUAL = frozenset({"Reroute", "PrimitiveNode", "Note", "MarkdownNote"})
"""Nodes of the front end alone."""


@dataclass(frozen=True)
class Shared:
    """One file.

    Args:
        name: its path in the folder.
        workflow: migrated; a graph or an API prompt.
        blocking: types of active nodes that nothing here runs.
        before: active and idle nodes of AnimateDiff's family.
        staying: those of them that nothing here runs.
    """

    name: str
    workflow: dict[str, Any]
    report: Report
    blocking: tuple[str, ...]
    before: int
    staying: tuple[str, ...]

    @property
    def is_graph(self) -> bool:
        """Whether it is a saved graph rather than an API prompt."""
        return isinstance(self.workflow.get("nodes"), list)

    @property
    def runs(self) -> bool:
        """Whether everything that is active in it runs here."""
        return not self.blocking and not self.report.reason


@dataclass(frozen=True)
class Unread:
    """A file that carries no workflow."""

    name: str
    reason: str


def gathered(folder: Path, installed: Collection[str]) -> Iterator[Shared | Unread]:
    """Every file of a folder that may carry a workflow, in the order of their names."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            workflow = read_workflow(path)
        except NoWorkflowError as error:
            yield Unread(name, str(error))
            continue
        if isinstance(workflow, dict):
            yield shared(name, workflow, installed)
        else:
            yield Unread(name, "it is no JSON object")


def shared(name: str, workflow: dict[str, Any], installed: Collection[str]) -> Shared:
    """One workflow, migrated."""
    family = {rule.old for rule in FAMILY}

    def is_family(type: str) -> bool:
        return type not in installed and (type in family or type.startswith(OF_FAMILY))

    migrated, report = migrate(workflow, installed)
    own = {str(one.get("id")) for one in _subgraphs(migrated)}
    known = {*installed, *VIRTUAL, *own}
    types = [(type, idle) for type, idle in _types(migrated) if type not in known]
    return Shared(
        name,
        migrated,
        report,
        tuple(sorted({type for type, idle in types if not idle})),
        sum(is_family(type) for type, _ in _types(workflow)),
        tuple(type for type, _ in types if is_family(type)),
    )


def _types(workflow: dict[str, Any]) -> list[tuple[str, bool]]:
    """Types of all nodes, and whether each is idle."""
    if isinstance(workflow.get("nodes"), list):
        scopes = [workflow, *_subgraphs(workflow)]
        nodes = [node for scope in scopes for node in scope.get("nodes", []) if isinstance(node, dict)]
        return [(str(node.get("type")), node.get("mode") in IDLE) for node in nodes]
    entries = [node for node in workflow.values() if isinstance(node, dict)]
    return [(node["class_type"], False) for node in entries if isinstance(node.get("class_type"), str)]


def _subgraphs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    definitions = workflow.get("definitions")
    inner = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    return [one for one in inner or () if isinstance(one, dict)]
