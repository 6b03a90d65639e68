"""Clips that go through a real server in pieces."""

import numpy as np
import pytest

from tests.harness.server import Server

from ..test_templates import read
from .prompts import NOISE, passed_through, run, sampled, saved, stores, write_noise


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
    assert found.shape == (40, 64, 64, 3)
    assert ran == 6
    # all at once: without a motion module a frame does not depend on the others
    outcome, ran = run(server, sampled("pieces/once", frames_per_piece=40))
    assert ran == 1
    assert np.abs(found.astype(int) - saved(server, outcome, "pieces/once")).max() <= 1
    print(outcome.notices)
