"""The floor plan holds: every room imports downwards, through faces, and every face tells what is in its room."""

import ast

import pytest

from tests.harness import rooms
from tests.harness.setup import ROOT

EVERY = [(package, room) for package in rooms.FLOORS for room in rooms.rooms(package)]
FOLDERS = [(package, room) for package, room in EVERY if (ROOT / package / room).is_dir()]


@pytest.mark.parametrize(("package", "room"), EVERY)
def test_a_room_imports_downwards_and_through_faces(package: str, room: str) -> None:
    assert rooms.check(package, room) == ""


@pytest.mark.parametrize(("package", "room"), FOLDERS)
def test_a_face_names_every_file_of_its_room(package: str, room: str) -> None:
    face = (ROOT / package / room / "__init__.py").read_text()
    told = ast.get_docstring(ast.parse(face)) or ""
    files = {file.stem for file in (ROOT / package / room).glob("*.py")} - {"__init__"}
    assert {file for file in files if f"``{file}``" not in told} == set()


@pytest.mark.parametrize("package", rooms.FLOORS)
def test_every_folder_is_a_room(package: str) -> None:
    here = {path.stem for path in (ROOT / package).iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    assert here - {"__init__", "host"} == set(rooms.rooms(package))


@pytest.mark.parametrize("face", [f"{package}/{room}/__init__.py" for package, room in FOLDERS])
def test_a_face_shows_nothing_private(face: str) -> None:
    names = [name for node in ast.walk(ast.parse((ROOT / face).read_text())) for name in _imported(node)]
    assert [name for name in names if name.startswith("_")] == []


def _imported(node: ast.AST) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []


def test_contributing_draws_the_rooms_as_they_are() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert text == rooms.drawn(text), "run python dev.py rooms"


def test_a_wrong_import_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: with the floors upside down nearly everything is wrong."""
    turned = {**rooms.FLOORS, "motion": tuple(reversed(rooms.FLOORS["motion"]))}
    monkeypatch.setattr(rooms, "FLOORS", turned)
    assert "values is not below camera" in rooms.check("motion", "camera") or rooms.check("motion", "camera")
    assert "TID251" in rooms.check("motion", "camera")
