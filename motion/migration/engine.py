"""Applies the mapping table to a workflow. The same for graphs and API prompts, for server, page and command line."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .api import is_prompt, read_prompt, write_prompt
from .asked import Files, with_models
from .everywhere import connected
from .fitting import fitted
from .groups import groups_of, opened
from .newer import Defaults, with_newer
from .records import BRIDGE, REROUTES, BadGraphError, Graph, Id, Link, Node, UnsupportedError
from .report import ABSORBED, KEPT, MIGRATED, Entry, Report
from .rules import ABSENT, Builder, Old
from .tables import RULES
from .ui import is_scope, read_scope
from .ui_write import write_scope

FRONT_END = frozenset({"Reroute", "PrimitiveNode", "Note", "MarkdownNote"})
"""Nodes that exist in the front end alone."""
HANDING_ON = REROUTES | {"GetNode", "SetNode", BRIDGE}
OUTSIDE: Id = -20
MOST_SCOPES = 10_000


def migrate(
    workflow: Any, installed: Collection[str], files: Files | None = None, defaults: Defaults | None = None
) -> tuple[Any, Report]:
    """The workflow with nodes that are not installed replaced by those that do the same, and what became of them.

    Model files are looked for by their names in what was migrated, and in Kinema's nodes whatever they are in.

    Args:
        workflow: a saved graph or an API prompt, as read from JSON. It is not changed.
        installed: ids of all nodes there are; they are left alone.
        files: which files there are to choose from; without, names stay as they are.
        defaults: of inputs that an old prompt may lack; without, none are filled in.

    Returns:
        The same object if there is nothing to do, or if it cannot be read (``reason`` of the report says why).
    """
    report = Report()
    known = installed if isinstance(installed, (set, frozenset, dict)) else frozenset(installed)
    try:
        if not isinstance(workflow, dict):
            raise BadGraphError("a workflow is a JSON object")
        if is_scope(workflow):
            written = _migrate_graph(workflow, known, report)
        elif is_prompt(workflow):
            written = _migrate_prompt(workflow, known, report)
            if defaults is not None and written is not workflow:
                written = with_newer(written, defaults, report)
        else:
            raise BadGraphError("it is neither a saved graph nor an API prompt")
        if files is not None:
            written = with_models(written, files, report, everywhere=written is not workflow)
        return written, report
    except BadGraphError as error:
        return workflow, Report(reason=str(error))
    except RecursionError:
        return workflow, Report(reason="it is nested too deeply")


def _migrate_prompt(prompt: dict[str, Any], installed: Collection[str], report: Report) -> dict[str, Any]:
    graph = read_prompt(prompt)
    _apply(graph, installed, report, "")
    return write_prompt(prompt, graph) if graph.changed else prompt


def _migrate_graph(workflow: dict[str, Any], installed: Collection[str], report: Report) -> dict[str, Any]:
    before = workflow
    workflow, closed = opened(workflow, lambda type: type in RULES and type not in installed)
    definitions = workflow.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    inner = [one for one in subgraphs if is_scope(one)] if isinstance(subgraphs, list) else []
    if len(inner) > MOST_SCOPES:
        raise BadGraphError(f"it has {len(inner)} subgraphs")
    known = _Known(installed, {str(one.get("id")) for one in inner})
    graphs = [read_scope(scope) for scope in (workflow, *inner)]
    now, wired = connected(workflow, installed)
    if now is not workflow:
        workflow, graphs[0] = now, read_scope(now)
    for graph in graphs:
        graph.wired = frozenset()
    graphs[0].wired = wired
    # ids are unique in the whole workflow
    last = 0
    for scope, graph in zip((workflow, *inner), graphs, strict=True):
        last = graph.last_id = max(last, graph.last_id, _highest(graph))
        _apply(graph, known, report, "" if scope is workflow else str(scope.get("name") or scope.get("id")))
        last = graph.last_id
    _group_nodes(workflow, closed, installed, report)
    if not any(graph.changed for graph in graphs):
        return before
    written = workflow
    if graphs[0].changed:
        written = write_scope(workflow, graphs[0])
    if any(graph.changed for graph in graphs[1:]):
        now = {
            id(scope): write_scope(scope, graph) if graph.changed else scope
            for scope, graph in zip(inner, graphs[1:], strict=True)
        }
        assert isinstance(definitions, dict)
        assert isinstance(subgraphs, list)
        changed = {**definitions, "subgraphs": [now.get(id(one), one) for one in subgraphs]}
        written = {**written, "definitions": changed}
    return written


class _Known:
    """Installed ids and those of the workflow's own subgraphs."""

    def __init__(self, installed: Collection[str], own: set[str]) -> None:
        self.installed, self.own = installed, own

    def __contains__(self, type: object) -> bool:
        return type in self.installed or type in self.own


def _highest(graph: Graph) -> int:
    return max([0, *(key for key in graph.nodes if isinstance(key, int))])


def _group_nodes(workflow: Mapping[str, Any], closed: Collection[str], installed: Any, report: Report) -> None:
    """Tell of what is inside of group nodes that could not be opened."""
    for name, group in groups_of(workflow).items():
        for index, raw in enumerate(group["nodes"] if name in closed else ()):
            type = raw.get("type")
            if isinstance(type, str) and type in RULES and type not in installed:
                reason = "it is in a group node: choose 'Convert to nodes' in its menu, and migrate again"
                report.entries.append(Entry(index, type, RULES[type].pack, KEPT, reason=reason, scope=name))


def _apply(graph: Graph, installed: Any, report: Report, scope: str) -> None:
    """Replace what the table knows in one graph, and tell about every node that is not installed."""
    candidates = [node for node in graph.nodes.values() if node.type in RULES and node.type not in installed]
    entries: dict[Id, Entry] = {}
    absorbed: dict[Id, list[str]] = {}
    passed: set[Id] = set()

    def tell(node: Node, state: str, **more: Any) -> None:
        entries[node.id] = Entry(node.id, node.type, RULES[node.type].pack, state, scope=scope, **more)

    for node in candidates:
        make = RULES[node.type].maker(node)
        if make is None:
            continue
        builder = Builder(graph, node)
        try:
            if node.problem:
                raise UnsupportedError(node.problem)
            outputs = make(Old(node, graph, builder), builder)
        except UnsupportedError as error:
            tell(node, KEPT, reason=str(error))
            continue
        _commit(graph, node, builder, outputs)
        passed |= builder.passed
        became = tuple(new.type for new in builder.new.values())
        for key in builder.absorbed:
            absorbed.setdefault(key, []).extend(new.type for new in builder.new.values() if new.beside == key)
        tell(node, MIGRATED, became=became, now=tuple(builder.new), notes=tuple(builder.notes))
    _drop_settings(graph, candidates, absorbed, tell)
    _drop_idle(graph, passed)
    report.entries += [entries[node.id] for node in candidates if node.id in entries]
    for node in graph.nodes.values():
        if node.type not in installed and node.type not in RULES and not _is_own(node.type):
            report.unknown[node.type] += 1


def _is_own(type: str) -> bool:
    """Whether the front end or the workflow itself knows a type."""
    return type in FRONT_END or type.startswith(("workflow/", "workflow>"))


def _commit(graph: Graph, node: Node, builder: Builder, outputs: Any) -> None:
    for new in builder.new.values():
        new.values = fitted(new.type, new.values, builder.note)
    if builder.new and builder.notes:
        main = builder.new.get(node.id) or next(iter(builder.new.values()))
        main.notes = list(builder.notes)
    graph.new.update(builder.new)
    graph.gone.add(node.id)
    for slot, value in outputs.items() if isinstance(outputs, Mapping) else enumerate(outputs):
        graph.moved[Link(node.id, slot)] = None if value is ABSENT else value
    graph.moved.update(builder.moved)


def _drop_settings(
    graph: Graph, candidates: list[Node], absorbed: Mapping[Id, list[str]], tell: Callable[..., None]
) -> None:
    """Remove nodes that were only read by others, from the last reader back to the first."""
    settings = [node for node in candidates if RULES[node.type].maker(node) is None]
    left = {node.id: _real_readers(graph, node.id) - graph.gone for node in settings}
    read: dict[Id, list[Id]] = {}
    for key, readers in left.items():
        for reader in readers:
            read.setdefault(reader, []).append(key)
    ready = [key for key, readers in left.items() if not readers]
    for key in ready:
        graph.gone.add(key)
        for source in read.get(key, ()):
            left[source].discard(key)
            if not left[source]:
                ready.append(source)
    for node in settings:
        if left[node.id]:
            names = sorted({graph.nodes[reader].type for reader in left[node.id] if reader in graph.nodes})
            tell(node, KEPT, reason=f"it is still read by {', '.join(names) or 'the outside of a subgraph'}")
        elif node.id in absorbed:
            tell(node, ABSORBED, became=tuple(dict.fromkeys(absorbed[node.id])))
        else:
            tell(node, ABSORBED, notes=("nothing used it",))


def _real_readers(graph: Graph, key: Id) -> set[Id]:
    """Nodes that read a node, behind reroutes and Set and Get nodes."""
    found: set[Id] = set()
    seen: set[Id] = set()
    stack = [key]
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        if at in graph.outside:
            found.add(OUTSIDE)
        for reader in graph.readers(at):
            (stack.append if graph.nodes[reader].type in HANDING_ON else found.add)(reader)
    return found


def _drop_idle(graph: Graph, passed: set[Id]) -> None:
    """Remove reroutes that only handed on a setting which is now elsewhere."""
    ready = list(passed)
    for key in ready:
        node = graph.nodes.get(key)
        if node is None or key in graph.gone or key in graph.outside or set(graph.readers(key)) - graph.gone:
            continue
        origin, _ = graph.source(Link(key, 0))
        if origin.node not in graph.gone or graph.settled(origin) is not None:
            continue
        graph.gone.add(key)
        before = graph.handed_on(node)
        if isinstance(before, Link) and before.node in passed:
            ready.append(before.node)
