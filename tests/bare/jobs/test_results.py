"""What became of jobs, kept over starts and kills."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kinema.motion.jobs import ERROR, SUCCESS, Fault, File, JobsError, Result, Results, read_results

from tests.harness.growth import in_proportion


def result(key: str, status: str = SUCCESS, name: str = "a clip") -> Result:
    fault = None if status == SUCCESS else Fault("it failed", "3", "KSampler")
    files = (File("9", "a_00001_.mp4", "clips", "output", "http://x/view"),)
    return Result(name, key, {"KSampler.seed": 1}, status, files, 1.5, "http://x", fault, "2026-01-01T00:00:00+00:00")


def added(path: Path, *results: Result) -> None:
    open_one = Results(path)
    for each in results:
        open_one.add(each)
    open_one.close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "with a space" / "x.jsonl"
    added(path, result("a"), result("b", ERROR, "Boot \ud800 船"))
    assert read_results(path) == {"a": result("a"), "b": result("b", ERROR, "Boot \ud800 船")}
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b"]
    again = Results(path)
    assert set(again.done()) == {"a"}
    again.close()


def test_success_stays_and_the_last_error_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    added(path, result("a"), result("a", ERROR), result("b", ERROR, "first"), result("b", ERROR, "last"))
    assert read_results(path) == {"a": result("a"), "b": result("b", ERROR, "last")}


@pytest.mark.parametrize("kept", [1, 9, 40, 200])
def test_a_line_that_was_cut_off_is_repeated(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.jsonl"
    added(path, result("a"))
    whole = path.read_bytes()
    for before in (b"", whole):
        path.write_bytes(before + whole.replace(b'"key": "a"', b'"key": "b"')[:kept])
        added(path, result("b"), result("c"))
        assert set(read_results(path)) == {"b", "c"} | ({"a"} if before else set())


def test_a_whole_line_without_its_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    added(path, result("a"))
    path.write_bytes(path.read_bytes().rstrip())
    added(path, result("b"))
    assert set(read_results(path)) == {"a", "b"}


def test_nothing_to_write_leaves_no_file(tmp_path: Path) -> None:
    Results(tmp_path / "x.jsonl").close()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("text", ["name,KSampler.seed\na,1\n", "{}\n", "hello", '{"key": "a", "status": "success"}\n'])
def test_another_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(text)
    with pytest.raises(JobsError, match="jobs.csv is no file of results"):
        Results(path)
    assert path.read_text() == text


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    first = Results(tmp_path / "x.jsonl")
    with pytest.raises(JobsError, match="is in use"):
        Results(tmp_path / "x.jsonl")
    first.close()
    Results(tmp_path / "x.jsonl").close()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobsError, match="cannot be written"):
        Results(tmp_path / "file" / "x.jsonl")
    with pytest.raises(JobsError, match="cannot be written"):
        Results(tmp_path)


def test_time_grows_with_the_number_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"

    def cost(size: int) -> Callable[[], object]:
        line = json.dumps(result("a").as_json())
        path.write_text("".join(line.replace('"a"', f'"{number}"') + "\n" for number in range(size)))
        return lambda: read_results(path)

    assert in_proportion(cost, 10_000)
