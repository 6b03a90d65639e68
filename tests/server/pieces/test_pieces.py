"""Clips that go through a real server in pieces."""

import av
import numpy as np
import pytest

from tests.harness.seeded.names import CONTROL
from tests.harness.server import Server

from ..conftest import seeded_models, the_host
from ..test_answers import works
from ..test_templates import read
from .prompts import NOISE, SIDE, passed_through, run, sampled, saved, stores, write_noise

PARTS = {"strength": 0.8, "start_percent": 0.0, "end_percent": 1.0}


@pytest.fixture(autouse=True)
def footage(server: Server) -> None:
    write_noise(server.base / "input")


@pytest.mark.parametrize(("per_piece", "overlap"), [(10, 3), (7, 6), (40, 8), (13, 0), (2, 1)])
def test_frames_that_are_passed_through_are_those_of_the_video(server: Server, per_piece: int, overlap: int) -> None:
    prefix = f"pieces/through{per_piece}"
    outcome, _ = run(server, passed_through(prefix, frames_per_piece=per_piece, overlap=overlap))
    found = saved(server, outcome, prefix)
    assert np.array_equal(found, read(server.base / "input" / NOISE)[0])
    assert stores(server) == []


def test_sampled(server: Server) -> None:
    outcome, ran = run(server, sampled("pieces/sampled"))
    found = saved(server, outcome, "pieces/sampled")
    assert found.shape == (40, SIDE, SIDE, 3)
    assert ran == 6
    # all at once: without a motion module a frame does not depend on the others
    outcome, ran = run(server, sampled("pieces/once", frames_per_piece=40))
    assert ran == 1
    assert np.abs(found.astype(int) - saved(server, outcome, "pieces/once")).max() <= 1
    assert all(text.endswith(" of 1 pieces") for text in outcome.notices["3"])


def test_hundreds_of_pieces(server: Server) -> None:
    """Graphs of the host that lay in one another as deep would end in a RecursionError, at the next run too."""
    write_noise(server.base / "input", 400, 16, "many.mov")
    prompt = passed_through("pieces/many", frames_per_piece=2, overlap=1)
    prompt["1"]["inputs"]["file"] = "many.mov"
    outcome, ran = run(server, prompt, "2")
    assert ran == 399
    assert np.array_equal(saved(server, outcome, "pieces/many"), read(server.base / "input" / "many.mov")[0])
    works(server)


@pytest.mark.parametrize("cache", [["--cache-classic"], ["--cache-lru", "5"], ["--cache-none"]], ids=" ".join)
def test_with_the_hosts_other_caches(server: Server, cache: list[str]) -> None:
    with Server(the_host(), [seeded_models()], ["--cpu", *cache]) as other:
        write_noise(other.base / "input")
        outcome, ran = run(other, sampled("pieces/cache", seed=31))
        assert len(saved(other, outcome, "pieces/cache")) == 40
        assert ran == 6
        works(other)


def test_settings_of_the_start(server: Server) -> None:
    """Which frames they are is counted in the whole clip, and the sound is theirs."""
    choice = {"frame_rate": 6.0, "skip_frames": 2, "every_nth": 2, "frames": 8, "width": 16, "height": 24}
    outcome, _ = run(server, passed_through("pieces/chosen", frames_per_piece=4, overlap=1, **choice))
    found = saved(server, outcome, "pieces/chosen")
    prompt = passed_through("pieces/frames")
    prompt["2"] = {"class_type": "KinemaVideoFrames", "inputs": {"video": ["1", 0], **choice}}
    whole = {"images": ["2", 0], "audio": ["2", 1], "frame_rate": ["2", 2], "format": "ffv1-mov"}
    prompt["3"] = {"class_type": "KinemaCombineVideo", "inputs": {"filename_prefix": "pieces/frames", **whole}}
    outcome, _ = run(server, prompt)
    assert np.array_equal(found, saved(server, outcome, "pieces/frames"))
    sounds = []
    for name in ("chosen", "frames"):
        (path,) = (server.output / "pieces").glob(f"{name}_*")
        with av.open(str(path)) as container:
            assert container.streams.video[0].average_rate == 3
            sounds.append(np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1))
    assert np.array_equal(*sounds)


def test_controlled(server: Server) -> None:
    """What hangs on the frames of a piece is theirs, and a preview beside the way shows the first piece."""
    found = []
    for number, per_piece in enumerate((10, 40)):
        prefix = f"pieces/controlled{number}"
        prompt = sampled(prefix, seed=32, frames_per_piece=per_piece)
        canny = {"image": ["2", 1], "low_threshold": 0.1, "high_threshold": 0.3}
        applied = {"positive": ["5", 0], "negative": ["5", 0], "control_net": ["8", 0], "image": ["7", 0]}
        prompt["7"] = {"class_type": "Canny", "inputs": canny}
        prompt["8"] = {"class_type": "ControlNetLoader", "inputs": {"control_net_name": CONTROL}}
        prompt["9"] = {"class_type": "ControlNetApplyAdvanced", "inputs": {**applied, **PARTS}}
        prompt["10"] = {"class_type": "PreviewImage", "inputs": {"images": ["7", 0]}}
        prompt["6"]["inputs"] |= {"positive": ["9", 0], "negative": ["9", 1]}
        outcome, ran = run(server, prompt, "7")
        found.append(saved(server, outcome, prefix))
        assert ran == (6 if per_piece == 10 else 1)
        assert len(outcome.outputs["10"]["images"]) == per_piece
    assert np.abs(found[0].astype(int) - found[1]).max() <= 1
