"""Clips changed at random: an error with words or a result, in time and in bounds, and nothing stays behind.

``python -m tests.host.video.mutated COUNT SEED FOLDER`` reads as many as one likes.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .mutated import GROWN, LONGEST, Reader, mutated

SEEDS = range(146)
ADVICE = ("Choose", "Convert", "convert", "incomplete", "Lower skip_frames", "Set frames")


def test_mutations_differ_and_repeat(zoo: dict[str, Path]) -> None:
    data = zoo["h264.mp4"].read_bytes()
    assert mutated(data, 1) == mutated(data, 1)
    assert len({mutated(data, seed) for seed in range(50)}) > 40
    assert mutated(b"", 1) == b""


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at memory and open files as Linux tells them")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A process that reads."""
    reader = Reader(str(tmp_path_factory.mktemp("temporary")))
    yield reader
    reader.close()


@linux
def test_clips_changed_at_random(zoo: dict[str, Path], tmp_path: Path, reader: Reader) -> None:
    before = os.listdir(reader.folder)
    clips = list(zoo.values())
    kinds = {"read": 0, "refused": 0}
    for seed in SEEDS:
        clip = clips[seed % len(clips)]
        path = tmp_path / f"{seed}-{clip.name}"
        path.write_bytes(mutated(clip.read_bytes(), seed))
        outcome = reader.read(path, seed)
        assert outcome.kind in kinds, (path.name, outcome)
        kinds[outcome.kind] += 1
        assert outcome.seconds < LONGEST / 2, (path.name, outcome)
        assert outcome.open_files <= 0, (path.name, outcome)
        assert outcome.grown < GROWN, (path.name, outcome)
        if outcome.kind == "refused":
            assert outcome.words.startswith(path.name), outcome
            assert any(words in outcome.words for words in ADVICE), outcome
    assert os.listdir(reader.folder) == before
    assert min(kinds.values()) > len(SEEDS) // 10, kinds


@linux
def test_a_process_that_ends_is_noticed(zoo: dict[str, Path], reader: Reader) -> None:
    """What the test above rests on."""
    os.kill(reader.number, signal.SIGKILL)
    assert reader.read(zoo["h264.mp4"], 0).kind == "died"
    assert reader.read(zoo["h264.mp4"], 0).kind == "read"
