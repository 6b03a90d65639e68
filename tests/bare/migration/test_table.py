"""Every old node of the table, in every layout and both formats."""

import copy

import pytest
from kinema.motion.migration import migrate
from kinema.motion.migration.layouts import LAYOUTS
from kinema.motion.migration.tables import FAMILY, RULES
from kinema.motion.migration.targets import TARGETS

from .places import placed
from .small import HOST, Small, as_prompt, of_prompt, wired

NESTED = frozenset({"ACN_SparseCtrlIndexMethodNode", "ACN_SparseCtrlSpreadMethodNode", "ADE_UpscaleAndVAEEncode"})
"""Settings that are read through another node's wire; they have tests of their own."""
PARTED = frozenset({"VHS_VideoInfo", "VHS_VideoInfoSource", "VHS_VideoInfoLoaded"})
CAMERA = frozenset({"ADE_ApplyAnimateDiffModelWithCameraCtrl", "ADE_ApplyAnimateLCMI2VModel"})


def test_no_id_is_there_twice() -> None:
    assert len(RULES) == len({rule.old for rule in RULES.values()})
    assert not RULES.keys() & TARGETS.keys()


@pytest.mark.parametrize("id", sorted(RULES))
def test_targets_are_known(id: str) -> None:
    assert set(RULES[id].makes) <= TARGETS.keys()


def test_targets_have_what_they_need() -> None:
    for target in TARGETS.values():
        for one in target.inputs:
            if one.widget and one.options:
                assert one.default in one.options, (target.id, one.name)


CASES = [
    (rule.old, layout)
    for rule in FAMILY
    if rule.old not in NESTED | PARTED | CAMERA and not rule.refused
    for layout in range(len(LAYOUTS.get(rule.old, ("",))))
]


@pytest.mark.parametrize(("id", "layout"), CASES)
def test_each_layout_in_both_formats(id: str, layout: int) -> None:
    small = Small()
    key = placed(small, id, layout)
    graph, prompt = small.ui(), small.api()
    before = copy.deepcopy((graph, prompt))
    written, report = migrate(graph, HOST)
    posted, told = migrate(prompt, HOST)
    assert (graph, prompt) == before, "what came in was changed"
    assert not report.kept, report.as_text()
    assert not told.kept, told.as_text()
    entry = next(entry for entry in report.entries if entry.id == key)
    assert set(entry.became) <= {name for rule in RULES.values() for name in rule.makes}
    wired(written)
    types = {node["type"] for node in written["nodes"]} | {node["class_type"] for node in posted.values()}
    assert not types & RULES.keys()
    assert as_prompt(written) == of_prompt(posted, prompt)
    for node in posted.values():
        if node["class_type"] in TARGETS:
            _complete(node)


def _complete(node: dict) -> None:
    """A node has what the host refuses to be without, and nothing that it does not know."""
    target = TARGETS[node["class_type"]]
    known = {one.name: one for one in target.chosen(node["inputs"])}
    for name, value in node["inputs"].items():
        one = known.get(name)
        assert one is not None, (target.id, name)
        if one.options is not None and not isinstance(value, list):
            assert value in one.options, (target.id, name, value)
    missing = [one.name for one in target.inputs if not one.optional and one.name not in node["inputs"]]
    assert not missing, (target.id, missing)
