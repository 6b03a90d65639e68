"""``python dev.py migrate``: workflows rewritten on the command line, with a report."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .asked import Files
from .carriers import KINDS, NoWorkflowError, read_workflow
from .engine import migrate
from .report import Report
from .shelves import files_below
from .tables import FAMILY
from .targets import INSTALLED

MARK = ".kinema.json"
MOST_TRIES = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="workflows, pictures, videos, or folders")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a node stays unknown")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the new files (beside the old ones)")
    parser.add_argument("--models", type=Path, metavar="DIR", help="ComfyUI's models folder, to find files in")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")


def run(options: argparse.Namespace) -> int:
    """Migrate files and tell what became of them; 1 if one could not be read or, with --check, a node stays."""
    files = _models(options.models)
    failed = False
    reports: dict[str, Any] = {}
    for file in _files(options.files):
        try:
            workflow = read_workflow(file)
        except NoWorkflowError as error:
            failed = failed or file in options.files
            if file in options.files:
                print(f"{file}: {error}", file=sys.stderr)
            continue
        written, report = migrate(workflow, INSTALLED, files)
        failed = failed or bool(report.reason) or (options.check and bool(staying(report)))
        reports[str(file)] = report.as_json()
        if not options.json:
            print(f"{file}: {report.as_text()}")
        if written is not workflow and not options.check:
            target = _write(file, written, options.output)
            if not options.json:
                print(f"  written to {target}")
    if options.json:
        print(json.dumps(reports, indent=2, ensure_ascii=False))
    return int(failed)


def _models(folder: Path | None) -> Files | None:
    if folder is None:
        return None
    if not folder.is_dir():
        raise SystemExit(f"{folder} is no folder; give the one that has checkpoints and loras in it.")
    return files_below(folder)


def staying(report: Report) -> list[str]:
    """Types of AnimateDiff's family that nothing here runs."""
    family = {rule.old for rule in FAMILY}
    prefixes = ("ADE_", "VHS_", "ACN_")
    unknown = [type for type in report.unknown if type.startswith(prefixes)]
    return sorted({entry.type for entry in report.kept if entry.type in family} | set(unknown))


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in KINDS and file.is_file())
            yield from (file for file in inside if not file.name.endswith(MARK))
        else:
            yield path


def _write(file: Path, workflow: Any, folder: Path | None) -> Path:
    """A new file beside the old one, or in a folder; one that exists is never replaced."""
    folder = folder or file.parent
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(workflow, ensure_ascii=False)
    for number in range(MOST_TRIES):
        target = folder / f"{file.stem}{f'-{number}' if number else ''}{MARK}"
        try:
            with target.open("x", encoding="utf-8") as out:
                out.write(text)
        except FileExistsError:
            continue
        return target
    raise FileExistsError(f"{folder} has {MOST_TRIES} files named {file.stem}{MARK} already")
