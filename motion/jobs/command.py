"""``python dev.py batch``: many clips from a table, on one ComfyUI or several."""

import argparse
import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..tables import Record, TableError, read_records
from ..workers import address_problem
from .declared import declared_inputs
from .errors import JobsError, RunnerLostError
from .hosted import OnWorker, on_workers
from .job import Job, each_once
from .outcome import Outcome
from .planning import planned
from .results import ERROR, Result, Results
from .runners import Runner
from .server import Server
from .sharing import Patience, Share
from .times import read_times
from .workflows import Convert, prompt_of

SERVER = "http://127.0.0.1:8188"
ENDING = ".results.jsonl"
MOST_FAILURES = 50
"""Failures that the summary lists."""
DESCRIPTION = """\
Run a workflow once for every row of a table, and record what becomes of each.

Columns are NODE.input, where NODE is a node's id in the prompt, its class type (then all nodes of that class) or
its title, such as "KSampler.seed" or "Prompt.text". Besides, "name" names a job, and "workflow" takes another
workflow for a row. An empty cell leaves what the workflow has. Tables are csv as spreadsheets write it (commas,
semicolons or tabs), a JSON object on every line, or a JSON list of objects.

  python dev.py batch jobs.csv --workflow text-to-video
  python dev.py batch --workflow prompt.json --times "KSampler.seed=1..8" --times "KSampler.cfg=6,8"

Results go into jobs.results.jsonl, a line for each job. Start it again, and jobs that succeeded are left out; those
that failed run again. Exit status: 0 if all went well, 1 if not, 130 if it was stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = DESCRIPTION, argparse.RawDescriptionHelpFormatter
    parser.add_argument("table", nargs="?", type=Path, metavar="JOBS", help="the table; none runs the workflow once")
    parser.add_argument(
        "--workflow", metavar="FILE", help="a prompt in API format, a saved workflow, or the name of a template"
    )
    parser.add_argument(
        "--times",
        action="append",
        default=[],
        metavar="NODE.input=VALUES",
        help="run every row with each of these values, such as 1,2,3 or 1..20; may be given several times",
    )
    parser.add_argument(
        "--server", action="append", metavar="URL", help=f"a running ComfyUI; may be given several times ({SERVER})"
    )
    parser.add_argument(
        "--address",
        metavar="ADDRESS",
        help="workers of a Ray cluster that this machine has joined, in place of servers; see Distribute Windows",
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="how many (one for each GPU or machine)")
    parser.add_argument("--results", type=Path, metavar="FILE", help=f"where results go (JOBS{ENDING})")
    parser.add_argument("--check", action="store_true", help="only say what would run")
    parser.add_argument(
        "--patience",
        type=float,
        default=Patience.until_gone,
        metavar="SECONDS",
        help=f"how long to wait when no server is left ({Patience.until_gone:.0f})",
    )


def run(options: argparse.Namespace, convert: Convert) -> int:
    """Run the jobs; 1 if one failed, could not be run or is wrong."""
    try:
        servers = _runners(options)
        object_info = _first_answer(servers)
        jobs = _jobs(options, object_info, convert)
        results = Results(_results_path(options))
    except JobsError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        return (
            _check(jobs, results)
            if options.check
            else _run(jobs, servers, results, Patience(until_gone=options.patience))
        )
    finally:
        results.close()


def _runners(options: argparse.Namespace) -> Sequence[Server | OnWorker]:
    if options.address is None:
        return [Server(url) for url in dict.fromkeys(options.server or [SERVER])]
    if options.server:
        raise JobsError(["Give servers or the address of a Ray cluster, not both."])
    problem = address_problem(options.address) if options.address.strip() else "--address is empty."
    if problem:
        raise JobsError([problem])
    return on_workers(options.address.strip(), options.workers)


def _first_answer(servers: Sequence[Server | OnWorker]) -> Mapping[str, Any]:
    """What the first server that answers says of its nodes; the others may come later."""
    problems: list[str] = []
    for server in servers:
        try:
            told = server.nodes()
        except RunnerLostError as error:
            problems.append(f"{server.name}: {error}.")
            continue
        for problem in problems:
            print(f"note: {problem}", file=sys.stderr)
        return told
    raise JobsError([*problems, "No ComfyUI answers. Start one, or say where it is: --server http://ADDRESS:PORT."])


def _jobs(options: argparse.Namespace, object_info: Mapping[str, Any], convert: Convert) -> Sequence[Job]:
    records = [] if options.table is None else _records(options.table)
    folder = Path() if options.table is None else options.table.parent

    def prompt(name: str) -> Any:
        if not name and not options.workflow:
            raise JobsError(
                ["Say which workflow to run: --workflow FILE, or one in every row of a column named workflow."]
            )
        return prompt_of(name or options.workflow, folder, object_info, convert)

    times = [read_times(text) for text in options.times]
    return planned(records, times, functools.cache(prompt), declared_inputs(object_info))


def _records(table: Path) -> Sequence[Record]:
    try:
        with table.open("rb") as file:
            records = [*read_records(file)]
    except TableError as error:
        raise JobsError([f"{table} cannot be used: {error}."]) from error
    except OSError as error:
        raise JobsError([f"{table} cannot be read ({error.strerror})."]) from error
    if not records:
        raise JobsError([f"{table} has no rows below its first line."])
    return records


def _results_path(options: argparse.Namespace) -> Path:
    if options.results is not None:
        return options.results
    beside = options.table if options.table is not None else Path(Path(options.workflow).name)
    return beside.with_name(f"{beside.stem}{ENDING}")


@dataclass
class _Count:
    """What is said at the end."""

    done: int = 0
    failed: int = 0


def _left(jobs: Sequence[Job], results: Results) -> list[Job]:
    """Jobs that have not succeeded, each once."""
    done = results.done()
    return [job for job in each_once(jobs) if job.key not in done]


def _told(jobs: Sequence[Job], left: Sequence[Job], results: Results) -> str:
    keys = {job.key for job in jobs}
    parts = [f"{len(jobs)} jobs"]
    parts += [f"{len(jobs) - len(keys)} of them like another"] if len(keys) < len(jobs) else []
    parts += [f"{len(keys) - len(left)} done already"] if len(left) < len(keys) else []
    others = len(results.results.keys() - keys)
    parts += [f"{others} results of other jobs stay in {results.path}"] if others else []
    return f"{', '.join(parts)}. {len(left)} to run."


def _check(jobs: Sequence[Job], results: Results) -> int:
    left = _left(jobs, results)
    print(_told(jobs, left, results))
    for job in left:
        print(f"{job.name}: {', '.join(f'{column}={value}' for column, value in job.values.items()) or 'as it is'}")
    return 0


def _run(jobs: Sequence[Job], runners: Sequence[Runner], results: Results, patience: Patience) -> int:
    left = _left(jobs, results)
    print(_told(jobs, left, results), flush=True)
    count = _Count()

    def finished(job: Job, outcome: Outcome, runner: str, seconds: float) -> None:
        results.add(Result.of(job, outcome, runner, seconds))
        count.done += 1
        count.failed += outcome.error is not None
        became = _became(outcome)
        where = f", {runner}" if len(runners) > 1 else ""
        print(f"[{count.done}/{len(left)}] {job.name}: {became} ({seconds:.1f} s{where})", flush=True)

    def notice(text: str) -> None:
        print(f"note: {text}", file=sys.stderr, flush=True)

    try:
        stay = Share(left, runners, finished, notice, patience).run()
    except KeyboardInterrupt:
        print(f"stopped; {len(left) - count.done} jobs are left. Start it again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"{results.path} cannot be written ({error.strerror}); the jobs were stopped.", file=sys.stderr)
        return 1
    _summarise(left, results, stay)
    return int(count.failed > 0 or stay > 0)


def _became(outcome: Outcome) -> str:
    count = len(outcome.files)
    return f"failed: {outcome.error}" if outcome.error else f"{count} file{'' if count == 1 else 's'}"


def _summarise(left: Sequence[Job], results: Results, stay: int) -> None:
    failed = [result for job in left if (result := results.results.get(job.key)) and result.status == ERROR]
    print(f"{len(left) - len(failed) - stay} made, {len(failed)} failed, {stay} left. Results: {results.path}")
    width = max((len(result.name) for result in failed), default=0)
    for result in failed[:MOST_FAILURES]:
        print(f"  {result.name:{min(width, 40)}}  {' '.join(str(result.error).split())}")
    if len(failed) > MOST_FAILURES:
        print(f"  and {len(failed) - MOST_FAILURES} more")
    if stay:
        print("No server is left. Start one, and start this again to go on.", file=sys.stderr)
