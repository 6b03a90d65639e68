"""What ComfyUI tells about a prompt."""

from typing import Any

import pytest
from kinema.motion.jobs import Fault, File, Outcome, outcome_of, refusal

START = ["execution_start", {"timestamp": 1000}]


def entry(status: str, *messages: Any, **outputs: Any) -> Any:
    return {"status": {"status_str": status, "messages": [START, *messages]}, "outputs": outputs}


def test_files_of_all_nodes() -> None:
    image = {"filename": "a.png", "subfolder": "x", "type": "output"}
    end = ["execution_success", {"timestamp": 3500}]
    shown = entry(
        "success", end, a={"images": [image], "animated": [True]}, b={"text": ["hi"], "files": [image]}, c=None
    )
    files = (File("a", "a.png", "x", "output"), File("b", "a.png", "x", "output"))
    assert outcome_of(shown) == Outcome(files, None, 2.5)


def test_errors() -> None:
    data = {"node_id": "3", "node_type": "KSampler", "exception_message": "out of memory\n", "timestamp": 2000}
    failed = outcome_of(entry("error", ["execution_error", data]))
    assert failed == Outcome((), Fault("out of memory", "3", "KSampler"), 1.0)
    assert str(failed.error) == "KSampler (node 3): out of memory"
    assert outcome_of(entry("error", ["execution_interrupted", {}])).error == Fault("It was interrupted on the server.")


@pytest.mark.parametrize("strange", [{}, {"status": None}, {"status": {"messages": [1, ["x"], [2, 3]]}, "outputs": 4}])
def test_whatever_is_there_instead(strange: Any) -> None:
    assert outcome_of(strange) == Outcome((), Fault("It failed, and the server did not say why."))


def test_refusals() -> None:
    error = {
        "message": "Value not in list",
        "details": "ckpt_name: 'x' not in []",
        "extra_info": {"input_name": "ckpt_name"},
    }
    ours = {
        "message": "Custom validation failed for node",
        "details": "frames - frames takes 1 or more",
        "extra_info": {},
    }
    answer = {
        "error": {"message": "Prompt outputs failed validation"},
        "node_errors": {"4": {"class_type": "Load", "errors": [error, ours]}},
    }
    assert refusal(answer) == Fault(
        "Value not in list: ckpt_name: 'x' not in []; Load (node 4): frames takes 1 or more", "4", "Load"
    )
    assert refusal({"error": {"message": "Prompt has no outputs", "details": ""}}) == Fault("Prompt has no outputs")
    assert "did not say why" in refusal({}).message
