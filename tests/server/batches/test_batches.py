"""Batch nodes over HTTP: what the host makes of one node for three types."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

KINDS: dict[str, templates.Prompt] = {
    "IMAGE": {"1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 16, "batch_size": 8, "color": 255}}},
    "MASK": {
        "0": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 16, "batch_size": 8, "color": 255}},
        "1": {"class_type": "ImageToMask", "inputs": {"image": ["0", 0], "channel": "blue"}},
    },
    "LATENT": {"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 32, "batch_size": 8}}},
}
SIZES = {"IMAGE": "32 x 16 pixels", "MASK": "32 x 16 pixels", "LATENT": "8 x 4 places of a latent"}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": f"Kinema{kind}", "inputs": inputs}


def chain(kind: str) -> templates.Prompt:
    """Every node behind a source of 8 frames; Frame Info looks at what comes out."""
    return {
        **KINDS[kind],
        "2": node("SelectFrames", batch=["1", 0], indices="0, 4:8:2, \u22121"),
        "3": node("EveryNthFrame", batch=["1", 0], every_nth=3),
        "4": node("SplitFrames", batch=["1", 0], index=-2),
        "5": node("CrossfadeFrames", first=["4", 0], second=["4", 2], overlap=1),
        "6": node("RepeatFrames", batch=["2", 0], times=2),
        "7": node("ReverseFrames", batch=["3", 0]),
        "8": node("PingPongFrames", batch=["7", 0]),
        "9": node("MergeFrames", first=["5", 0], second=["6", 0], third=["8", 0]),
        "10": node("FrameInfo", batch=["9", 0]),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_one_node_for_every_type(server: Server, kind: str) -> None:
    outcome = client.run_prompt(server.url, chain(kind))
    assert outcome.status == "success", outcome.message
    # 7 of the crossfade, 2 x 4 selected, 4 there and back
    (text,) = outcome.outputs["10"]["text"]
    assert text.startswith(f"{kind}: 19 frames of {SIZES[kind]}")


@pytest.mark.parametrize(
    ("number", "inputs", "words"),
    [
        ("2", {"indices": "0-5"}, "`0-5` is no range. Write it with a colon"),
        ("2", {"indices": ""}, "indices is empty"),
        ("2", {"out_of_range": "wrap"}, "Choose one of: error, clamp, leave_out"),
        ("3", {"every_nth": 0}, "every_nth"),
        ("4", {"index": 0}, "index is 0, which leaves nothing in the first part"),
        ("4", {"batch": 7}, "batch takes a connection from an output of type IMAGE or MASK or LATENT, not 7"),
        ("5", {"second": ["gone", 0]}, "second is connected to output 0 of node 'gone'"),
        ("9", {"method": "lanczos"}, "Choose one of: bilinear"),
    ],
)
def test_faults_are_answered_before_the_run(server: Server, number: str, inputs: dict[str, Any], words: str) -> None:
    prompt = chain("IMAGE")
    prompt[number]["inputs"].update(inputs)
    failed(server, prompt, prompt[number]["class_type"], words, status="refused")


@pytest.mark.parametrize(
    ("number", "inputs", "words"),
    [
        ("2", {"indices": "8"}, "There is no frame 8 among 8 frames, which go from 0 to 7, or -8 to -1"),
        ("2", {"indices": "20:30"}, "indices takes none of the 8 frames"),
        ("3", {"skip_frames": 8}, "skip_frames is 8, but there are 8 frames"),
        ("4", {"index": 8}, "8 frames split at 8 leave nothing on one side. Choose 1 to 7, or -1 to -7"),
        ("5", {"overlap": 3}, "3 frames cannot overlap: first has 6 and second has 2. Lower overlap to 2"),
        ("6", {"times": 10_000, "batch": ["97", 0]}, "GB of memory are free"),
        ("9", {"second": ["99", 0]}, "first is of type IMAGE, but second of type LATENT"),
        ("10", {"batch": ["98", 0]}, "batch takes a value of type IMAGE or MASK or LATENT, but a int came"),
    ],
)
def test_faults_in_the_run_are_told_on_the_node(
    server: Server, number: str, inputs: dict[str, Any], words: str
) -> None:
    prompt = chain("IMAGE")
    large = {"width": 2048, "height": 2048, "batch_size": 2, "color": 0}
    prompt["97"] = {"class_type": "EmptyImage", "inputs": large}
    prompt["98"] = {"class_type": "PrimitiveInt", "inputs": {"value": 3}}
    prompt["99"] = KINDS["LATENT"]["1"]
    prompt[number]["inputs"].update(inputs)
    failed(server, prompt, prompt[number]["class_type"], words)


def test_what_is_left_out_is_shown_on_the_node(server: Server) -> None:
    prompt = chain("MASK")
    prompt["2"]["inputs"].update(indices="0, 99, 3, -3, 2", out_of_range="leave_out")
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    assert outcome.notices["2"] == ["1 of the numbers are of no frame; they are left out."]


def test_optional_inputs_may_be_missing(server: Server) -> None:
    prompt = chain("LATENT")
    for each in prompt.values():
        for name in ("indices", "every_nth", "index", "overlap", "times", "third"):
            each["inputs"].pop(name, None)
    prompt["4"]["inputs"]["index"] = 4
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
