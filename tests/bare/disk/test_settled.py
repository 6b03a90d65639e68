"""Files that are on the disk."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from kinema.motion.disk import is_full, settle, write_settled

LIMITED = """
import resource, signal, sys
sys.path.insert(0, {root!r})
from tests.harness.pack import load_pack
load_pack()
from pathlib import Path
from kinema.motion.disk import is_full, write_settled
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    write_settled(Path({path!r}), [bytes(1 << 15)] * 3)
except OSError as error:
    print(is_full(error))
"""


def test_all_parts_are_in_the_file(tmp_path: Path) -> None:
    write_settled(tmp_path / "a", [b"one ", memoryview(b"two")])
    settle(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"one two"


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits of this kind")
def test_a_file_for_which_there_is_no_room(tmp_path: Path) -> None:
    code = LIMITED.format(root=str(Path(__file__).parents[3]), path=str(tmp_path / "a"))
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "True"
    assert is_full(OSError(errno.ENOSPC, "full"))
    assert not is_full(OSError(errno.EACCES, "no"))
