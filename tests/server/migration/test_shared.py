"""The ten commonest shapes of shared graphs run to a file, and a folder of strangers' files is told about."""

import json
from pathlib import Path

from tests.harness.server import Server
from tests.harness.shared.commonest import COMMONEST
from tests.harness.shared.gather import Unread, gathered
from tests.harness.shared.running import run_on
from tests.harness.shared.table import table


def test_the_commonest_graphs_run_to_a_file(server: Server, tmp_path: Path) -> None:
    for name, draw in COMMONEST.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(draw()))
    results = run_on(server, tmp_path, tmp_path / "results.jsonl")
    assert {result.name: result.problem for result in results if result.status != "success"} == {}
    assert len(results) == len(COMMONEST)
    # what has run does not run again
    assert run_on(server, tmp_path, tmp_path / "results.jsonl") == results


def test_what_a_folder_holds_is_told(tmp_path: Path) -> None:
    graph = COMMONEST["loader_with_context"]()
    graph["nodes"][4]["type"] = "NeverHeardOf"
    (tmp_path / "blocked.json").write_text(json.dumps(graph))
    (tmp_path / "empty.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    found = list(gathered(tmp_path, {"CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "VAEDecode"}))
    assert [one.name for one in found if isinstance(one, Unread)] == ["broken.json", "empty.json"]
    told = table(found, [])
    assert "files: 1 with a workflow, 2 without" in told
    assert "NeverHeardOf 1" in told
