"""Model files that a workflow asks for, looked up among those there are: replaced, or asked on the node.

A name that could mean two files stays, so that the host shows it as missing; a wrong file would go unnoticed.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .loaders import LOADERS, NO_FILES, OWN, ModelInput
from .models import Found, Shelf
from .report import ModelEntry, Report
from .ui import inputs_of, is_scope

Files = Callable[[str, str], Collection[str] | None]
"""What a list of a node offers, by the node's id and the input's name; None if it is not known."""


@dataclass(frozen=True)
class _Asking:
    """A node with names that are not in its lists: those to be replaced, and questions, by input."""

    found: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)


def with_models(workflow: dict[str, Any], files: Files, report: Report, everywhere: bool) -> dict[str, Any]:
    """The workflow with names of files that are there; the same object if all of them are, or none can be told.

    Args:
        workflow: a saved graph or an API prompt, which is not changed.
        everywhere: look at all nodes; otherwise at Kinema's alone, and a question by itself changes nothing.
    """
    looked = _Look(files, report, everywhere)
    if not is_scope(workflow):
        return looked.changed(workflow, {key: looked.entry(key, raw) for key, raw in workflow.items()})
    changed: dict[str, Any] = {"nodes": looked.nodes(workflow["nodes"], "")}
    definitions = workflow.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    if isinstance(definitions, dict) and isinstance(subgraphs, list):
        changed["definitions"] = {**definitions, "subgraphs": [looked.subgraph(one) for one in subgraphs]}
    return looked.changed(workflow, {**workflow, **changed})


class _Look:
    def __init__(self, files: Files, report: Report, everywhere: bool) -> None:
        self.files, self.report, self.everywhere = files, report, everywhere
        self.shelves: dict[tuple[str, str], Shelf | None] = {}
        self.needed = False

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        """What was written, if there was a reason to."""
        return now if self.needed else before

    def subgraph(self, raw: Any) -> Any:
        """A subgraph of a saved graph, or what is in its place."""
        return (
            {**raw, "nodes": self.nodes(raw["nodes"], str(raw.get("name") or raw.get("id")))} if is_scope(raw) else raw
        )

    def nodes(self, nodes: list[dict[str, Any]], scope: str) -> list[dict[str, Any]]:
        """Nodes of a saved graph."""
        return [self._node(raw, scope) for raw in nodes]

    def _node(self, raw: dict[str, Any], scope: str) -> dict[str, Any]:
        widgets = raw.get("widgets_values")
        asking = self._asking(raw.get("type"), raw.get("id"), scope, lambda inputs: _widgets(raw, inputs))
        if asking is None:
            return raw
        changed = _told(raw.get("properties"), asking)
        if isinstance(widgets, dict):
            changed["widgets_values"] = {**widgets, **asking.found}
        elif asking.found:
            places = {one.place: asking.found[one.name] for one in LOADERS[raw["type"]] if one.name in asking.found}
            changed["widgets_values"] = [places.get(place, value) for place, value in enumerate(widgets or ())]
        return {**raw, **changed}

    def entry(self, key: str, raw: Any) -> Any:
        """A node of an API prompt."""
        inputs = raw.get("inputs") if isinstance(raw, dict) else None
        if not isinstance(inputs, dict):
            return raw
        asking = self._asking(raw.get("class_type"), key, "", lambda _: inputs)
        return raw if asking is None or not asking.found else {**raw, "inputs": {**inputs, **asking.found}}

    def _asking(
        self, type: Any, id: Any, scope: str, values: Callable[[tuple[ModelInput, ...]], Mapping[str, Any]]
    ) -> _Asking | None:
        """What a node asks for that is not there under its name, None if there is nothing."""
        if not isinstance(type, str) or type not in LOADERS or not (self.everywhere or type.startswith(OWN)):
            return None
        asking = _Asking()
        for name, wanted in self._missing(type, values(LOADERS[type])):
            answer = self._shelf(type, name)
            found = answer.find(wanted) if answer is not None else None
            if isinstance(found, Found):
                asking.found[name] = found.name
                text = f"{name} is {found.name}: the workflow asks for {wanted}."
                self.report.models.append(ModelEntry(id, type, name, wanted, found.name, text, scope=scope))
            elif found is not None:
                asking.questions[name] = text = f"{name}: {found.text}"
                self.report.models.append(ModelEntry(id, type, name, wanted, "", text, found.candidates, scope))
        self.needed = self.needed or bool(asking.found) or (self.everywhere and bool(asking.questions))
        return asking if asking.found or asking.questions else None

    def _missing(self, type: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for one in LOADERS[type]:
            wanted = values.get(one.name)
            if not isinstance(wanted, str) or wanted.strip().casefold() in NO_FILES:
                continue
            shelf = self._shelf(type, one.name)
            if shelf is not None and wanted not in shelf.names:
                yield one.name, wanted

    def _shelf(self, type: str, name: str) -> Shelf | None:
        if (type, name) not in self.shelves:
            names = self.files(type, name)
            self.shelves[type, name] = None if names is None else Shelf(names)
        return self.shelves[type, name]


def _widgets(raw: Mapping[str, Any], inputs: tuple[ModelInput, ...]) -> dict[str, Any]:
    """Values of a saved node that stand in its widgets; those that come over a wire are not read."""
    widgets = raw.get("widgets_values")
    wired = [one.get("name") for one in inputs_of(raw) if isinstance(one.get("link"), int)]
    free = [one for one in inputs if one.name not in wired]
    if isinstance(widgets, dict):
        return {one.name: widgets.get(one.name) for one in free}
    listed = widgets if isinstance(widgets, list) else []
    return {one.name: listed[one.place] for one in free if one.place < len(listed)}


def _told(properties: Any, asking: _Asking) -> dict[str, Any]:
    """What changes of a saved node by its questions, which stand in place of older ones about the same inputs."""
    kept = _dict(properties)
    kinema = _dict(kept.get("kinema"))
    listed = kinema.get("notes")
    before = listed if isinstance(listed, list) else []
    settled = tuple(f"{name}: " for name in (*asking.found, *asking.questions))
    notes = [note for note in before if not (isinstance(note, str) and note.startswith(settled))]
    notes += asking.questions.values()
    return {} if notes == before else {"properties": {**kept, "kinema": {**kinema, "notes": notes}}}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
