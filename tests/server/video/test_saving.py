"""Clips that are saved over HTTP, whatever else the request holds."""

from typing import Any

import pytest

from tests.harness import client
from tests.harness.server import Server

from ..test_answers import files_in, pictures


@pytest.mark.parametrize("prefix", ["twice/.", "twice/50%d/n%03dn", "twice/-y 'ü'", "twice\\x/./y"])
@pytest.mark.parametrize("format", ["h264-mp4", "png-sequence", "webp"])
def test_saving_twice_keeps_both(server: Server, prefix: str, format: str) -> None:
    before = {path: path.read_bytes() for path in files_in(server.output)}
    for colours in (0x112233, 0x445566):
        prompt = pictures(filename_prefix=prefix, format=format)
        prompt["1"]["inputs"]["color"] = colours
        outcome = client.run_prompt(server.url, prompt)
        assert outcome.status == "success", outcome.message
        now = {path: path.read_bytes() for path in files_in(server.output)}
        assert before.items() <= now.items()
        assert len(now) - len(before) == (4 if format == "png-sequence" else 1)
        before = now


@pytest.mark.parametrize(
    ("meta", "extra"),
    [
        (5, {}),
        ({"title": ["x"]}, {"extra_pnginfo": ["a"]}),
        ({"title": {"a": 1}}, {"extra_pnginfo": "text"}),
        ("title", {"extra_pnginfo": {"workflow": {"nodes": [None, 3, {"id": [1]}]}}}),
        ({}, {"extra_pnginfo": {"workflow": 5, "日本": 1, "": 2, "a\nb": "\ud800"}}),
        ({}, {"extra_pnginfo": {"workflow": {"x": float("nan")}, "k" * 500: 1}}),
    ],
)
def test_decoration_of_any_shape(server: Server, meta: Any, extra: dict[str, Any]) -> None:
    for format in ("webp", "apng", "h264-mp4", "png-sequence"):
        prompt = pictures(format=format, filename_prefix="decorated/%Up there.value%")
        prompt["1"]["_meta"] = meta
        before = files_in(server.output)
        outcome = client.run_prompt(server.url, prompt, extra_data=extra)
        assert outcome.status == "success", outcome.message
        assert len(files_in(server.output) - before) == (4 if format == "png-sequence" else 1)
