"""The contact sheet that `python dev.py sheet` draws."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.harness.server import Server
from tests.harness.sheet import SIDE, draw_sheet


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
