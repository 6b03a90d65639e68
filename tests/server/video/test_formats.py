"""Settings of formats over HTTP, whatever a request holds; and what history tells of the saved file."""

import itertools
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import files_in, pictures

NODE = "KinemaCombineVideo"
NUMBERS = itertools.count()


def saved(server: Server, **inputs: Any) -> Path:
    before = files_in(server.output)
    # a name of its own, or the host has the result already
    named = {"filename_prefix": f"formats/{next(NUMBERS)}", **inputs}
    outcome = client.run_prompt(server.url, pictures(**named))
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    return path


def refused(server: Server, **inputs: Any) -> str:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, pictures(**inputs))
    assert outcome.status == "refused", outcome.message
    assert files_in(server.output) == before
    (error,) = outcome.error["node_errors"]["2"]["errors"]
    assert error["extra_info"]["input_name"] == "format"
    return error["details"]


def pixels(path: Path) -> str:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.pix_fmt or ""


def test_a_format_without_its_settings_is_as_before(server: Server) -> None:
    assert pixels(saved(server)) == "yuv420p"
    assert pixels(saved(server, format="av1-webm")) == "yuv420p10le"


def test_settings_are_in_the_file(server: Server) -> None:
    assert pixels(saved(server, **{"format.depth": "10-bit", "format.colours": "4:4:4"})) == "yuv444p10le"
    prompt = {"format": "h265-mp4", "format.depth": "10-bit", "format.crf": "30", "format.preset": "ultrafast"}
    assert pixels(saved(server, **prompt)) == "yuv420p10le"


def test_a_setting_left_over_from_another_format_has_no_effect(server: Server) -> None:
    assert pixels(saved(server, format="vp9-webm", **{"format.preset": "slow", "format.palette": "whole clip"}))


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"format.depth": "9-bit"}, 'format.depth is "9-bit". Choose one of: 8-bit, 10-bit.'),
        ({"format.depth": 8}, "format.depth takes one of its choices, not 8."),
        ({"format.depth": ["8-bit"]}, "format.depth takes one of its choices"),
        ({"format.depth": {"a": 1}}, "format.depth takes one of its choices"),
        ({"format.depth": "x" * (1 << 20)}, "format.depth is"),
        ({"format.crf": "52"}, "format.crf is"),
        ({"format.crf": float("nan")}, "format.crf takes one of its choices"),
        ({"format.filter": "-y"}, '"format.filter" is no setting of format. Take it out.'),
        ({"format": "mpeg1"}, "Choose one of: h264-mp4"),
        ({"format": {"format": "gif"}}, "format takes one of its choices"),
    ],
)
def test_anything_else_is_answered(server: Server, inputs: dict[str, Any], words: str) -> None:
    answer = refused(server, **inputs)
    assert words in answer
    assert len(answer) < 400


def test_an_encoder_that_does_not_work_here_is_neither_offered_nor_taken(server: Server) -> None:
    spec = client.get_json(server.url, f"/object_info/{NODE}")[NODE]["input"]["optional"]["format"]
    option = next(each for each in spec[1]["options"] if each["key"] == "h264-mp4")
    listed = option["inputs"]["optional"]["encoder"][1]["options"]
    assert listed[0] == "software"
    absent = {"h264_nvenc", "h264_qsv", "h264_amf", "h264_vaapi", "h264_videotoolbox"} - set(listed)
    for name in absent:
        assert "Choose one of: software" in refused(server, **{"format.encoder": name})


def test_a_format_over_a_wire(server: Server) -> None:
    prompt = pictures(format=["3", 0])
    prompt["3"] = {"class_type": "PrimitiveString", "inputs": {"value": "gif"}}
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    assert [path.suffix for path in files_in(server.output) - before] == [".gif"]


@pytest.mark.parametrize(
    "format", ["h265-mp4", "ffv1-mov", "prores-mov", "png-sequence", "h264-mp4", "gif", "vp9-webm"]
)
def test_history_names_what_was_saved(server: Server, format: str) -> None:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, pictures(format=format, filename_prefix=f"history/{format}"))
    assert outcome.status == "success", outcome.message
    shown = outcome.outputs["2"]
    named = shown.get("files") or shown["images"]
    assert {client.saved_path(server.output, file) for file in named} == files_in(server.output) - before
    assert {file["type"] for file in named} == {"output"}
    assert [file["filename"].startswith("kinema-preview-") for file in shown["images"]] == ["files" in shown]


def test_the_path_goes_on(server: Server) -> None:
    prompt = pictures(filename_prefix="path/x")
    prompt["3"] = {"class_type": "PreviewAny", "inputs": {"source": ["2", 1]}}
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (path,) = outcome.outputs["3"]["text"]
    assert Path(path) == server.output / "path" / "x_00001_.mp4"


def converted(**inputs: Any) -> templates.Prompt:
    prompt = pictures(**{"frame_rate": 0.0, **inputs})
    prompt["1"] = {"class_type": "LoadVideo", "inputs": {"file": templates.VIDEO}}
    return prompt


def facts(path: Path) -> tuple[int, float, float]:
    """Pictures, pictures a second, and seconds of sound."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 0)
        count = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        heard = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0)) if _sounds(path) else 0.0
    return count, rate, heard


def _sounds(path: Path) -> bool:
    with av.open(str(path)) as container:
        return bool(container.streams.audio)


@pytest.mark.parametrize(
    ("inputs", "count", "rate", "sound"),
    [
        ({}, 72, 24, 3.0),
        ({"frame_rate": 8.0}, 24, 8, 3.0),
        ({"frame_rate": 48.0}, 144, 48, 3.0),
        ({"sound_length": "none"}, 72, 24, 0.0),
        ({"pingpong": True}, 142, 24, 3.0),
        ({"pingpong": True, "sound_length": "loop"}, 142, 24, 142 / 24),
        ({"format": "h265-mp4", "format.depth": "10-bit"}, 72, 24, 3.0),
        ({"format": "ffv1-mov"}, 72, 24, 3.0),
    ],
)
def test_a_video_is_saved_again(server: Server, inputs: dict[str, Any], count: int, rate: float, sound: float) -> None:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, converted(filename_prefix="again/x", **inputs))
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    found = facts(path)
    assert found[:2] == (count, rate)
    assert found[2] == pytest.approx(sound, abs=0.1)


def test_the_pictures_of_a_video_stay_the_same(server: Server) -> None:
    before = files_in(server.output)
    prompt = converted(format="ffv1-mov", pingpong=True)
    assert client.run_prompt(server.url, prompt).status == "success"
    (path,) = files_in(server.output) - before
    with av.open(str(server.base / "input" / templates.VIDEO)) as container:
        wanted = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    with av.open(str(path)) as container:
        found = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert np.array_equal(found, np.concatenate((wanted, wanted[-2:0:-1])))


def test_frames_on_a_wire_are_a_video_too(server: Server) -> None:
    prompt = pictures(count=6, frame_rate=0.0)
    prompt["3"] = {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 12.0}}
    prompt["2"]["inputs"]["images"] = ["3", 0]
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    assert facts(path)[:2] == (6, 12)


NAMES = [
    "%d",
    "-y",
    "file:x",
    "|",
    "a;b",
    "$(id)",
    "`id`",
    "'",
    '"',
    "\\",
    "..",
    ".",
    "%Empty.color%",
    "CON",
    "日",
    "\u202e",
    "*",
]


def test_any_name_stays_below_the_output_folder(server: Server) -> None:
    """Real saves with odd names and settings: one file each, below the folder, and no process beside."""
    draw = random.Random(6)
    formats = ["h264-mp4", "gif", "webp", "apng"]
    outside = files_in(server.base) - files_in(server.output)
    saves = 0
    for turn in range(60):
        prefix = "/".join("".join(draw.sample(NAMES, draw.randint(1, 3))) for _ in range(draw.randint(1, 3)))
        before = files_in(server.output)
        prompt = pictures(count=2, size=16, format=draw.choice(formats), filename_prefix=prefix)
        prompt["1"]["inputs"]["color"] = turn
        extra = {"extra_pnginfo": {draw.choice(NAMES): draw.choice(NAMES), "workflow": {"x": "".join(NAMES)}}}
        outcome = client.run_prompt(server.url, prompt, extra_data=extra)
        new = files_in(server.output) - before
        assert len(new) == (outcome.status == "success"), (prefix, outcome.message)
        saves += len(new)
    left = {path for path in files_in(server.base) - files_in(server.output) - outside if path.suffix != ".log"}
    assert not [path for path in left if "temp" not in path.parts and "user" not in path.parts]
    assert saves > 20
