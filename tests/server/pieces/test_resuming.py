"""Runs that were cut short go on from the last finished piece."""

import shutil
import threading
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..conftest import seeded_models, the_host
from ..test_answers import files_in, works
from ..test_templates import read
from .prompts import END, NOISE, SAMPLER, SIDE, passed_through, run, sampled, saved, stores, write_noise


@pytest.fixture(autouse=True)
def footage(server: Server) -> None:
    write_noise(server.base / "input")


def stop_at(server: Server, prompt: templates.Prompt, times: int, node: str = "6") -> None:
    """Interrupt a prompt when a node or a copy of it runs for the nth time."""
    ran: set[str] = set()

    def watch(event: client.Event) -> None:
        if event["type"] == "executing" and event["data"].get("display_node") == node:
            before = len(ran)
            ran.add(event["data"]["node"])
            if len(ran) == times > before:
                threading.Thread(target=client.post, args=(server.url, "/interrupt")).start()

    assert client.run_prompt(server.url, prompt, watch).status == "interrupted"


def test_interrupted(server: Server) -> None:
    prompt = sampled("resuming/interrupted", seed=11)
    stop_at(server, prompt, 3)
    (store,) = stores(server)
    assert len(list(store.glob("piece_*"))) == 2
    outcome, ran = run(server, prompt)
    assert ran == 4
    assert any("Pieces 1-2 of 6 were there already" in text for text in outcome.notices["3"])
    found = saved(server, outcome, "resuming/interrupted")
    assert stores(server) == []
    whole, _ = run(server, sampled("resuming/whole", seed=11, frames_per_piece=40))
    assert np.abs(found.astype(int) - saved(server, whole, "resuming/whole")).max() <= 1


def test_the_server_is_killed(server: Server, tmp_path: Path) -> None:
    prompt = sampled("resuming/killed", seed=12)
    footage, output = server.base / "input" / NOISE, tmp_path / "output"
    with Server(the_host(), [seeded_models()], ["--cpu"], output) as first:
        shutil.copy2(footage, first.base / "input")
        ran: set[str] = set()

        def kill(event: client.Event) -> None:
            if event["type"] == "executing" and event["data"].get("display_node") == "6":
                ran.add(event["data"]["node"])
                if len(ran) == 4 and first.process is not None:
                    first.process.kill()

        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            pytest.fail(client.run_prompt(first.url, prompt, kill).message)
    assert len(list(output.rglob("piece_*"))) == 3
    assert not (output / "resuming").exists()
    with Server(the_host(), [seeded_models()], ["--cpu"], output) as second:
        shutil.copy2(footage, second.base / "input")
        outcome, again = run(second, prompt)
        frames = saved(second, outcome, "resuming/killed")
        assert again == 3
        assert stores(second) == []
    outcome, _ = run(server, prompt)
    assert np.array_equal(frames, saved(server, outcome, "resuming/killed"))


def test_other_settings_begin_anew(server: Server) -> None:
    stop_at(server, sampled("resuming/other", seed=13), 2)
    (left,) = stores(server)
    outcome, ran = run(server, sampled("resuming/other", seed=14))
    assert ran == 6
    told = "\n".join(outcome.notices["3"])
    assert f"Begins anew, because {SAMPLER} #6.seed was 13 and is 14. 1 of 6 pieces of the run before are in" in told
    assert str(left) in told
    assert stores(server) == [left]
    # how the file is saved plays no part
    prompt = sampled("resuming/renamed", seed=13)
    prompt["3"]["inputs"] |= {"format": "h264-mp4", "pingpong": True}
    outcome, ran = run(server, prompt)
    assert outcome.status == "success", outcome.message
    assert ran == 5
    assert stores(server) == []


def test_a_damaged_piece_is_made_again(server: Server) -> None:
    prompt = sampled("resuming/damaged", seed=15)
    stop_at(server, prompt, 4)
    (store,) = stores(server)
    path = sorted(store.glob("piece_*"))[1]
    path.write_bytes(path.read_bytes()[:-100])
    outcome, ran = run(server, prompt)
    assert ran == 4
    assert any("Piece 2 of 6 was damaged and is made again" in text for text in outcome.notices["3"])
    saved(server, outcome, "resuming/damaged")


def test_a_clip_that_cannot_be_saved_keeps_its_pieces(server: Server) -> None:
    """The name is taken by a file where a folder should be, and later it is not."""
    (server.output / "taken").touch()
    prompt = passed_through("taken/clip")
    outcome, _ = run(server, prompt)
    assert outcome.status == "error"
    assert outcome.error["node_type"] == END
    (store,) = stores(server)
    assert len(list(store.glob("piece_*"))) == 6
    (server.output / "taken").unlink()
    outcome, ran = run(server, prompt, "2")
    assert np.array_equal(saved(server, outcome, "taken/clip"), read(server.base / "input" / NOISE)[0])
    assert ran <= 1
    assert stores(server) == []


def test_an_error_in_a_later_piece_keeps_those_before(server: Server) -> None:
    prompt = passed_through("resuming/size")
    scaled = {"image": ["2", 1], "upscale_method": "area", "width": ["2", 3], "height": SIDE, "crop": "disabled"}
    prompt["4"] = {"class_type": "ImageScale", "inputs": scaled}
    prompt["3"]["inputs"]["images"] = ["4", 0]
    before = files_in(server.output)
    outcome, _ = run(server, prompt)
    assert outcome.status == "error"
    assert f"those of the pieces before it {SIDE}x{SIDE} and 3" in outcome.message
    (store,) = stores(server)
    assert len(files_in(server.output) - before) == 3
    works(server)
    shutil.rmtree(store)
