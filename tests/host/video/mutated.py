"""Clips changed at random, and processes of their own that read them: with less memory, and ended when they take long.

Run as a program it is such a process: a path and a number a line in, what came of it a line out.
"""

import contextlib
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 20.0
"""Seconds one clip may take."""
MEMORY = 3 << 30
"""Bytes a process may take more than it has once it can read."""
GROWN = 600 << 20
"""Bytes that may be in use at most, more than before."""


def mutated(data: bytes, seed: int) -> bytes:
    """A file cut, with bits turned, stretches zeroed, swapped and doubled, and sizes in its header grown."""
    random = np.random.default_rng(seed)
    found = bytearray(data)

    def place(reach: int = 0) -> int:
        return int(random.integers(0, max(1, min(reach or len(found), len(found)))))

    for _ in range(int(random.integers(1, 6))):
        kind = int(random.integers(0, 8))
        at, length = place(), int(random.integers(1, 1 + max(1, len(found) // 6)))
        if kind == 0:
            del found[at:]
        elif kind == 1:
            for _ in range(int(random.integers(1, 40))):
                found[place()] ^= 1 << int(random.integers(0, 8)) if found else 0
        elif kind == 2:
            end = min(len(found), at + length)
            found[at:end] = bytes(end - at)
        elif kind == 3:
            other = place()
            first, second = found[at : at + 64], found[other : other + 64]
            found[at : at + len(second)], found[other : other + len(first)] = second, first
        elif kind == 4:
            found[at:at] = found[place() :][:length]
        elif kind == 5:
            at = place(800)
            found[at : at + 4] = random.choice([2**31 - 1, 2**32 - 1, 2**16, 0, 2**30, 30000]).astype(">u4").tobytes()
        elif kind == 6:
            at = place(800)
            found[at : at + 2] = random.integers(0, 256, 2, np.uint8).tobytes()
        else:
            at = len(found) - 1 - place(400)
            found[max(0, at) : at + 4] = random.integers(0, 256, 4, np.uint8).tobytes()
        if not found:
            break
    return bytes(found)


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    kind: str
    """"read", "refused", "raised", "slow" or "died"."""
    words: str = ""
    seconds: float = 0.0
    open_files: int = 0
    """How many more than before the first."""
    grown: int = 0
    """Bytes at most in use more than before the first; 0 where nobody tells."""


class Reader:
    """A process that reads clips."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        """Where it puts temporary files."""
        self._process = self._started()

    @property
    def number(self) -> int:
        """What the system calls it."""
        return self._process.pid

    def _started(self) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.host.video.mutated"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": self.folder, "OMP_NUM_THREADS": "1", "KINEMA_HOST": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def read(self, path: Path, seed: int) -> Outcome:
        """Read a file, and begin anew if that is the end of the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([str(path), seed]) + "\n")
        answered, _, _ = select.select([self._process.stdout], [], [], LONGEST)
        line = self._process.stdout.readline() if answered else ""
        if line:
            return Outcome(**json.loads(line))
        self.close()
        code = self._process.returncode
        self._process = self._started()
        return Outcome("died", f"ended with {code}") if answered else Outcome("slow")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def _serve() -> None:
    sys.path.insert(0, str(ROOT))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    from tests.harness.pack import load_host, load_pack

    load_pack()
    load_host(os.environ["KINEMA_COMFYUI_FOLDER"], "--cpu")
    import resource
    import time

    from comfy_api.latest import InputImpl
    from kinema.motion.video import Choice
    from kinema.nodes.host.video import count_frames, read_frames
    from kinema.nodes.host.video.read import VideoFramesError

    choices = [(Choice(count=20), 0, 0), (Choice(8.0, 1, 2, 12), 32, 0), (Choice(24.0, count=30), 16, 24)]

    def outcome(path: str, seed: int) -> tuple[str, str]:
        choice, width, height = choices[seed % 3]
        video = InputImpl.VideoFromFile(path, start_time=0.3 * (seed % 5 == 4), duration=0.5 * (seed % 7 == 6))
        try:
            found = read_frames(video, choice, width, height)
            count_frames(video, Choice(), width, height)
        except VideoFramesError as error:
            return "refused", str(error)
        except BaseException as error:
            return "raised", repr(error)
        assert found.images.shape[:3] == found.mask.shape
        assert found.rate > 0
        assert found.images.isfinite().all()
        return "read", ""

    def used() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmSize")) << 10

    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    # libraries open what they need with the first one
    with contextlib.suppress(OSError):
        outcome(str(ROOT / "nowhere.mp4"), 0)
    resource.setrlimit(resource.RLIMIT_AS, (used() + MEMORY, used() + MEMORY))
    before, most = files(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("ready", file=answers)
    for line in sys.stdin:
        path, seed = json.loads(line)
        start = time.monotonic()
        kind, words = outcome(path, seed)
        if files() > before:
            gc.collect()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most) << 10
        found = Outcome(kind, words, time.monotonic() - start, files() - before, grown)
        print(json.dumps(found.__dict__), file=answers)


def main() -> None:
    """Read many mutated clips of the zoo and tell what came of them: how many, the first seed, a folder for faults."""
    from concurrent.futures import ThreadPoolExecutor

    from .species import SPECIMENS
    from .zoo import raise_zoo

    count, first, kept = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as left:
        clips = list(raise_zoo(Path(folder), SPECIMENS).values())

        def go(part: int) -> list[tuple[str, Outcome]]:
            reader, found = Reader(left), []
            for seed in range(first + part, first + count, 2):
                clip = clips[seed % len(clips)]
                path = Path(folder) / f"{seed}-{clip.name}"
                path.write_bytes(mutated(clip.read_bytes(), seed))
                result = reader.read(path, seed)
                found.append((path.name, result))
                bad = result.kind in ("raised", "slow", "died") or result.seconds > 5 or result.open_files > 2
                path.rename(kept / path.name) if bad else path.unlink()
            reader.close()
            return found

        with ThreadPoolExecutor(2) as pool:
            found = [one for part in pool.map(go, range(2)) for one in part]
        print("left in the folder for temporary files:", os.listdir(left))
    kinds = [result.kind for _, result in found]
    print({kind: kinds.count(kind) for kind in sorted(set(kinds))})
    print("slowest", sorted(((round(result.seconds, 1), name) for name, result in found), reverse=True)[:8])
    print("open files", sorted(((result.open_files, name) for name, result in found), reverse=True)[:3])
    print("grown", sorted(((result.grown >> 20, name) for name, result in found), reverse=True)[:3])
    for name, result in found:
        if result.kind in ("raised", "slow", "died") or ("cannot be read" in result.words and "emory" in result.words):
            print(name, result.kind, result.words[:200])


if __name__ == "__main__":
    main() if len(sys.argv) > 1 else _serve()
