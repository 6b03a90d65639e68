"""Every test is run, and once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.harness.pack import ROOT
from tests.harness.suite import parts

IGNORE = "--ignore="


def runs(part: Sequence[str], file: Path) -> bool:
    folders = {each.as_posix() for each in file.parents}
    left = {each.removeprefix(IGNORE) for each in part if each.startswith(IGNORE)}
    return bool(folders.intersection(part)) and not folders.intersection(left)


def test_every_file_is_in_one_part() -> None:
    files = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(files) > 100
    assert {file: count for file in files if (count := sum(runs(part, file) for part in parts())) != 1} == {}


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no tests/server, which"):
        parts(tmp_path)
