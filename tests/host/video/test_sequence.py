"""Pictures in folders of the host's input folder become a clip, or a sentence says why not."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import numpy as np
import pytest
import torch
from kinema.motion.video import Choice
from kinema.nodes import NODES
from kinema.nodes.host.video import SequenceError, pictures_in, sequence_folders
from kinema.nodes.inputs import settle
from kinema.nodes.video import LoadImageSequence
from PIL import Image

(NODE,) = [node for node in NODES if node.define_schema().node_id == "KinemaLoadImageSequence"]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """An input folder."""
    before, here = folder_paths.get_input_directory(), tmp_path / "input"
    here.mkdir()
    folder_paths.set_input_directory(str(here))
    yield here
    folder_paths.set_input_directory(before)


def draw(path: Path, grey: int, size: tuple[int, int] = (32, 24)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (grey, grey, grey)).save(path)
    return path


def load(folder: str = "walk", **settings: Any) -> tuple[Any, ...]:
    """Run the node as the host does."""
    with torch.inference_mode():
        return NODE.execute(folder=folder, **settings).result


def greys(images: torch.Tensor) -> list[int]:
    return [round(float(image.mean()) * 255) for image in images]


def problem(**given: Any) -> str:
    """What is said before a run; nothing if it may begin."""
    fault = settle(LoadImageSequence, given)
    return "" if fault is None else fault.sentence


def test_a_folder_is_a_clip_in_the_order_of_its_numbers(root: Path) -> None:
    for number in random.Random(1).sample(range(1, 13), 12):
        draw(root / "walk" / f"frame{number}.png", 10 * number)
    (root / "walk" / "notes.txt").write_text("nothing")
    draw(root / "walk" / ".hidden.png", 250)
    images, mask, count, width, height, names = load()
    assert greys(images) == [10 * number for number in range(1, 13)]
    assert images.shape == (12, 24, 32, 3)
    assert images.dtype == mask.dtype == torch.float32
    assert not mask.any()
    assert (count, width, height) == (12, 32, 24)
    assert names.split("\n") == [f"frame{number}.png" for number in range(1, 13)]
    assert greys(load(skip_frames=2, every_nth=3, frames=2)[0]) == [30, 60]
    assert greys(load(pattern="frame1*")[0]) == [10, 100, 110, 120]
    assert load(width=16)[0].shape == (12, 16, 16, 3)
    assert load(width=64, height=8)[0].shape == (12, 8, 64, 3)


def test_names_that_differ_in_case_are_two_pictures(root: Path) -> None:
    draw(root / "walk" / "a1.png", 10)
    draw(root / "walk" / "A1.PNG", 20)
    assert greys(load()[0]) == [20, 10]


def test_pictures_of_other_sizes_and_with_opacity(root: Path) -> None:
    draw(root / "walk" / "1.png", 10)
    draw(root / "walk" / "2.png", 20, (100, 50))
    values = np.full((24, 32, 4), 30, np.uint8)
    values[:12, :, 3] = 0
    values[12:, :, 3] = 255
    Image.fromarray(values).save(root / "walk" / "3.png")
    images, mask, *_ = load(mixed_sizes="fit")
    assert greys(images) == [10, 20, 30]
    assert mask[:2].sum() == 0
    assert mask[2, :12].min() == 1
    assert mask[2, 12:].max() == 0
    with pytest.raises(SequenceError, match=r"2\.png has 100x50 pixels, but 1\.png has 32x24\. Set mixed_sizes to fit"):
        load(mixed_sizes="stop")
    assert greys(load(mixed_sizes="stop", every_nth=2)[0]) == [10, 30]


def test_a_damaged_picture_is_named(root: Path) -> None:
    for number in range(8):
        draw(root / "walk" / f"{number}.png", number)
    whole = (root / "walk" / "5.png").read_bytes()
    for content, reason in ((whole[: len(whole) // 2], ""), (b"", "it is empty"), (b"x" * 99, "it is no picture")):
        (root / "walk" / "5.png").write_bytes(content)
        with pytest.raises(SequenceError, match=rf"^5\.png cannot be read: .*{reason}.* leave it out with pattern"):
            load()
    assert greys(load(frames=5)[0]) == [0, 1, 2, 3, 4]


def test_folders_that_can_be_chosen(root: Path) -> None:
    outside = draw(root.parent / "outside" / "a.png", 1).parent
    for place in ("walk", "shots/b/c", "shots/a", "empty/../walk two", ".hidden", "shots/.git", "\u6b69", "bad\nname"):
        draw(root / place / "a.png", 1)
    (root / "texts").mkdir()
    (root / "texts" / "a.txt").touch()
    (root / "leads out").symlink_to(outside)
    (root / "same").symlink_to(root / "walk")
    (root / "shots" / "loop").symlink_to(root)
    (root / "itself").symlink_to(root / "itself")
    (root / "walk" / "itself").symlink_to(root / "walk" / "itself")
    os.mkdir(os.fsencode(root) + b"/\xff")
    listed = sequence_folders()
    assert set(listed) - {"same", "walk"} == {"shots/a", "shots/b/c", "walk two", "\u6b69"}
    assert len({"same", "walk"} & {*listed}) == 1
    draw(root / "a.png", 1)
    assert "." in sequence_folders()
    assert all(pictures_in(folder, "*", Choice()) for folder in sequence_folders())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"folder": "nothing"}, "folder nothing is not in ComfyUI's input folder. Put it there and refresh"),
        ({"folder": "empty"}, "folder empty has no pictures. Put some there"),
        ({"folder": ""}, "folder is empty. Choose one"),
        ({"folder": "../input/walk"}, "folder is no folder below ComfyUI's input folder"),
        ({"folder": "/etc"}, "folder is no folder below ComfyUI's input folder"),
        ({"folder": "out"}, "folder out is a link that leads out of ComfyUI's input folder. Copy the pictures"),
        ({"folder": "a.png"}, "folder a.png is not in ComfyUI's input folder"),
        ({"folder": "walk\0"}, "folder has characters that cannot be seen"),
        ({"folder": "a" * 5000}, "folder "),
        ({"folder": "gone"}, "folder has b.png, a link to a file that is gone"),
        ({"folder": "stolen"}, "folder has b.png, a link that leads out of ComfyUI's input folder"),
        ({"folder": "walk", "pattern": "*.jpg"}, "pattern *.jpg fits none of the 1 pictures in walk: a.png. Change it"),
        ({"folder": "walk", "pattern": "../*"}, "pattern is for names of files"),
        ({"folder": "walk", "pattern": "*\0"}, "pattern has characters that cannot be seen"),
        ({"folder": "walk", "skip_frames": 1}, "skip_frames leaves out 1 pictures, but walk has only 1. Lower it."),
        ({"folder": "walk", "mixed_sizes": "crop"}, 'mixed_sizes is "crop". Choose one of: fit, stop.'),
        ({"folder": None}, "folder takes one of its choices"),
        ({"folder": "walk"}, ""),
        ({"folder": ["1", 0], "pattern": "*.jpg"}, ""),
    ],
)
def test_what_is_said_before_the_run(root: Path, given: dict[str, Any], says: str) -> None:
    secret = draw(root.parent / "outside" / "a.png", 1)
    draw(root / "walk" / "a.png", 1)
    draw(root / "a.png", 1)
    for name, target in (("gone", root / "none.png"), ("stolen", secret)):
        (root / name).mkdir()
        (root / name / "b.png").symlink_to(target)
    (root / "empty").mkdir()
    (root / "out").symlink_to(secret.parent)
    told = problem(**given)
    assert told.startswith(f"Load Image Sequence: {says}") if says else told == ""
    assert len(told) < 6000
    assert told.isprintable()


def test_a_pipe_is_no_picture(root: Path) -> None:
    draw(root / "walk" / "a.png", 1)
    os.mkfifo(root / "walk" / "b.png")
    (root / "walk" / "c.png").mkdir()
    assert load()[2] == 1


def test_a_folder_that_may_not_be_looked_into(root: Path) -> None:
    draw(root / "walk" / "a.png", 1)
    for place in (root.parent.parent.parent, root.parent.parent, root.parent, root):
        place.chmod(0o755)
    (root / "walk").chmod(0)
    # whoever may look into everything tries as somebody else
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        assert sequence_folders() == []
        with pytest.raises(SequenceError, match=r"folder walk cannot be looked into \(Permission denied\)"):
            pictures_in("walk", "*", Choice())
    finally:
        os.seteuid(before)
        (root / "walk").chmod(0o755)
    (root / "walk" / "a.png").unlink()
    (root / "walk" / "a.png").symlink_to("a.png")
    with pytest.raises(SequenceError, match="a link to a file that is gone"):
        load()


def test_two_thousand_odd_settings_open_nothing_elsewhere(root: Path) -> None:
    draw(root.parent / "outside" / "a.png", 1)
    draw(root / "walk" / "a.png", 1)
    dice, told = random.Random(5), []
    parts = [
        "..",
        "/",
        "\\",
        "walk",
        "outside",
        "a.png",
        "*",
        "[",
        "?",
        ".",
        "\0",
        "\n",
        " ",
        "C:",
        "~",
        "%2e",
        "\u202e",
        "\ud800",
        "input",
    ]
    for _ in range(2000):
        folder, pattern = ("".join(dice.choices(parts, k=dice.randint(0, 6))) for _ in range(2))
        try:
            files = pictures_in(folder, pattern, Choice())
        except SequenceError as error:
            told.append(str(error))
            continue
        assert {Path(file.path).resolve().parent for file in files} <= {root / "walk"}
    assert all(text.isprintable() and text.endswith(".") for text in told)
    assert len(told) > 1500


def test_the_fingerprint_follows_the_chosen_pictures(root: Path) -> None:
    draw(root / "walk" / "1.png", 1)
    draw(root / "walk" / "2.png", 2)
    first = NODE.fingerprint_inputs(folder="walk", frames=1)
    assert isinstance(first, str)
    assert len(first) == 64
    draw(root / "walk" / "3.png", 3)
    assert NODE.fingerprint_inputs(folder="walk", frames=1) == first
    assert NODE.fingerprint_inputs(folder="walk", frames=0) != first
    draw(root / "walk" / "1.png", 9, (40, 40))
    assert NODE.fingerprint_inputs(folder="walk", frames=1) != first
    assert "is not in ComfyUI's input folder" in NODE.fingerprint_inputs(folder="gone")


def test_ten_thousand_files_are_listed_in_no_time(root: Path) -> None:
    (root / "walk").mkdir()
    for number in range(10_000):
        (root / "walk" / f"frame{number}.png").touch()
    began = time.monotonic()
    assert sequence_folders() == ["walk"]
    listed = time.monotonic()
    assert len(pictures_in("walk", "frame*", Choice())) == 10_000
    found = time.monotonic()
    assert NODE.fingerprint_inputs(folder="walk")
    assert max(listed - began, found - listed, time.monotonic() - found) < 2


def test_too_many_for_the_memory_is_told_with_bytes(root: Path) -> None:
    draw(root / "walk" / "a.png", 1, (1, 1))
    for number in range(300):
        os.link(root / "walk" / "a.png", root / "walk" / f"b{number}.png")
    with pytest.raises(
        SequenceError, match=r"^301 pictures of 16384x16384 take 1292785156096 bytes \(1292\.8 GB\), and"
    ):
        load(width=16384, height=16384)


def test_cancelling_ends_it(root: Path) -> None:
    for number in range(20):
        draw(root / "walk" / f"{number}.png", 1)
    comfy.model_management.interrupt_current_processing(True)
    try:
        with pytest.raises(comfy.model_management.InterruptProcessingException):
            load()
    finally:
        comfy.model_management.interrupt_current_processing(False)
    assert load()[2] == 20
