"""Work folders go with their process."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kinema.motion.disk import WORK_PREFIX, sweep, sweep_tree, work_folder
from kinema.motion.video import CODECS, Clip, Job, write_video

SAVING = """
import sys, time
sys.path.insert(0, {root!r})
from tests.harness.pack import load_pack
load_pack()
import torch
from pathlib import Path
from kinema.motion.video import CODECS, Clip, Job, write_video
def slow(done, total):
    print(done, flush=True)
    time.sleep(0.5)
write_video(Job(Clip(torch.rand(600, 32, 32, 3), 8.0), CODECS["png-sequence"], Path({folder!r}) / "x", progress=slow))
"""


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob(WORK_PREFIX + "*"))


def test_gone_when_done(tmp_path: Path) -> None:
    with work_folder(tmp_path) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
        sweep(tmp_path)
        assert (folder / "deep" / "file").exists(), "a folder in use stays"
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_a_folder_and_the_next_save_removes_it(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "deep"
    folder.mkdir(parents=True)
    code = SAVING.format(root=str(Path(__file__).parents[3]), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == b"1"
        (work,) = leftovers(tmp_path)
        sweep_tree(tmp_path)
        assert work.exists(), "its process lives"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    time.sleep(0.2)
    assert leftovers(tmp_path) == [work]
    sweep_tree(tmp_path)
    assert leftovers(tmp_path) == []
    assert folder.exists()


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    clip = tmp_path / f"{WORK_PREFIX}ab" / "clip.mp4"
    clip.parent.mkdir()
    clip.touch()
    with work_folder(tmp_path) as elsewhere:
        (elsewhere / "kept").touch()
        (tmp_path / f"{WORK_PREFIX}link").symlink_to(elsewhere)
        sweep(tmp_path)
        sweep_tree(tmp_path)
        assert (elsewhere / "kept").exists()
    assert clip.exists()


def test_two_sweeps_at_once(tmp_path: Path) -> None:
    """Folders come and go while another process looks for dead ones."""
    sweeper = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
            "from tests.harness.pack import load_pack\nload_pack()\n"
            "from pathlib import Path\nfrom kinema.motion.disk import sweep\nprint('on', flush=True)\n"
            f"while True: sweep(Path({str(tmp_path)!r}))",
        ],
        stdout=subprocess.PIPE,
    )
    assert sweeper.stdout is not None
    try:
        sweeper.stdout.readline()
        for _ in range(1000):
            with work_folder(tmp_path) as folder:
                (folder / "file").write_text("kept")
                assert (folder / "file").read_text() == "kept"
    finally:
        sweeper.kill()
        sweeper.wait()
        sweeper.stdout.close()
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_called_full(tmp_path: Path) -> None:
    """Formats whose last words are written to the disk that is full, too."""
    import torch
    from kinema.motion.video.writing import DiskFullError

    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    if not mounted or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only an administrator can make a small disk")
    try:
        for codec in map(CODECS.get, ("png-sequence", "ffv1-mov", "prores-mov", "h264-mp4", "webp", "apng")):
            assert codec is not None
            with pytest.raises(DiskFullError, match="is full. Free some space"):
                write_video(Job(Clip(torch.rand(24, 128, 128, 3), 8.0), codec, disk / "clip", 100))
            assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
