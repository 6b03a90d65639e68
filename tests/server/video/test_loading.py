"""Load Video Frames over HTTP."""

from typing import Any

from tests.harness import client, templates
from tests.harness.footage import write_footage
from tests.harness.server import Server


def prompt(**given: Any) -> templates.Prompt:
    """Frames of a file, or of the server's own video."""
    return {
        "1": {"class_type": "LoadVideo", "inputs": {"file": templates.VIDEO}},
        "2": {"class_type": "KinemaLoadVideo", "inputs": {"frames": 4, "width": 32, "height": 32, **given}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }


def test_a_file_by_its_name(server: Server) -> None:
    write_footage(server.base / "input")
    outcome = client.run_prompt(server.url, prompt(file=f"{templates.VIDEO} [input]", start_time=0.5))
    assert outcome.status == "success", outcome.message
    assert len(outcome.files()) == 4


def test_a_file_that_is_gone_is_told_before_the_run(server: Server) -> None:
    outcome = client.run_prompt(server.url, prompt(file="gone.mp4"))
    assert outcome.status == "refused"
    assert "gone.mp4 is not in ComfyUI's input folder" in outcome.message


def test_a_file_that_is_gone_does_not_matter_behind_a_wire(server: Server) -> None:
    write_footage(server.base / "input")
    outcome = client.run_prompt(server.url, prompt(file="gone.mp4", video=["1", 0]))
    assert outcome.status == "success", outcome.message
    assert len(outcome.files()) == 4
