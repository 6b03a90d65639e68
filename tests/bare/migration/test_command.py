"""The command line, and the files that carry workflows."""

import argparse
import json
import struct
import zlib
from pathlib import Path

import pytest
from kinema.motion.migration.carriers import NoWorkflowError, read_workflow
from kinema.motion.migration.command import add_arguments, run

from .small import Small


def workflow() -> dict:
    small = Small()
    loaded = small.node("ADE_LoadAnimateDiffModel", {"model_name": "mm.ckpt"})
    small.node("PreviewAny", source=loaded)
    return small.ui()


def command(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(argument) for argument in arguments]))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def carriers(text: str) -> dict[str, bytes]:
    """Files with a workflow inside, as the programs that write them do."""
    packed = zlib.compress(text.encode())
    exif = b"Exif\0\0MM\0*" + b"Workflow:" + text.encode() + b"\0"
    riff = b"WEBP" + b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    both = json.dumps({"prompt": "{}", "workflow": text}).encode()
    return {
        "a.json": text.encode(),
        "b.png": b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"workflow\0" + text.encode()) + chunk(b"IEND", b""),
        "c.png": b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0" + packed),
        "d.png": b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"workflow\0\1\0\0\0" + packed),
        "e.webp": b"RIFF" + struct.pack("<I", len(riff)) + riff,
        "f.mp4": b"\0\0\0\x18ftypmp42" + b"mdta\0workflow\0\0data" + b"\0" * 12 + text.encode() + b"\0rest",
        "g.mkv": b"\x1a\x45\xdf\xa3" + b"WORKFLOW\x44\x87\x10" + text.encode() + b"\xec",
        "h.mp4": b"\0\0\0\x18ftypmp42" + b"\xa9cmtcomment\0\0" + both + b"rest",
    }


@pytest.mark.parametrize("name", sorted(carriers("")))
def test_workflows_inside_of_files(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(carriers(json.dumps(workflow()))[name])
    assert read_workflow(file) == workflow()


def test_model_files_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(workflow()))
    models = tmp_path / "models"
    (models / "animatediff_models" / "old").mkdir(parents=True)
    (models / "animatediff_models" / "old" / "mm.safetensors").touch()
    (models / "animatediff_models" / "mm.ckpt.txt").touch()
    assert command(file, "--models", models) == 0
    written = json.loads((tmp_path / "a.kinema.json").read_text())
    assert written["nodes"][0]["widgets_values"] == ["old/mm.safetensors"]
    assert "motion_module is old/mm.safetensors: the workflow asks for mm.ckpt." in capsys.readouterr().out
    assert command(file, "--models", tmp_path, "--check") == 0
    assert "mm.ckpt is not there" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="is no folder"):
        command(file, "--models", tmp_path / "none")


def test_written_beside_and_never_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(workflow()))
    assert command(file) == 0
    assert command(file) == 0
    first = json.loads((tmp_path / "a.kinema.json").read_text())
    assert {node["type"] for node in first["nodes"]} == {"KinemaLoadMotionModule", "PreviewAny"}
    assert (tmp_path / "a-1.kinema.json").is_file()
    assert json.loads(file.read_text()) == workflow()
    assert "1 node from AnimateDiff-Evolved now runs" in capsys.readouterr().out


def test_a_folder_at_a_time(tmp_path: Path) -> None:
    for name, data in carriers(json.dumps(workflow())).items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "picture.png").write_bytes(b"no picture")
    assert command(tmp_path, "--output", tmp_path / "new") == 0
    assert len(list((tmp_path / "new").iterdir())) == len(carriers(""))


def test_check_fails_for_what_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(workflow()))
    assert command(file, "--check") == 0
    small = Small()
    small.node("ADE_NeverHeardOf")
    file.write_text(json.dumps(small.ui()))
    assert command(file, "--check") == 1
    assert command(file) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_report_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(workflow()))
    assert command(file, "--json", "--check") == 0
    told = json.loads(capsys.readouterr().out)[str(file)]
    assert told["packs"] == {"AnimateDiff-Evolved": 1}
    assert told["nodes"][0]["became"] == ["KinemaLoadMotionModule"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"{"),
        ("a.json", b"\xff\xfe"),
        ("a.json", b"[" * 200_000),
        ("b.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 40),
        ("c.mp4", b"workflow {" * 50),
        ("d.webp", b"RIFF\0\0\0\0WEBPEXIF\xff\xff\xff\xff"),
    ],
)
def test_files_without_a_workflow(tmp_path: Path, name: str, data: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(NoWorkflowError, match=name):
        read_workflow(file)
    assert command(file) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert command(tmp_path / "none.json") == 1
