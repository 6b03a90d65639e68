"""What is prepared, on the disk."""

import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
import torch
from kinema.motion.clips import Cache, ClipsError, cache, shards
from kinema.motion.clips.identity import key_of
from safetensors import safe_open
from torch import Tensor

from tests.harness.pack import ROOT


def key(number: int) -> str:
    return key_of("test", number=number)


def tensor(number: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*(shape or (4, 2, 3, 3)), generator=torch.Generator().manual_seed(number)).to(dtype)


def filled(folder: Path, *shard_numbers: range) -> Cache:
    kept = Cache(folder)
    for numbers in shard_numbers:
        with kept:
            for number in numbers:
                kept.add(key(number), tensor(number))
    return kept


def whole(kept: Cache, numbers: range) -> bool:
    return all(torch.equal(kept.read(key(number)), tensor(number)) for number in numbers)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", [(4, 16, 8, 8), (77, 768), (1,), (3, 1, 5)])
def test_what_was_added_comes_back(tmp_path: Path, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    kept = Cache(tmp_path / "deep" / "down")
    with kept:
        for number in range(5):
            kept.add(key(number), tensor(number, *shape, dtype=dtype))
            assert torch.equal(kept.read(key(number)), tensor(number, *shape, dtype=dtype)), "before it is written"
    for again in (kept, Cache(kept.folder)):
        assert len(again) == 5
        assert again.missing([key(3), key(8), key(8), key(0)]) == [key(8)]
        for number in range(5):
            read = again.read(key(number))
            assert read.dtype == dtype
            assert torch.equal(read, tensor(number, *shape, dtype=dtype))
    assert kept.size == sum(path.stat().st_size for path in kept.folder.iterdir())
    assert kept.told().startswith("5 entries in 1 files, ")
    assert kept.told().endswith("KB" if kept.size < 1 << 20 else "MB")
    with pytest.raises(ClipsError, match="is not in .*Prepare them again"):
        kept.read(key(99))


def test_mixed_kinds_and_numbers(tmp_path: Path) -> None:
    with Cache(tmp_path) as kept:
        kept.add(key(0), tensor(0, dtype=torch.float16))
        kept.add(key(1), torch.tensor(61))
        kept.add(key(2), tensor(2)[:, :1].transpose(0, 2))
        kept.add(key(2), tensor(5))
    again = Cache(tmp_path)
    assert int(again.read(key(1))) == 61
    assert torch.equal(again.read(key(2)), tensor(2)[:, :1].transpose(0, 2)), "the first one stays"
    for wrong in (torch.zeros(2, dtype=torch.complex64), torch.zeros(0)):
        with pytest.raises(ClipsError, match="cannot be kept"):
            again.add(key(7), wrong)


def test_shards_are_plain_safetensors(tmp_path: Path) -> None:
    filled(tmp_path, range(3))
    (path,) = tmp_path.iterdir()
    with safe_open(path, framework="pt") as file:
        assert set(file.keys()) == {key(number) for number in range(3)}
        assert torch.equal(file.get_tensor(key(1)), tensor(1))


def test_nothing_is_copied_on_reading(tmp_path: Path) -> None:
    with Cache(tmp_path) as kept:
        kept.add(key(0), torch.zeros(16 << 20))
    tracemalloc.start()
    again = Cache(tmp_path)
    read = again.read(key(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert again.read(key(0)).data_ptr() == read.data_ptr()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    assert float(read.view(-1)[-1]) == 0.0
    assert sys.platform != "linux" or int(Path("/proc/self/statm").read_text().split()[1]) - resident < 1000


def test_writing_into_what_was_read_does_not_reach_the_disk(tmp_path: Path) -> None:
    kept = filled(tmp_path, range(1))
    kept.read(key(0)).zero_()
    assert whole(Cache(tmp_path), range(1))


def test_small_shards_are_written_on_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SHARD_BYTES", 1000)
    kept = Cache(tmp_path)
    for number in range(12):
        kept.add(key(number), tensor(number))
    assert len(list(tmp_path.iterdir())) == 3, "four of 288 bytes each"
    monkeypatch.setattr(cache, "SHARD_SECONDS", 0.0)
    kept.add(key(12), tensor(12))
    assert len(Cache(tmp_path)) == 13


def damages(data: bytes, draw: random.Random) -> bytes:
    kind = draw.randrange(7)
    place = draw.randrange(len(data))
    if kind == 0:
        return b""
    if kind == 1:
        return data[:place]
    if kind == 2:
        return data + b"more"
    if kind == 3:
        return bytes(len(data))
    if kind == 4:
        return data[:7] + b"\xff" + data[8:]
    length = draw.choice((1, 4, 30))
    return data[:place] + bytes(draw.randrange(256) for _ in range(length)) + data[place + length :]


@pytest.mark.parametrize("seed", range(80))
def test_only_what_was_in_a_damaged_shard_is_made_anew(tmp_path: Path, seed: int) -> None:
    filled(tmp_path, range(4), range(4, 8), range(8, 12))
    draw = random.Random(seed)
    path = draw.choice(sorted(tmp_path.iterdir()))
    data = path.read_bytes()
    inside = range(0)
    for numbers in (range(4), range(4, 8), range(8, 12)):
        if key(numbers[0]).encode() in data:
            inside = numbers
    changed = damages(data, draw)
    path.write_bytes(changed)
    kept = Cache(tmp_path)
    for number in range(12):
        with contextlib.suppress(ClipsError):
            assert torch.equal(kept.read(key(number)), tensor(number)), "never anything wrong"
    lost = [number for number in range(12) if key(number) not in kept]
    assert set(lost) <= set(inside)
    with kept:
        for number in lost:
            kept.add(key(number), tensor(number))
    assert whole(kept, range(12))
    assert whole(Cache(tmp_path), range(12))


def test_damage_that_is_found_late_is_found_once(tmp_path: Path) -> None:
    filled(tmp_path, range(4), range(4, 8))
    path = next(path for path in tmp_path.iterdir() if key(5).encode() in path.read_bytes())
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    kept = Cache(tmp_path)
    assert kept.missing(map(key, range(8))) == []
    with pytest.raises(ClipsError, match=f"{path.name}.*only those are made anew"):
        [kept.read(key(number)) for number in range(8)]
    assert kept.missing(map(key, range(8))) == [key(number) for number in range(4, 8)]
    assert Cache(tmp_path).damaged == []


def test_what_another_process_made_as_well_is_used(tmp_path: Path) -> None:
    one, two = Cache(tmp_path), Cache(tmp_path)
    for each in (one, two):
        with each:
            each.add(key(0), tensor(0))
    first = one._names[0]
    data = bytearray((tmp_path / first).read_bytes())
    data[-1] ^= 1
    (tmp_path / first).write_bytes(data)
    assert torch.equal(one.read(key(0)), tensor(0))
    assert one.damaged == [first]


def test_a_damaged_shard_that_cannot_be_removed_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, range(2))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    kept = Cache(tmp_path)
    assert kept.missing([key(0)]) == [key(0)]
    kept.refresh()
    with pytest.raises(ClipsError):
        kept.read(key(0))


def test_shards_that_are_removed_meanwhile(tmp_path: Path) -> None:
    one, two = filled(tmp_path, range(2)), Cache(tmp_path)
    one.remove()
    with pytest.raises(ClipsError, match="damaged or gone"):
        two.read(key(0))
    assert len(two) == 0
    with two:
        two.add(key(0), tensor(0))
    assert whole(two, range(1))


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    kept = filled(tmp_path, range(1))
    (tmp_path / "shard_0000.safetensors").write_bytes(b"the host's")
    (tmp_path / "clips_mine.safetensors").write_bytes(b"somebody's")
    later = shards.save({key(5): tensor(5)}, {shards.FORMAT: "2"})
    (tmp_path / "clips_0123456789abcdef.safetensors").write_bytes(later)
    assert len(Cache(tmp_path)) == 1
    assert len(list(tmp_path.iterdir())) == 4
    kept.remove()
    assert (tmp_path / "shard_0000.safetensors").exists()
    assert (tmp_path / "clips_mine.safetensors").exists()


def test_a_header_that_lies_is_not_believed(tmp_path: Path) -> None:
    checksums = {shards.FORMAT: "1", "checksums": json.dumps({key(0): 0})}
    lies = [
        {"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 1 << 62]},
        {"dtype": "F32", "shape": [-4], "data_offsets": [0, -16]},
        {"dtype": "F32", "shape": [4], "data_offsets": [-8, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
        {"dtype": "Z9", "shape": [4], "data_offsets": [0, 16]},
        {"shape": [4]},
        [],
    ]
    for number, lie in enumerate(lies):
        header = json.dumps({"__metadata__": checksums, key(0): lie}).encode()
        path = tmp_path / f"clips_{number:016x}.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    kept = Cache(tmp_path)
    with pytest.raises(ClipsError):
        kept.read(key(0))
    assert key(0) not in kept
    assert len(kept.damaged) == len(lies)
    assert list(tmp_path.iterdir()) == []


WRITE = """
import sys
sys.path.insert(0, {root!r})
from tests.harness.pack import load_pack
load_pack()
from pathlib import Path
import torch
from kinema.motion.clips import Cache, cache
from tests.bare.clips.test_cache import key, tensor
cache.SHARD_BYTES = {shard}
kept = Cache(Path({folder!r}))
print("on", flush=True)
with kept:
    for number in range({first}, {last}):
        kept.add(key(number), tensor(number))
print("done", flush=True)
"""


def writing(folder: Path, first: int, last: int, shard: int = 1000) -> subprocess.Popen[bytes]:
    code = WRITE.format(root=str(ROOT), folder=str(folder), first=first, last=last, shard=shard)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"on"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """What has a name is whole, what has none is swept, and the next one goes on."""
    draw = random.Random(1)
    done = 0
    for _ in range(4):
        shards_before = len(list(tmp_path.glob("*.safetensors")))
        process = writing(tmp_path, done, 1 << 30)
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("*.safetensors"))) == shards_before and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        kept = Cache(tmp_path)
        assert kept.damaged == []
        assert [path.name for path in tmp_path.iterdir() if not shards.NAME.fullmatch(path.name)] == []
        there = len(kept)
        assert there > done
        assert whole(kept, range(there)), "all that was finished, in order, without a gap"
        done = there


def test_several_processes_at_once(tmp_path: Path) -> None:
    processes = [writing(tmp_path, first, first + 60) for first in (0, 30, 60)]
    for process in processes:
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()
    kept = Cache(tmp_path)
    assert len(kept) == 120
    assert whole(kept, range(120))
    assert kept.damaged == []


LIMITED = """
import sys, resource
sys.path.insert(0, {root!r})
from tests.harness.pack import load_pack
load_pack()
from pathlib import Path
import torch
from kinema.motion.clips import Cache, ClipsError
from tests.bare.clips.test_cache import key, tensor
with Cache(Path({folder!r})) as kept:
    kept.add(key(0), tensor(0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    with kept:
        kept.add(key(1), torch.zeros(1 << 18))
except ClipsError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits of this kind")
def test_a_full_disk(tmp_path: Path) -> None:
    code = LIMITED.format(root=str(ROOT), folder=str(tmp_path))
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"The disk that holds {tmp_path} is full.")
    assert "queue again to go on" in told
    assert len(list(tmp_path.iterdir())) == 1, "no half file"
    assert whole(Cache(tmp_path), range(1))


def test_a_folder_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClipsError, match="cannot be kept in"):
        Cache(tmp_path / "file")

    def refuse(*_: object) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    kept = Cache(tmp_path / "cache")
    monkeypatch.setattr(cache, "write_shard", refuse)
    kept.add(key(0), tensor(0))
    with pytest.raises(ClipsError, match="Read-only file system.*Make it writable"):
        kept.flush()
    assert key(0) not in kept


def test_memory_of_a_hundred_thousand_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index, with a hundred shards more than are open at a time."""
    monkeypatch.setattr(cache, "SHARD_ENTRIES", 250)
    with Cache(tmp_path) as kept:
        for number in range(40_000):
            kept.add(f"{number:032x}", torch.zeros(1))
    tracemalloc.start()
    again = Cache(tmp_path)
    for number in range(0, 40_000, 250):
        again.read(f"{number:032x}")
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(again) == 40_000
    assert len(again._open) == cache.MOST_OPEN
    assert now < 40_000 * 700
