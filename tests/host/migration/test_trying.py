"""A mistake in the migration never costs a workflow, and lists of nodes are read as they offer them."""

from collections.abc import Iterator
from typing import Any

import pytest
from kinema.nodes.host.migration.listed import listed_files
from kinema.nodes.host.migration.trying import try_to_migrate, try_to_migrate_request

PROMPT = {"1": {"class_type": "VHS_VideoCombine", "inputs": {}}}


class Broken(frozenset[str]):
    """Ids that cannot be asked for, as if the table made a mistake."""

    def __contains__(self, item: object) -> bool:
        raise KeyError(item)

    def __iter__(self) -> Iterator[str]:
        raise KeyError("all")


@pytest.mark.parametrize("workflow", [PROMPT, {"nodes": [{"id": 1, "type": "VHS_VideoCombine"}], "links": []}])
def test_a_mistake_leaves_the_workflow(workflow: Any, caplog: pytest.LogCaptureFixture) -> None:
    now, report = try_to_migrate(workflow, Broken())
    assert now is workflow
    assert "made a mistake, KeyError" in report.reason
    assert "could not be migrated" in caplog.text


def test_a_mistake_leaves_the_request() -> None:
    request = {"prompt": PROMPT}
    now, report = try_to_migrate_request(request, Broken())
    assert now is request
    assert not report.done


def test_choices_of_nodes() -> None:
    assert "euler" in (listed_files("KSampler", "sampler_name") or ())
    assert listed_files("KSampler", "model") is None
    assert listed_files("KSampler", "nothing") is None
    assert listed_files("Nothing", "model") is None
