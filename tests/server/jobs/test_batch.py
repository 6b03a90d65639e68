"""`python dev.py batch` on a real server."""

import argparse
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kinema.motion.jobs import Server as Runner
from kinema.motion.jobs.command import add_arguments, run

from tests.harness import client, templates
from tests.harness.server import Server

Prompt = dict[str, dict[str, Any]]


def batch(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(
        parser.parse_args([str(argument) for argument in arguments]),
        lambda name, nodes: templates.to_api(name, dict(nodes)),
    )


@pytest.fixture
def folder(tmp_path: Path, cheap: Prompt) -> Path:
    """With a table and its prompt, in a path with blanks."""
    folder = tmp_path / "my jobs"
    folder.mkdir()
    (folder / "prompt.json").write_text(json.dumps(cheap))
    rows = 'name;Canvas.color;2.filename_prefix\r\nred;16711680;"jobs/a;b"\r\nblue;255;\r\nwrong;99999999;\r\n\r\n'
    (folder / "jobs.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    return folder


def recorded(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "jobs.results.jsonl").read_text().splitlines()]


def test_a_table_of_a_spreadsheet(server: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--workflow", folder / "prompt.json", "--server", server.url, "--times", "1.width=16,32")
    told = (folder / "jobs.csv", *options)
    assert batch(*told) == 1
    results = recorded(folder)
    assert [result["name"] for result in results[:3]] == ["red, width=16", "red, width=32", "blue, width=16"]
    assert [result["status"] for result in results] == ["success"] * 4 + ["error"] * 2
    assert results[0]["files"][0]["filename"].startswith("a;b_")
    assert results[0]["files"][0]["url"].startswith(f"{server.url}/view?")
    assert results[4]["error"]["node_type"] == "EmptyImage"
    said = capsys.readouterr().out
    assert "4 made, 2 failed, 0 left." in said
    assert "wrong, width=16  EmptyImage (node 1): " in said
    # a kill in the middle of a line
    file = folder / "jobs.results.jsonl"
    file.write_bytes(file.read_bytes().rsplit(b"\n", 4)[0][:-20])
    assert batch(*told) == 1
    assert "6 jobs, 2 done already. 4 to run." in capsys.readouterr().out
    assert {result["key"] for result in recorded_again(file)} == {result["key"] for result in results}


def recorded_again(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def test_a_table_of_another_prompt_keeps_what_is_there(server: Server, folder: Path, capsys: Any) -> None:
    told = ("--workflow", folder / "prompt.json", "--server", server.url, "--results", folder / "all.jsonl")
    assert batch(*told, "--times", "Canvas.color=1,2") == 0
    assert batch(*told, "--times", "Canvas.color=2,3") == 0
    assert "2 jobs, 1 done already, 1 results of other jobs stay in" in capsys.readouterr().out
    assert len((folder / "all.jsonl").read_text().splitlines()) == 3


def test_a_template(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"KSampler.seed": 1 << 63, "Prompt.text": "a cat"}, {"KSampler.seed": 5}]
    (tmp_path / "jobs.json").write_text(json.dumps(rows))
    assert batch(tmp_path / "jobs.json", "--workflow", "text-to-video", "--server", server.url, "--check") == 0
    said = capsys.readouterr().out
    assert "2 jobs. 2 to run.\n1: KSampler.seed=9223372036854775808, Prompt.text=a cat\n" in said
    assert not (tmp_path / "jobs.results.jsonl").exists()


def test_a_workflow_for_each_row_beside_the_table(server: Server, folder: Path) -> None:
    (folder / "jobs.csv").write_text("workflow,Canvas.width\nprompt.json,40\n")
    assert batch(folder / "jobs.csv", "--server", server.url) == 0
    assert recorded(folder)[0]["status"] == "success"


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ("Canvas.colour\n1", (), "Canvas has no input colour. Did you mean Canvas.color"),
        ("Canvas.color\n1e3", (), "line 2, Canvas.color: it takes a whole number, not '1e3'"),
        ("Canvas.color\n", (), "has no rows"),
        ("", (), "it is empty"),
        ("Canvas.color\n1", ("--workflow", "none.json"), "none.json"),
        ("Canvas.color\n1", ("--workflow", "no-template"), "There is no template no-template"),
        ("Canvas.color\n1", ("--server", "ftp://x"), "ftp://x is no address"),
        ("Canvas.color\n1", ("--results", "jobs.csv"), "jobs.csv is no file of results"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    server: Server,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    options: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "jobs.csv").write_text(table)
    assert batch("jobs.csv", "--workflow", "prompt.json", "--server", server.url, *options) == 1
    assert words in capsys.readouterr().err
    assert not (folder / "jobs.results.jsonl").exists()
    assert (folder / "jobs.csv").read_text() == table


def test_no_server_and_a_table_that_is_not_there(
    server: Server, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(folder / "jobs.csv", "--workflow", folder / "prompt.json", "--server", "127.0.0.1:9") == 1
    said = capsys.readouterr().err
    assert "http://127.0.0.1:9: it cannot be reached" in said
    assert "No ComfyUI answers" in said
    assert batch(folder / "gone.csv", "--workflow", folder / "prompt.json", "--server", server.url) == 1
    assert "gone.csv cannot be read" in capsys.readouterr().err


def test_one_server_of_two_is_gone(server: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs.csv").write_text("Canvas.color\n" + "\n".join(str(number) for number in range(40, 50)))
    servers = ("--server", "127.0.0.1:9", "--server", server.url)
    assert batch(folder / "jobs.csv", "--workflow", folder / "prompt.json", *servers) == 0
    assert [result["runner"] for result in recorded(folder)] == [server.url] * 10
    assert "note: http://127.0.0.1:9" in capsys.readouterr().err


class Page(http.server.BaseHTTPRequestHandler):
    """Answers whatever is asked with a web page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_server_that_is_something_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as page:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{page.server_port}"
        assert batch(folder / "jobs.csv", "--workflow", folder / "prompt.json", "--server", url) == 1
        page.shutdown()
    assert "it answers, and not as a ComfyUI does" in capsys.readouterr().err


def test_a_stop_interrupts_and_empties_the_queue(server: Server, prompt: Prompt) -> None:
    """A clip of many steps, which nobody wants to wait for."""
    templates.set_inputs(prompt, "KSampler", steps=400)
    runner = Runner(server.url)
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(runner.run(prompt)))
    thread.start()
    thread.join(2)
    assert not outcomes
    runner.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert outcomes[0].error is not None
    until = time.monotonic() + 60
    while client.get_json(server.url, "/prompt")["exec_info"]["queue_remaining"]:
        assert time.monotonic() < until, "the clip goes on"
        time.sleep(0.1)
