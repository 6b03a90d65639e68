"""The jobs of a table."""

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
from kinema.motion.jobs import Job, JobsError, Times, planned, times_of
from kinema.motion.jobs.job import checked_prompt, key_of
from kinema.motion.jobs.times import read_times
from kinema.motion.tables import read_records

from tests.harness.growth import in_proportion

from .prompts import DECLARED, PROMPT


def other(name: str) -> Any:
    if name in ("", "boat"):
        return PROMPT
    if name == "small":
        return {"1": {"class_type": "Value", "inputs": {"value": 3}}}
    raise JobsError([f"there is no {name}"])


def plan(table: str, *times: str) -> list[Job]:
    records = [*read_records(io.BytesIO(table.encode()))] if table else []
    return [*planned(records, [read_times(each) for each in times], other, DECLARED)]


def inputs(job: Job, node: str = "9:3") -> Any:
    return job.prompt[node]["inputs"]


def test_rows_are_jobs() -> None:
    before = copy.deepcopy(PROMPT)
    first, second, third = plan("name,KSampler.seed,Prompt.text,KSampler.cfg\ncat,5,a cat,7.5\n,,a dog,\nlast,6,,\n")
    assert before == PROMPT
    assert (first.name, second.name, third.name) == ("cat", "2", "last")
    assert inputs(first) == before["9:3"]["inputs"] | {"seed": 5, "cfg": 7.5}
    assert inputs(first, "6") == {"text": "a cat", "clip": ["4", 1]}
    assert inputs(second) == before["9:3"]["inputs"]
    assert first.values == {"KSampler.seed": "5", "Prompt.text": "a cat", "KSampler.cfg": "7.5"}
    assert inputs(third, "6")["text"] == "a boat"


def test_a_connection_gives_way_to_a_value() -> None:
    assert inputs(plan("KSampler.steps\n30")[0])["steps"] == 30


def test_rows_are_multiplied() -> None:
    jobs = plan(
        "name,Prompt.text\nx,a cat\ny,a dog", "KSampler.seed=1..2", "Load.ckpt_name=a.safetensors,b.safetensors"
    )
    assert [job.name for job in jobs][:3] == [
        "x, seed=1, ckpt_name=a.safetensors",
        "x, seed=1, ckpt_name=b.safetensors",
        "x, seed=2, ckpt_name=a.safetensors",
    ]
    assert len({job.key for job in jobs}) == len(jobs) == 8
    assert [job.name for job in plan("", "KSampler.seed=3,4")] == ["1", "2"]
    assert len(plan("")) == 1


def test_workflows_of_rows() -> None:
    jobs = plan("workflow,Value.value,KSampler.seed\nsmall,7,\nboat,,3\n,,4")
    assert inputs(jobs[0], "1") == {"value": 7}
    assert [inputs(job)["seed"] for job in jobs[1:]] == [3, 4]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.x=1,2", ["1", "2"]),
        ('a.x="a cat, walking", dog', ["a cat, walking", "dog"]),
        ("a.x=1..3,7", [1, 2, 3, "7"]),
        ('a.x=["a, b", 2]', ["a, b", 2]),
        ("a.x=y=z", ["y=z"]),
    ],
)
def test_values_to_multiply_with(text: str, values: list[Any]) -> None:
    assert read_times(text) == Times("a.x", values)


@pytest.mark.parametrize("text", ["a.x", "=1", "a.x=", 'a.x="open', "a.x=[1", "a.x=3..1"])
def test_no_values_to_multiply_with(text: str) -> None:
    with pytest.raises(JobsError, match="--times"):
        read_times(text)


def test_values_as_an_object() -> None:
    assert times_of({"a.x": [1]}) == [Times("a.x", [1])]
    for wrong in ([], {"a": 1}, "x"):
        with pytest.raises(JobsError):
            times_of(wrong)


@pytest.mark.parametrize(
    ("table", "times", "words"),
    [
        (
            "KSampler.seed,KSampler.cfg\n1,8\n2.5,x",
            (),
            ["line 3, KSampler.seed: it takes a whole", "line 3, KSampler.cfg"],
        ),
        ("KSampler.sead\n1\n2\n3", (), ["KSampler.sead: KSampler has no input"]),
        ("comment\nhello", (), ["comment: columns are NODE.input"]),
        ("9:3.seed,KSampler.seed\n1,2", (), ["9:3.seed and KSampler.seed are the same input"]),
        ("workflow\nnone\nnone", (), ["there is no none"]),
        ("workflow,KSampler.seed\nsmall,1\n,2", (), ["line 2: KSampler.seed: the prompt has no node"]),
        ("KSampler.seed\n1", ("KSampler.seed=1,2",), ["is a column of the table, and is to be multiplied"]),
        ("", ("KSampler.seed=1", "KSampler.seed=2"), ["is twice"]),
        ("KSampler.seed\n1", ("9:3.seed=1,2",), ["KSampler.seed and 9:3.seed are the same input"]),
        ("", ("KSampler.seed=x",), ["times, KSampler.seed: it takes a whole number"]),
        ("", ("KSampler.seed=1..400", "KSampler.cfg=1..400"), ["160000 jobs; 100000 are the most"]),
    ],
)
def test_what_is_wrong_is_said_at_once(table: str, times: tuple[str, ...], words: list[str]) -> None:
    with pytest.raises(JobsError) as error:
        plan(table, *times)
    assert len(error.value.problems) == len(words)
    assert all(word in problem for word, problem in zip(words, error.value.problems, strict=True))


def test_keys_are_of_what_is_made() -> None:
    same = copy.deepcopy(PROMPT)
    same["6"]["_meta"]["title"] = "another"
    same["9:3"]["inputs"]["cfg"] = 8.0
    assert key_of(same) == key_of(PROMPT) == key_of(dict(reversed(PROMPT.items())))
    same["9:3"]["inputs"]["cfg"] = 8.5
    assert key_of(same) != key_of(PROMPT)
    twice = plan("KSampler.seed\n1\n2\n1.0")
    assert twice[0].key == twice[2].key != twice[1].key


@pytest.mark.parametrize(
    "data", [None, [], {}, {"1": 2}, {"1": {"inputs": {}}}, {"1": {"class_type": "A", "inputs": []}}]
)
def test_what_is_no_prompt(data: Any) -> None:
    with pytest.raises(JobsError, match="x is no prompt in API format"):
        checked_prompt(data, "x")


def test_time_grows_with_the_number_of_rows() -> None:
    def cost(size: int) -> Callable[[], object]:
        table = "KSampler.seed,Prompt.text\n" + "".join(f"{number},a cat\n" for number in range(size))
        return lambda: plan(table)

    assert in_proportion(cost, 10_000)
