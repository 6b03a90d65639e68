"""Clips over HTTP: from folders and the host's own lists onto the disk, and answers before and during the run."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.server import Server

from .. import fuzz
from ..test_answers import failed

LOAD, LISTED, CAMERA, PREPARE = (
    *("KinemaLoadClips", "KinemaClipsFromList"),
    *("KinemaCameraMotionClips", "KinemaPrepareClips"),
)
SMALL = {"frames": 2, "width": 64, "height": 64}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def preparing(clips: dict[str, Any], **more: dict[str, Any]) -> templates.Prompt:
    """Clips behind a node, whose other settings are left out."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=CHECKPOINT),
        "2": clips,
        "3": node(PREPARE, clips=["2", 0], vae=["1", 2], clip=["1", 1]),
        **more,
    }


@pytest.fixture
def folder(server: Server) -> Path:
    """Two clips and a broken one, in a folder of the input folder."""
    here = server.base / "input" / "clips to learn"
    if not here.exists():
        here.mkdir()
        for name in ("boat", "walk"):
            shutil.copy(server.base / "input" / templates.VIDEO, here / f"{name}.mp4")
            (here / f"{name}.txt").write_text(f"a {name}")
        (here / "broken.mp4").write_bytes(b"no video")
    return here


def report(server: Server, prompt: templates.Prompt) -> str:
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (text,) = outcome.outputs["3"]["text"]
    return text


def test_a_folder_is_prepared(server: Server, folder: Path) -> None:
    told = report(server, preparing(node(LOAD, folder=f'"{folder}/"', **SMALL)))
    assert "2 clips, 4 views of them" in told
    assert "left out: broken.mp4: The video cannot be read" in told
    assert [*(server.output / "kinema" / "training cache").glob("*.safetensors")]


def test_the_lists_of_the_host_are_prepared(server: Server, folder: Path) -> None:
    source = node("LoadVideoTextDataSetFromFolder", folder=folder.name)
    listed = node(LISTED, videos=["4", 0], texts=["4", 1], **SMALL)
    cropped = node("VideoTemporalCrop", video=["4", 0], start_frame=8, length=40)
    told = report(server, preparing(listed, **{"4": source}))
    assert "2 clips, 4 views of them" in told
    assert "left out: broken" in told
    # the host's node stops at broken ones
    whole = folder.with_name("whole clips")
    shutil.copytree(folder, whole, ignore=shutil.ignore_patterns("broken*"), dirs_exist_ok=True)
    source["inputs"]["folder"] = whole.name
    listed["inputs"]["videos"] = ["5", 0]
    assert "2 clips, 4 views of them" in report(server, preparing(listed, **{"4": source, "5": cropped}))


def test_a_camera_over_a_picture_is_prepared(server: Server) -> None:
    picture = node("EmptyImage", width=64, height=64, batch_size=2, color=0x336699)
    filmed = node(CAMERA, image=["4", 0], caption="a colour", **SMALL)
    assert "2 clips, 2 views of them" in report(server, preparing(filmed, **{"4": picture}))


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        (node(LOAD, folder=""), "folder is empty. Write where the clips are"),
        (node(LOAD, folder="nowhere"), "nowhere is not there"),
        (node(LOAD, folder="clips to learn", table="no.csv"), "table no.csv is no file"),
        (node(LOAD, folder="clips to learn", stride=0), "stride takes a whole number from 1"),
        (node(LISTED, frames=0), "frames takes a whole number from 1"),
        (node(LISTED, images=[1, 2]), "images takes a connection"),
        (node(CAMERA, move="Dolly"), "Choose one of: ZoomIn"),
    ],
)
def test_what_is_answered_before_the_run(server: Server, folder: Path, clips: dict[str, Any], words: str) -> None:
    failed(server, preparing(clips), clips["class_type"], words, status="refused")


def test_what_is_answered_in_the_run(server: Server, folder: Path) -> None:
    failed(server, preparing(node(LISTED)), LISTED, "There are no clips. Connect videos or images")
    failed(server, preparing(node(CAMERA)), CAMERA, "There is nothing to film")


def test_anything_in_any_input_runs_or_is_refused(server: Server, folder: Path) -> None:
    choosing = {"stride": 1, "views": 1, "flip": False, "short_clips": "slower", "skip_frames": 0, "only_frames": 0}
    settings = {**SMALL, **choosing, "seed": 0, "missing_captions": "empty"}
    picture = node("EmptyImage", width=32, height=32, batch_size=2, color=0)
    prompt = {
        "1": picture,
        "2": node(LOAD, folder=folder.name, table="", **settings),
        "3": node(LISTED, images=["1", 0], **settings),
        "4": node(
            CAMERA, clips=["3", 0], image=["1", 0], move="PanLeft", amount=0.3, easing="linear", caption="", **SMALL
        ),
        **{f"look-{number}": node("PreviewAny", source=[number, 0]) for number in ("2", "3", "4")},
    }
    rng, found = random.Random(5), {}
    for _ in range(120):
        wrong, changes = fuzz.mutated(prompt, rng)
        complaints = list(fuzz.complaints(server, wrong, changes))
        if complaints:
            found[str(changes)[:200]] = complaints
    assert found == {}
