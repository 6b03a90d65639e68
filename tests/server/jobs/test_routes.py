"""Many clips queued over HTTP."""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.harness.server import Server

Prompt = dict[str, dict[str, Any]]


def sent(server: Server, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    async def send() -> tuple[int, Any]:
        async with aiohttp.ClientSession(server.url) as session, session.request(method, path, data=body) as answer:
            return answer.status, await answer.json()

    return asyncio.run(send())


def posted(server: Server, **body: Any) -> tuple[int, Any]:
    return sent(server, "POST", "/kinema/jobs", json.dumps(body).encode())


def finished(server: Server, name: str) -> list[dict[str, Any]]:
    """The jobs of a name when none waits or runs any more."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        status, answer = sent(server, "GET", f"/kinema/jobs/{name}")
        assert status == 200, answer
        if not {job["status"] for job in answer["jobs"]} & {"waiting", "running"}:
            return answer["jobs"]
        time.sleep(0.1)
    raise TimeoutError(name)


@pytest.fixture
def name() -> str:
    return f"some clips {uuid.uuid4().hex[:8]}"


def test_jobs_run_and_are_recorded_and_are_not_run_again(server: Server, cheap: Prompt, name: str) -> None:
    jobs = [{"name": "red", "Canvas.color": 16711680}, {"EmptyImage.color": "255"}, {}, {"1.color": 0}]
    status, answer = posted(server, prompt=cheap, jobs=jobs, times={"Canvas.width": [16, 24]}, name=name)
    assert status == 200, answer
    assert [job["name"] for job in answer["jobs"]] == ["red, width=16", "red, width=24", "3", "4", "5", "6"]
    assert all(uuid.UUID(job["prompt_id"]) for job in answer["jobs"])
    made = finished(server, name)
    assert [job["key"] for job in made] == [job["key"] for job in answer["jobs"]]
    assert {job["status"] for job in made} == {"success"}
    assert all(
        (server.output / file["subfolder"] / file["filename"]).is_file() for job in made for file in job["files"]
    )
    file = Path(server.output, answer["results"])
    assert len(file.read_text().splitlines()) == 6

    status, again = posted(
        server, prompt=cheap, jobs=[*jobs, {"Canvas.color": 7}], times={"Canvas.width": [16, 24]}, name=name
    )
    assert [job["status"] for job in again["jobs"]] == ["success"] * 6 + ["waiting"] * 2
    assert len(finished(server, name)) == 8
    assert len(file.read_text().splitlines()) == 8


def test_a_table_and_a_job_that_fails(server: Server, cheap: Prompt, name: str) -> None:
    cheap["2"]["inputs"]["filename_prefix"] = "../outside"
    table = "name;SaveImage.filename_prefix\nfails;\nworks;jobs/table\n"
    status, answer = posted(server, prompt=cheap, table=table, name=name)
    assert status == 200, answer
    fails, works = finished(server, name)
    assert (fails["status"], works["status"]) == ("error", "success")
    assert fails["error"]["node_type"] == "SaveImage"
    assert "outside" in fails["error"]["message"]
    assert works["files"][0]["subfolder"] == "jobs"
    # what failed is tried again
    _, again = posted(server, prompt=cheap, table=table, name=name)
    assert [job["status"] for job in again["jobs"]] == ["waiting", "success"]
    finished(server, name)


def test_nothing_is_queued_if_one_is_wrong(server: Server, cheap: Prompt, name: str) -> None:
    jobs = [{"Canvas.width": 16}, {"Canvas.width": 999999}, {"Canvas.color": -5}]
    status, answer = posted(server, prompt=cheap, jobs=jobs, name=name)
    assert status == 400
    assert [error.partition(":")[0] for error in answer["errors"]] == ["job 2", "job 3"]
    assert "width" in answer["error"]
    assert "EmptyImage (node 1)" in answer["error"]
    assert sent(server, "GET", f"/kinema/jobs/{name}")[0] == 404
    assert not (server.output / "kinema" / "jobs" / f"{name}.jsonl").exists()


def test_jobs_taken_out_of_the_queue(server: Server, cheap: Prompt, name: str) -> None:
    jobs = [
        {"Canvas.width": 2048, "Canvas.height": 2048, "Canvas.batch_size": 2},
        *({"Canvas.color": n} for n in range(9)),
    ]
    _, answer = posted(server, prompt=cheap, jobs=jobs, name=name)
    last = answer["jobs"][-1]["prompt_id"]
    sent_away = json.dumps({"delete": [last]}).encode()

    async def delete() -> None:
        async with aiohttp.ClientSession(server.url) as session, session.post("/queue", data=sent_away) as gone:
            await gone.read()

    asyncio.run(delete())
    made = finished(server, name)
    assert [job["status"] for job in made] == ["success"] * 9 + ["removed"]


def test_prompts_of_other_packs_are_migrated(server: Server, cheap: Prompt, name: str) -> None:
    combine = {
        "images": ["1", 0],
        "frame_rate": 8,
        "loop_count": 0,
        "format": "image/gif",
        "filename_prefix": "jobs/old",
    }
    cheap["2"] = {"class_type": "VHS_VideoCombine", "inputs": combine}
    status, answer = posted(server, prompt=cheap, jobs=[{"VHS_VideoCombine.frame_rate": 12.5}], name=name)
    assert status == 200, answer
    (job,) = finished(server, name)
    assert job["error"] is None
    assert any(file["filename"].endswith(".gif") for file in job["files"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Send an object with a prompt"),
        ({"prompt": {}}, "prompt is no prompt in API format"),
        ({"prompt": [1]}, "prompt is no prompt in API format"),
        ({"jobs": []}, "jobs is a list of objects"),
        ({"jobs": [1]}, "jobs is a list of objects"),
        ({"jobs": [{}], "table": "x"}, "Send jobs or a table"),
        ({"table": 5}, "table is the text of a table"),
        ({"table": "1.width\n"}, "no rows"),
        ({"table": '1.width\n"4'}, "quotation mark in line 2"),
        ({"jobs": [{"1.widht": 5}]}, "1 has no input widht. Did you mean 1.width"),
        ({"jobs": [{"1.width": "x"}]}, "job 1, 1.width: it takes a whole number, not 'x'"),
        ({"jobs": [{"workflow": "x.json"}]}, "workflow cannot be read here"),
        ({"times": [1]}, "times is an object with lists"),
        ({"times": {"1.color": [*range(1001)]}}, "1001 jobs; 1000 are the most"),
        ({"tabel": "x"}, "tabel is nothing that is read here"),
        ({"name": "../x"}, "leaves the output folder"),
        ({"name": "a/b"}, "name cannot be used"),
        ({"name": "nul"}, "name cannot be used"),
        ({"name": "a:b"}, "name cannot be used"),
        ({"name": ".x"}, "name cannot be used"),
        ({"name": 5}, "name is a text"),
        ({"name": "x" * 300}, "longer than 200 bytes"),
    ],
)
def test_what_is_wrong_with_a_request(server: Server, cheap: Prompt, body: dict[str, Any], words: str) -> None:
    status, answer = posted(server, **({"prompt": cheap} if body else {}) | body)
    assert status == 400
    assert words in answer["error"]


@pytest.mark.parametrize("body", [b"", b"[", b"\xff\xfe", b"[" * 100_000, b"5"])
def test_what_is_no_request(server: Server, body: bytes) -> None:
    status, answer = sent(server, "POST", "/kinema/jobs", body)
    assert status == 400, answer


@pytest.mark.parametrize(("path", "status"), [("unknown", 404), ("..%2Fx", 400), ("a%5Cb", 400)])
def test_names_that_are_not_there(server: Server, path: str, status: int) -> None:
    from yarl import URL

    async def ask() -> int:
        url = URL(f"{server.url}/kinema/jobs/{path}", encoded=True)
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status

    assert asyncio.run(ask()) == status
