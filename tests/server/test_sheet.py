"""The contact sheet that `python dev.py sheet` draws."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.harness.server import Server
from tests.harness.sheet import SIDE, draw_sheet, in_a_row


def test_poses_stand_above_the_frames_they_steer(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    draw_sheet(server, "controlnet-pose", path, size=64, steps=1)
    sheet = np.array(Image.open(path))
    assert sheet.shape[1] == 4 * SIDE
    graph, poses, frames = sheet[: -2 * SIDE], sheet[-2 * SIDE : -SIDE], sheet[-SIDE:]
    assert len(np.unique(graph.reshape(-1, 3), axis=0)) > 20, "nodes and wires of many colours"
    assert 0 < (poses.max(axis=2) > 40).mean() < 0.2, "thin figures on black"
    assert (frames.max(axis=2) > 40).mean() > 0.5
    first, second = poses[:, :SIDE].astype(float), poses[:, SIDE : 2 * SIDE].astype(float)
    assert np.abs(first - second).max() > 100, "the figure walks"


def test_the_picture_of_a_character_stands_above_its_poses(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    draw_sheet(server, "animate-character", path, size=64, steps=1)
    picture, poses, frames = np.split(np.array(Image.open(path))[-3 * SIDE :].max(axis=2) > 40, 3)
    middle = picture[:, SIDE * 3 // 2 : SIDE * 5 // 2]
    assert middle.mean() > 0.9
    assert picture.sum() == middle.sum(), "nothing beside it"
    assert 0 < poses.mean() < 0.2
    assert frames.mean() > 0.5


def test_fewer_than_four_pictures_stand_side_by_side() -> None:
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("#ff0000", "#0000ff"))
    row = np.array(in_a_row([red, blue]))
    assert row.shape == (SIDE, 4 * SIDE, 3)
    assert [tuple(row[0, column]) for column in (SIDE, 2 * SIDE - 1)] == [(255, 0, 0)] * 2
    assert [tuple(row[0, column]) for column in (2 * SIDE, 3 * SIDE - 1)] == [(0, 0, 255)] * 2
    assert row[:, :SIDE].max() < 40
