"""Every benchmark finds what it measures; what it prints is not looked at."""

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

from tests.harness.pack import ROOT

TABLES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.fixture(scope="module")
def package() -> str:
    """The folder as a package; the root is not on the path."""
    name, folder = "benchmarks", ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    return name


@pytest.mark.parametrize("table", TABLES)
def test_a_benchmark_can_start(package: str, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"{package}.{table}").main(["--help"])
    assert ended.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_every_benchmark_has_a_name_on_the_command_line() -> None:
    listed = (Path(ROOT) / "benchmarks" / "__main__.py").read_text()
    assert all(f'"{table}"' in listed for table in TABLES)
