"""Results Table in the host: a picture, a file that replaces none, and lists as the host hands them over."""

from pathlib import Path
from typing import Any

import folder_paths
import pytest
import torch
from kinema.motion.evaluation import METRICS, EvaluationError, Result, Score, tabulate
from kinema.nodes.evaluation.table import ResultsTable
from kinema.nodes.host import evaluation
from kinema.nodes.host.evaluation import lettering
from kinema.nodes.host.evaluation import tabled as tabled_files
from PIL import ImageFont

from .test_evaluation import run


def result(name: str, value: float) -> Result:
    return Result(name, 4, 64, 64, (Score(METRICS["flicker"], value),))


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    return tmp_path


def tabled(*lists: list[Any], **more: Any) -> tuple[Any, ...]:
    names = ("results", "results_2", "results_3", "results_4")
    return run(ResultsTable, **dict(zip(names, lists, strict=False)), **more)


def test_lists_of_several_inputs_are_one_table(output: Path) -> None:
    picture, told, rows, file = tabled([result("a", 1.0), result("a", 3.0)], [result("b", 1.0)], paper=[False])
    assert picture.ndim == 4
    assert picture.shape[0] == 1
    assert picture.shape[1] % 2 == picture.shape[2] % 2 == 0
    assert "2.00 \u00b1 1.41" in told
    assert Path(file) == output / "results" / "kinema_00001_.csv"
    assert Path(file).read_bytes().decode("utf-8-sig") == rows
    assert Path(tabled([result("a", 1.0)])[3]).name == "kinema_00002_.csv"
    assert sorted(path.name for path in (output / "results").iterdir()) == ["kinema_00001_.csv", "kinema_00002_.csv"]


def test_the_best_is_green(output: Path) -> None:
    def greens(first: float, second: float) -> torch.Tensor:
        picture = tabled([result("a", first)], [result("b", second)], paper=[False])[0][0]
        return ((picture[..., 1] > 0.8) & (picture[..., 0] < 0.6)).any(1).nonzero().flatten()

    assert greens(1.0, 2.0).max() < greens(2.0, 1.0).min()


def test_letters_that_the_first_font_lacks_are_drawn_with_another_or_without_accents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lettering, "_named", lambda name, size: None)
    assert lettering.Lettering.of(["a name"], 16).spelling == {}
    alone = lettering.Lettering.of(["caf\u00e9 \u732b \u00bd"], 16)
    assert alone.spelt("caf\u00e9 \u732b") == "cafe \u732b"
    found = ImageFont.load_default(17)
    monkeypatch.setattr(lettering, "_named", lambda name, size: found if name == "msgothic.ttc" else None)
    monkeypatch.setattr(lettering, "_lacking", lambda font, letters: "" if font is found else letters)
    other = lettering.Lettering.of(["a \u732b"], 16)
    assert other.font is found
    assert other.spelt("\u732b") == "\u732b"


def test_a_heading_says_by_a_triangle_where_better_is() -> None:
    def drawn(key: str) -> torch.Tensor:
        # two clips, or a note would make the picture wider
        return evaluation.table_picture(tabulate([Result("a", 4, 64, 64, (Score(METRICS[key], 1.0),))] * 2))[0]

    def ink_in_rows(key: str) -> torch.Tensor:
        picture = drawn(key)
        wide = picture.shape[1] - tabled_files.EDGE - 3 * tabled_files.ARROW // 2 - 1
        return (picture[tabled_files.EDGE : tabled_files.EDGE + tabled_files.FONT + 1, wide:, 0] > 0.5).sum(1)

    lower, higher, neither = (ink_in_rows(key) for key in ("flicker", "psnr", "motion"))
    assert lower[-1] < lower[-tabled_files.ARROW // 2]
    assert higher[-1] > higher[-tabled_files.ARROW // 2]
    assert int(neither.sum()) < int(lower.sum())


def test_what_is_no_result(output: Path) -> None:
    with pytest.raises(EvaluationError, match="takes the output result of Evaluate Clip"):
        tabled(["a text"])
    with pytest.raises(EvaluationError, match="There are no results"):
        tabled([None])
    assert ResultsTable.validate_inputs("../x") is not True
    assert not list(output.glob("**/*.csv"))


def test_a_folder_that_cannot_be_written(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(EvaluationError, match="the disk is full"):
        tabled([result("a", 1.0)])
    assert not [path for path in output.glob("**/*") if path.is_file()]
