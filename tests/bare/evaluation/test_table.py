"""Results of several systems in one table."""

import csv
import io
import statistics

import pytest
from kinema.motion.evaluation import METRICS, EvaluationError, Result, Score, tabulate


def result(name: str, **values: float) -> Result:
    return Result(name, 4, 64, 64, tuple(Score(METRICS[key], value) for key, value in values.items()))


SEEDS = [
    result("plain", flicker=4.0, motion=1.0),
    result("moving", flicker=1.0, motion=3.0),
    result("moving", flicker=2.0, motion=5.0),
    result("moving", flicker=3.0),
]


def test_means_and_deviations_are_those_of_the_statistics_module() -> None:
    table = tabulate(SEEDS)
    assert [metric.key for metric in table.metrics] == ["flicker", "motion"]
    plain, moving = table.rows
    assert (plain.name, plain.clips, plain.cells["flicker"].deviation) == ("plain", 1, None)
    assert (moving.name, moving.clips, moving.cells["motion"].count) == ("moving", 3, 2)
    assert moving.cells["flicker"].mean == pytest.approx(2.0)
    assert moving.cells["flicker"].deviation == pytest.approx(statistics.stdev([1.0, 2.0, 3.0]))
    assert table.notes == ("moving: motion magnitude were not measured of all its 3 clips",)


def test_the_best_is_where_the_metric_says() -> None:
    table = tabulate([result("a", flicker=1.0, psnr=20.0, motion=1.0), result("b", flicker=2.0, psnr=30.0, motion=2.0)])
    assert {metric.key: table.best(metric) for metric in table.metrics} == {
        "psnr": {"b"},
        "flicker": {"a"},
        "motion": set(),
    }
    assert tabulate([result("a", psnr=1.0)]).best(METRICS["psnr"]) == set()


def test_the_papers_rows_stand_beside_and_never_win() -> None:
    table = tabulate([result("a", clip_text=20.0), result("b", clip_text=25.0)], paper=True)
    assert [row.name for row in table.rows][2:] == [
        "Text2Video-Zero (paper)",
        "Tune-A-Video (paper)",
        "AnimateDiff (paper)",
    ]
    ours = table.rows[-1].cells
    assert [ours[key].mean for key in ("clip_text", "clip_domain", "clip_smoothness")] == [31.39, 87.29, 98.0]
    assert table.best(METRICS["clip_text"]) == {"b"}
    assert min(row.cells["clip_text"].mean for row in table.rows[2:]) == ours["clip_text"].mean
    assert "the paper's own method has the lowest value" in table.markdown()


def test_as_text_and_for_programs() -> None:
    table = tabulate([*SEEDS, result("c", clip_domain=80.0)], paper=True)
    lines = table.markdown().splitlines()
    assert len({len(line) for line in lines[:8]}) == 1
    assert "2.00 \u00b1 1.00" in lines[3]
    rows = list(csv.DictReader(io.StringIO(table.comma_separated())))
    assert [row["system"] for row in rows][:2] == ["plain", "moving"]
    assert float(rows[1]["flicker deviation"]) == pytest.approx(1.0)
    assert (rows[0]["flicker deviation"], rows[0]["flicker clips"], rows[3]["measured"]) == ("", "1", "no")


@pytest.mark.parametrize("name", ["a|b", 'a,"b"', "=1+1", "\u00e9\u4e2d", "", "x" * 300])
def test_any_name(name: str) -> None:
    table = tabulate([result(name, flicker=1.0), result("b", flicker=2.0)])
    assert len({len(line) for line in table.markdown().splitlines()[:4]}) == 1
    (first, _) = csv.DictReader(io.StringIO(table.comma_separated()))
    assert first["system"].lstrip("'") == name
    assert not first["system"].startswith("=")


def test_the_papers_rows_need_something_to_stand_beside() -> None:
    assert tabulate(SEEDS, paper=True) == tabulate(SEEDS)


def test_nothing_to_show() -> None:
    with pytest.raises(EvaluationError, match="There are no results"):
        tabulate([])


def test_of_equal_values_all_are_the_best_and_of_all_equal_ones_none() -> None:
    table = tabulate(
        [result("a", psnr=2.0, ssim=1.0), result("b", psnr=2.0, ssim=1.0), result("c", psnr=1.0, ssim=1.0)]
    )
    assert table.best(METRICS["psnr"]) == {"a", "b"}
    assert table.best(METRICS["ssim"]) == set()
