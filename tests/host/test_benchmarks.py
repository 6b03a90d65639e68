"""Every benchmark runs; its figures are not looked at."""

import contextlib
import importlib
import importlib.util
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.harness.pack import ROOT
from tests.harness.seeded.layouts import motion_module

TABLES = sorted(
    path.parent.name if path.stem == "__init__" else path.stem
    for path in (*(ROOT / "benchmarks").glob("[a-z]*.py"), *(ROOT / "benchmarks").glob("[a-z]*/__init__.py"))
)


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


SMALL: Mapping[str, Sequence[Sequence[str]]] = {
    "steps": [
        ["--width", "32", "--sizes", "4", "--frames", "2", "--repeats", "1", *more]
        for more in ([], ["--values"], ["--modules"])
    ],
    "loading": [["--repeats", "1"]],
    "learning": [
        ["--steps", "2", "--batch", "2", "--frames", "2", "--side", "8", "--clips", "1", "--sampling", "2"],
    ],
    "papers": [["--frames", "2", "--steps", "2", "--clips", "2"]],
    "lengths": [["--frames", "4", "20", "--size", "2"], ["--together", "2", "--frames", "20", "--repeats", "1"]],
    "poses": [["--frames", "4", "--repeats", "1"]],
    "context_reference": [["--width", "32", "--sizes", "4", "--frames", "2", "--repeats", "1"]],
    "character": [["--width", "32", "--sizes", "8", "--frames", "2", "--repeats", "1"], ["--memory", "--width", "32"]],
    "training": [["--size", "4", "--frames", "2", "--width", "32", "--repeats", "1"]],
    "decoding": [["--seconds", "0.5", "--repeats", "1", "--cases", "1"]],
    "encoding": [["--size", "32", "--frames", "4", "--repeats", "1"]],
    "scale": [["--stated", "--frames", "64", "--workers", "1", "2"]],
    "pieces": [
        f"--per-piece 3 --overlap 1 --pictures 32 --cache ram {each}".split()
        for each in ("--wired latent images --frames 4", "--wired inverted --frames 4 8")
    ],
}
"""Arguments with which each benchmark ends in a moment."""
APART = {"context_reference", "character", "decoding"}
"""Those that need ComfyUI started with other options than the tests have, or a package of this name on the path."""
IN_TURN = """
import json, runpy, sys, traceback
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["benchmarks", *arguments]
    print("@", *arguments, flush=True)
    try:
        runpy.run_module("benchmarks", run_name="__main__")
    except Exception:
        traceback.print_exc(file=sys.stdout)
"""
"""Runs ``python -m benchmarks`` with one list of arguments after another, where ComfyUI is imported once."""


@pytest.fixture(scope="module")
def apart() -> Mapping[str, str]:
    """What benchmarks print in a process of their own, by their names and arguments."""
    runs = [[table, *each] for table in sorted(APART) for each in SMALL[table]]
    command = [sys.executable, "-c", IN_TURN, json.dumps(runs)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parts = (part.partition("\n") for part in printed.split("@ ")[1:])
    return {name: text for name, _, text in parts}


@pytest.fixture(scope="module")
def learning(package: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder of all that the benchmark of learning learns, and what it prints."""
    folder, printed = tmp_path_factory.mktemp("learning"), io.StringIO()
    with contextlib.redirect_stdout(printed):
        importlib.import_module(f"{package}.learning").main([*SMALL["learning"][0], "--output", str(folder)])
    return folder, printed.getvalue()


@pytest.mark.parametrize(("table", "arguments"), [(table, each) for table in TABLES for each in SMALL[table]])
def test_a_benchmark_prints_its_table(
    package: str,
    table: str,
    arguments: Sequence[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if table == "loading":
        file = tmp_path / "small.safetensors"
        save_file(motion_module((32, 32, 32, 32)), file)
        arguments = [*arguments, "--file", str(file)]
    if table == "papers":
        folder, _ = request.getfixturevalue("learning")
        arguments = [*arguments, "--learnt", str(folder), "--output", str(tmp_path)]
    if table == "learning":
        _, printed = request.getfixturevalue("learning")
    elif table in APART:
        printed = request.getfixturevalue("apart")[" ".join([table, *arguments])]
    else:
        importlib.import_module(f"{package}.{table}").main(arguments)
        printed = capsys.readouterr().out
    lines = itertools.groupby(printed.splitlines(), lambda line: line.startswith("|"))
    tables = [list(each) for is_table, each in lines if is_table]
    assert tables, printed
    for head, rule, *rows in tables:
        assert set(rule) <= set("|- ")
        assert rows
        assert all(row.count("|") == head.count("|") for row in rows)


def test_every_benchmark_has_a_name_on_the_command_line() -> None:
    listed = (Path(ROOT) / "benchmarks" / "__main__.py").read_text()
    assert all(f'"{table}"' in listed for table in TABLES)


@pytest.mark.parametrize("side", [8, 16])
def test_what_is_measured_of_learning_is_true_of_true_clips(package: str, side: int) -> None:
    scenes = importlib.import_module(f"{package}.learning.scenes")
    measures = importlib.import_module(f"{package}.learning.measures")
    size = scenes.Format(8, side)
    plain, marked, negative = (
        scenes.draw_scenes(64, size, 3, scenes.Look(**look)) for look in ({}, {"marked": True}, {"inverted": True})
    )
    moves = measures.moves(plain.latents)
    assert moves.right(plain.flows) == 1.0
    assert moves.right(-plain.flows) == 0.0
    assert moves.error(plain.flows) < 0.1 * size.speed
    assert measures.flicker(plain.latents) < 0.01
    assert measures.jitter(plain.latents) < 0.02 * side
    jumping = plain.latents[:, :, torch.randperm(8, generator=torch.Generator().manual_seed(1))]
    assert measures.jitter(jumping) > 2 * measures.jitter(plain.latents)
    assert measures.change(jumping) > 1.2 * measures.change(plain.latents)
    assert measures.change(plain.latents[:, :, :1].expand_as(plain.latents)) == 0.0
    for measure in (measures.right_colours, measures.right_shapes, measures.right_lights):
        assert measure(plain.latents, plain.captions) > 0.9
        assert measure(plain.latents, plain.captions[1:] + plain.captions[:1]) < 0.6
    assert abs(measures.watermark(plain.latents)) < 0.05
    assert abs(measures.watermark(marked.latents) - 1) < 0.05
    assert abs(measures.negative(plain.latents)) < 0.1
    assert abs(measures.negative(negative.latents) - 1) < 0.1


def test_clips_that_go_where_their_captions_do_not_say_look_like_all_others(package: str) -> None:
    scenes = importlib.import_module(f"{package}.learning.scenes")
    size = scenes.Format(8, 16)
    plain, turned = (scenes.draw_scenes(8, size, 3, scenes.Look(moving=way)) for way in (None, "up"))
    assert plain.captions == turned.captions
    assert (turned.flows == scenes.flow_of("up", size)).all()
    assert float(turned.latents.std()) == pytest.approx(float(plain.latents.std()), rel=0.1)


def test_stills_of_clips_are_of_all_their_frames(package: str) -> None:
    scenes = importlib.import_module(f"{package}.learning.scenes")
    clips = scenes.draw_scenes(5, scenes.Format(3, 8), 3)
    stills = scenes.stills(clips)
    assert stills.captions == clips.captions
    for number, frame in enumerate((0, 1, 2, 0, 1)):
        assert torch.equal(stills.latents[number, :, 0], clips.latents[number, :, frame])
