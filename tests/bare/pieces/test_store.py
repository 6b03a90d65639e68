"""Pieces on the disk."""

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from kinema.motion.pieces import Joined, PiecesError, Plan, Store, differences, key_of, plan_pieces, store, unfinished
from torch import Tensor

from tests.harness.pack import ROOT

EIGHT, SIXTEEN = np.dtype(np.uint8), np.dtype(np.uint16)
PLAN = plan_pieces(23, 8, 3)


def opened(folder: Path, kind: np.dtype = EIGHT, plan: Plan = PLAN) -> Store:
    return Store(folder, plan, kind, "7", {"KSampler #3.seed": 5})


def clip(frames: int = PLAN.frames, channels: int = 3) -> Tensor:
    return torch.rand(frames, 6, 5, channels, generator=torch.Generator().manual_seed(frames))


def fill(store: Store, frames: Tensor, numbers: range | None = None) -> None:
    for number in numbers or range(len(store.plan.pieces)):
        piece = store.plan.pieces[number]
        store.write(number, frames[piece.first : piece.end], 3)


@pytest.mark.parametrize("kind", [EIGHT, SIXTEEN])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("plan", [PLAN, plan_pieces(23, 23, 3), plan_pieces(23, 8, 7), plan_pieces(23, 5, 0)])
def test_the_same_frames_come_back(tmp_path: Path, kind: np.dtype, channels: int, plan: Plan) -> None:
    frames = clip(channels=channels)
    kept = opened(tmp_path / "a", kind, plan)
    fill(kept, frames)
    joined = Joined(kept)
    assert joined.shape == (23, 6, 5, channels)
    most = np.iinfo(kind).max
    for start, stop in ((0, 23), (0, 1), (4, 9), (20, 99), (7, 7)):
        found = joined[start:stop].mul(most).round()
        assert torch.equal(found, frames[start:stop].mul(most).round())


def test_one_piece_fades_into_the_next(tmp_path: Path) -> None:
    plan = plan_pieces(17, 10, 3)
    kept = opened(tmp_path / "a", plan=plan)
    kept.write(0, torch.zeros(10, 2, 2, 3), 4)
    kept.write(1, torch.ones(10, 2, 2, 3), 4)
    assert torch.allclose(Joined(kept)[6:11][:, 0, 0, 0], torch.tensor([0, 0.25, 0.5, 0.75, 1.0]))


def test_what_is_no_number_is_black(tmp_path: Path) -> None:
    kept = opened(tmp_path / "a", plan=plan_pieces(2, 2, 0))
    kept.write(0, torch.tensor([float("nan"), -3.0]).view(2, 1, 1, 1).expand(2, 2, 2, 3), 1)
    assert Joined(kept)[:].sum() == 0


def test_a_run_goes_on(tmp_path: Path) -> None:
    first = opened(tmp_path / "a")
    fill(first, clip(), range(2))
    assert first.missing() == (2, 3)
    del first
    again = opened(tmp_path / "a")
    assert again.missing() == (2, 3)
    assert again.shape == (6, 5, 3)
    fill(again, clip(), range(2, 4))
    assert again.missing() == ()


def damages(path: Path) -> Iterator[bytes]:
    """What a file may be after a crash or on a bad disk."""
    whole = path.read_bytes()
    yield b""
    yield whole[:20]
    yield whole[:-1]
    yield whole + b"\0"
    middle = len(whole) // 2
    yield whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]


def test_a_damaged_piece_is_made_again(tmp_path: Path) -> None:
    fill(opened(tmp_path / "a"), clip())
    for number in range(5):
        kept = opened(tmp_path / "a")
        (path,) = (tmp_path / "a").glob("piece_00001_*.npy")
        path.write_bytes(list(damages(path))[number])
        missing = kept.missing()
        if number == 3:
            assert missing == ()  # more behind the end does no harm
            continue
        assert missing == (1,)
        assert kept.damaged == [1]
        fill(kept, clip(), range(1, 2))
        assert torch.equal(Joined(kept)[:].mul(255).round(), clip().mul(255).round())


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (torch.zeros(7, 6, 5, 3), "Piece 2 has 8 frames, but 7 came back"),
        (torch.zeros(8, 6, 9, 3), "have 9x6 pixels and 3 channels, those of the pieces before it 5x6 and 3"),
        (torch.zeros(8, 6, 5, 4), "4 channels"),
        (torch.zeros(8, 6, 5, 1), "no pictures in RGB"),
        (torch.zeros(6, 5, 3), "no pictures in RGB"),
    ],
)
def test_a_piece_of_another_shape(tmp_path: Path, frames: Tensor, words: str) -> None:
    kept = opened(tmp_path / "a")
    fill(kept, clip(), range(1))
    with pytest.raises(PiecesError, match=words):
        kept.write(1, frames, 3)
    assert len(list((tmp_path / "a").glob("piece_*"))) == 1


def test_a_piece_comes_once(tmp_path: Path) -> None:
    kept = opened(tmp_path / "a")
    fill(kept, clip(), range(1))
    with pytest.raises(PiecesError, match="came twice"):
        fill(kept, clip(), range(1))


class Failing:
    """Frames of which the last ones cannot be made."""

    shape = (8, 6, 5, 3)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __getitem__(self, part: slice, /) -> Tensor:
        if part.start:
            raise self.error
        return torch.zeros(3, 6, 5, 3)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no"), OSError(errno.ENOSPC, "full")])
def test_an_unfinished_piece_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    kept = opened(tmp_path / "a")
    with pytest.raises(PiecesError if isinstance(error, OSError) else type(error)):
        kept.write(0, Failing(error), 3)
    assert not (tmp_path / "a").exists()
    fill(kept, clip(), range(1))
    with pytest.raises(PiecesError if isinstance(error, OSError) else type(error)):
        kept.write(1, Failing(error), 3)
    assert len(list((tmp_path / "a").iterdir())) == 3
    fill(kept, clip(), range(1, 4))


def test_a_failure_costs_no_other_piece(tmp_path: Path) -> None:
    fill(opened(tmp_path / "a"), clip(), range(2))
    with pytest.raises(RuntimeError):
        opened(tmp_path / "a").write(2, Failing(RuntimeError("no")), 3)
    assert opened(tmp_path / "a").missing() == (2, 3)


def test_removed_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    kept = opened(tmp_path / "all" / "a")
    fill(kept, clip())
    kept.remove()
    assert not (tmp_path / "all").exists()
    kept = opened(tmp_path / "all" / "a")
    fill(kept, clip())
    (tmp_path / "all" / "a" / "notes.txt").touch()
    kept.remove()
    assert [path.name for path in (tmp_path / "all" / "a").iterdir()] == ["notes.txt"]


HOLD = """
import sys
sys.path.insert(0, {root!r})
from tests.harness.pack import load_pack
load_pack()
from pathlib import Path
import numpy as np
import torch
from kinema.motion.pieces import Store, plan_pieces
store = Store(Path({folder!r}), plan_pieces(23, 8, 3), np.dtype(np.uint8), "7", {{}})
store.write(0, torch.zeros(8, 6, 5, 3), 4)
print("held", flush=True)
sys.stdin.read()
"""


def test_two_processes(tmp_path: Path) -> None:
    script = HOLD.format(root=str(ROOT), folder=str(tmp_path / "a"))
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(PiecesError, match="Another ComfyUI makes this clip"):
        opened(tmp_path / "a")
    other.kill()
    other.wait()
    opened(tmp_path / "a")


def test_an_earlier_run_of_this_process_does_not_lock(tmp_path: Path) -> None:
    fill(first := opened(tmp_path / "a"), clip(), range(1))
    assert first.missing() == (1, 2, 3)
    assert opened(tmp_path / "a").missing() == (1, 2, 3)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(PiecesError, match="cannot be kept in"):
        fill(opened(tmp_path / "a"), clip())


def test_unfinished(tmp_path: Path) -> None:
    fill(opened(tmp_path / "a"), clip(), range(2))
    (tmp_path / "theirs").mkdir()
    for name, text in (("theirs", "{}"), ("broken", "{"), ("list", "[]"), ("other", '{"kind": "x"}')):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / store.MANIFEST).write_text(text)
    (found,) = unfinished(tmp_path)
    assert (found.node, found.pieces, found.of, found.settings) == ("7", 2, 4, {"KSampler #3.seed": 5})
    assert found.size == sum(path.stat().st_size for path in (tmp_path / "a").glob("piece_*"))
    assert unfinished(tmp_path / "nowhere") == []


def test_settings() -> None:
    before = {"KSampler #3.seed": 5, "text": "boat", "gone": 1, **{f"same{number}": number for number in range(9)}}
    now = {**before, "KSampler #3.seed": 6, "text": "x" * 300}
    del now["gone"]
    told = differences(before, now)
    assert told.startswith('KSampler #3.seed was 5 and is 6, text was "boat" and is "xxx')
    assert told.endswith("gone was 1 and is not there")
    assert "and 4 more" in differences({}, {str(number): number for number in range(9)})
    assert key_of(before) == key_of(json.loads(json.dumps(dict(reversed(before.items())))))
    assert key_of(before) != key_of(now)
    assert key_of({"odd": "\ud800"})
