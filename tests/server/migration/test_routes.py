"""What the page asks the server: workflows rewritten, and workflows in files."""

import asyncio
import copy
import io
import json
from typing import Any

import aiohttp
import pytest
from PIL import Image, PngImagePlugin

from tests.harness.server import Server

PROMPT: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 4, "color": 0}},
    "2": {
        "class_type": "VHS_VideoCombine",
        "inputs": {"images": ["1", 0], "frame_rate": 8, "loop_count": 0, "format": "image/gif"},
    },
}
GRAPH: dict[str, Any] = {
    "last_node_id": 1,
    "last_link_id": 0,
    "nodes": [
        {
            "id": 1,
            "type": "ADE_LoadAnimateDiffModel",
            "pos": [0, 0],
            "size": [300, 100],
            "inputs": [],
            "outputs": [],
            "widgets_values": ["mm_sd_v15_v2.ckpt"],
        }
    ],
    "links": [],
    "version": 0.4,
}


def posted(server: Server, path: str, body: bytes) -> tuple[int, Any]:
    """Status and JSON of an answer."""

    async def send() -> tuple[int, Any]:
        async with aiohttp.ClientSession(server.url) as session, session.post(path, data=body) as answer:
            return answer.status, await answer.json()

    return asyncio.run(send())


def asked(server: Server, **body: Any) -> Any:
    status, answer = posted(server, "/kinema/migrate", json.dumps(body).encode())
    assert status == 200, answer
    return answer


def test_a_prompt_and_a_graph_are_rewritten(server: Server) -> None:
    answer = asked(server, workflow=PROMPT)
    assert [node["class_type"] for node in answer["workflow"].values()] == ["EmptyImage", "KinemaCombineVideo"]
    assert answer["report"]["headline"] == "1 node from VideoHelperSuite now runs on Kinema and ComfyUI."
    answer = asked(server, workflow=GRAPH)
    assert [node["type"] for node in answer["workflow"]["nodes"]] == ["KinemaLoadMotionModule"]


def test_under_the_path_that_pages_use(server: Server) -> None:
    body = json.dumps({"workflow": PROMPT}).encode()
    assert posted(server, "/api/kinema/migrate", body) == posted(server, "/kinema/migrate", body)


def test_names_of_model_files(server: Server) -> None:
    graph = copy.deepcopy(GRAPH)
    graph["nodes"][0]["widgets_values"] = ["AnimateDiff\\kinema_seeded_mm_v2_mini.ckpt"]
    answer = asked(server, workflow=graph)
    assert answer["workflow"]["nodes"][0]["widgets_values"] == ["kinema_seeded_mm_v2_mini.safetensors"]
    assert answer["report"]["models"][0]["found"] == "kinema_seeded_mm_v2_mini.safetensors"
    (model,) = asked(server, workflow=GRAPH)["report"]["models"]
    assert model["found"] == ""
    assert model["text"].startswith("motion_module: mm_sd_v15_v2.ckpt is not there")


def test_what_is_there_is_left_alone(server: Server) -> None:
    assert asked(server, workflow={"1": PROMPT["1"]})["workflow"] is None
    answer = asked(server, workflow=PROMPT, types=["VHS_VideoCombine"])
    assert answer["workflow"] is None
    assert answer["report"]["nodes"] == []


BODIES = [
    (b"", "cannot be read"),
    (b"\xff\xfe", "cannot be read"),
    (b"{", "cannot be read"),
    (b"hello", "cannot be read"),
    (b"[" * 200_000, "nested too deeply"),
    (b'{"workflow": ' + b'{"a":' * 200_000, "nested too deeply"),
    (b"[]", "Send an object"),
    (b"null", "Send an object"),
    (b"3", "Send an object"),
    (b'"text"', "Send an object"),
    (b"{}", "workflow is missing"),
    (b'{"types": []}', "workflow is missing"),
    (b'{"workflow": {}, "types": "all"}', "list of node ids"),
    (b'{"workflow": {}, "types": {"a": 1}}', "list of node ids"),
    (b'{"workflow": {}, "types": [1]}', "list of node ids"),
    (b'{"workflow": {}, "types": [["a"]]}', "list of node ids"),
]
"""Bodies that are refused."""
WORKFLOWS: list[Any] = [
    *(None, True, 3, 1.5, "text", [], [1], {}, {"nodes": 3}, {"nodes": [3]}, {"nodes": [{}]}, {"nodes": [{"id": 1}]}),
    {"nodes": [{"id": 1, "type": "a"}, {"id": 1, "type": "b"}]},
    {"nodes": [], "links": 3},
    {"1": {"class_type": "VHS_VideoCombine", "inputs": []}},
    {"1": None, "2": {"class_type": 3}},
]
"""Workflows that are left as they are, with a reason."""


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_a_wrong_body_is_refused_with_a_sentence(server: Server, body: bytes, words: str) -> None:
    status, answer = posted(server, "/kinema/migrate", body)
    assert status == 400
    assert words in answer["error"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_is_no_workflow_is_left_with_a_reason(server: Server, workflow: Any) -> None:
    answer = asked(server, workflow=workflow)
    assert answer["workflow"] is None
    assert answer["report"]["reason"]


def test_a_body_beyond_the_limit_of_the_host(server: Server) -> None:
    status, answer = posted(server, "/kinema/migrate", b" " * (101 << 20))
    assert status == 413
    assert "--max-upload-size" in answer["error"]


def with_texts(format: str, **texts: str) -> bytes:
    """A picture as ComfyUI saves it."""
    held = io.BytesIO()
    picture = Image.new("RGB", (4, 4))
    if format == "png":
        info = PngImagePlugin.PngInfo()
        for key, text in texts.items():
            info.add_text(key, text)
        picture.save(held, "png", pnginfo=info)
    else:
        exif = picture.getexif()
        for tag, (key, text) in zip((0x010F, 0x0110), texts.items(), strict=False):
            exif[tag] = f"{key}:{text}"
        picture.save(held, format, exif=exif)
    return held.getvalue()


@pytest.mark.parametrize("format", ["png", "webp"])
def test_the_workflow_in_a_picture_as_it_is(server: Server, format: str) -> None:
    body = with_texts(
        format, workflow=json.dumps(GRAPH), prompt=json.dumps(PROMPT).replace('"color": 0', '"color": NaN')
    )
    status, answer = posted(server, f"/kinema/migrate/file?name=my%20file.{format}", body)
    assert status == 200
    assert answer["workflow"] == GRAPH
    assert answer["prompt"]["1"]["inputs"]["color"] is None
    assert answer["reason"] == ""


@pytest.mark.parametrize("name", ["a.json", "", "..%2F..%2Fa.png", "a.%00", "a." + "x" * 300])
def test_a_json_file_is_told_by_what_is_in_it(server: Server, name: str) -> None:
    status, answer = posted(server, f"/kinema/migrate/file?name={name}", json.dumps(PROMPT).encode())
    assert status == 200
    assert answer == {"workflow": None, "prompt": PROMPT, "reason": ""}


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{", b"{}", b"[1]", with_texts("png"), with_texts("png", workflow="no JSON"), b"\0" * 4096]
)
def test_a_file_without_a_workflow_says_so(server: Server, body: bytes) -> None:
    status, answer = posted(server, "/kinema/migrate/file?name=odd.png", body)
    assert status == 200
    assert (answer["workflow"], answer["prompt"]) == (None, None)
    assert "odd.png" in answer["reason"]


def test_a_file_beyond_the_limit_of_the_host(server: Server) -> None:
    """Videos may be larger than what the host takes into its memory."""
    picture = with_texts("png", workflow=json.dumps(GRAPH))
    status, answer = posted(server, "/kinema/migrate/file?name=large.png", picture + b"\0" * (120 << 20))
    assert status == 200
    assert answer["workflow"] == GRAPH
