"""The rooms of the pack: who may import whom, as ruff checks it, and who does, as CONTRIBUTING draws it.

One subject has one word in every package. A room may import those on floors below its own, and only through their faces
(``__init__.py``), so that its files can be arranged anew without anybody noticing.
"""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping

from .setup import ROOT

FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "motion": (
        ("disk", "tables", "workers"),
        ("values", "formats", "pose", "video", "sound", "migration"),
        ("windows", "sampling", "prompts", "control", "batches", "pieces", "clips", "jobs"),
        ("temporal",),
        ("camera", "character", "crossframe", "training"),
        ("evaluation",),
    ),
    "nodes/host": (
        ("folders", "notices", "memory", "images", "options", "files", "patching", "requests", "migration", "jobs"),
        ("sampling", "video", "batches", "evaluation"),
        ("temporal", "prompts", "pose", "clips", "workers"),
        ("camera", "pictures", "control", "character", "pieces", "crossframe"),
        ("windows",),
        ("animate", "training"),
    ),
    "nodes": (
        ("inputs",),
        (
            "temporal",
            "pictures",
            "values",
            "windows",
            "prompts",
            "control",
            "camera",
            "pose",
            "character",
            "sampling",
            "crossframe",
            "video",
            "batches",
            "clips",
            "training",
            "evaluation",
        ),
        ("pieces",),
    ),
}
"""Rooms by package, the ground floor first."""
LOWER: Mapping[str, tuple[str, ...]] = {"motion": (), "nodes/host": ("motion",), "nodes": ("motion", "nodes/host")}
"""Packages a package may use, all floors of them."""
BEGIN, END = "<!-- rooms: written by python dev.py rooms -->", "<!-- end of rooms -->"


def rooms(package: str) -> list[str]:
    """The rooms of a package, from the ground up."""
    return [room for floor in FLOORS[package] for room in floor]


def check(package: str, room: str) -> str:
    """What ruff finds wrong with the imports of a room, nothing if all is well."""
    banned = {name: {"msg": message} for name, message in _banned(package, room)}
    table = ", ".join(f"{json.dumps(name)} = {{msg = {json.dumps(entry['msg'])}}}" for name, entry in banned.items())
    place = ROOT / package / room
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "TID251"]
    command += ["--output-format", "concise", "--config", f"lint.flake8-tidy-imports.banned-api = {{{table}}}"]
    finished = subprocess.run(
        [*command, str(place if place.is_dir() else place.with_suffix(".py"))], capture_output=True, text=True, cwd=ROOT
    )
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


def _banned(package: str, room: str) -> Iterator[tuple[str, str]]:
    """Modules that a room may not import, and why; relative imports count under the name of the checkout."""
    for outside in ("tests", "benchmarks", "dev"):
        yield f"{ROOT.name}.{outside}", "the pack runs without its tests and benchmarks"
    if package != "nodes/host":
        for module, entry in engine().items():
            yield module, entry["msg"]
    if package == "motion":
        yield "comfy_api", "motion/ runs without ComfyUI"
    below = {each for floor in FLOORS[package][: _floor(package, room)] for each in floor}
    for other in FLOORS:
        if other != package and other not in LOWER[package]:
            yield from ((_dotted(other, each), f"{package} is below {other}") for each in rooms(other))
            continue
        for each in rooms(other):
            if other == package and each == room:
                continue
            if other == package and each not in below:
                yield _dotted(other, each), f"{each} is not below {room}"
            for file in (ROOT / other / each).glob("*.py"):
                if file.stem != "__init__":
                    yield _dotted(other, each, file.stem), f"use the face of {other}/{each}"


def engine() -> dict[str, dict[str, str]]:
    """The modules of ComfyUI's engine, as `pyproject.toml` lists them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return settings["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]


def _dotted(package: str, *rest: str) -> str:
    return ".".join((ROOT.name, *package.split("/"), *rest))


def _floor(package: str, room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS[package]) if room in floor)


def imports(package: str) -> dict[str, set[str]]:
    """The rooms of a package and which others of it each one imports."""
    return {room: set(_imported(package, room)) & set(rooms(package)) - {room} for room in rooms(package)}


def _imported(package: str, room: str) -> Iterator[str]:
    place = ROOT / package / room
    for file in place.glob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        inside = (*package.split("/"), room) if place.is_dir() else tuple(package.split("/"))
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = inside[: len(inside) - node.level + 1]
                target = (*base, *(node.module or "").split("."))
                for name in node.names:
                    full = [part for part in (*target, name.name) if part]
                    if "/".join(full[: package.count("/") + 1]) == package:
                        yield full[package.count("/") + 1]


def drawing() -> str:
    """Each package as a chart of its rooms, arrows to what a room imports unless another arrow leads there already."""
    return "\n\n".join(_chart(package) for package in ("motion", "nodes/host"))


def _chart(package: str) -> str:
    arrows = imports(package)
    lines = [f"`{package}/`, the ground floor at the bottom:", "", "```mermaid", "flowchart TD"]
    for number, floor in reversed(list(enumerate(FLOORS[package]))):
        lines += [f"  subgraph floor{number}[ ]", f"    {' & '.join(floor)}", "  end"]
    for room in reversed(rooms(package)):
        direct = arrows[room] - {far for near in arrows[room] for far in _reached(near, arrows)}
        lines += [f"  {room} --> {' & '.join(sorted(direct))}"] if direct else []
    return "\n".join([*lines, "```"])


def _reached(room: str, arrows: Mapping[str, set[str]]) -> set[str]:
    return {far for near in arrows[room] for far in {near} | _reached(near, arrows)}


def drawn(text: str) -> str:
    """A text with the drawing between its marks brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{drawing()}\n\n{END}{after}"
