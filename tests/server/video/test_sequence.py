"""Pictures uploaded one by one into a folder come out as a clip, and wrong settings are answered at once."""

import io
import json
import uuid
from typing import Any
from urllib import request

import pytest
from PIL import Image

from tests.harness import client
from tests.harness.server import Server

FOLDER = "uploaded/walk"


def picture(grey: int, size: tuple[int, int] = (32, 24)) -> bytes:
    with io.BytesIO() as file:
        Image.new("RGB", size, (grey, grey, grey)).save(file, "PNG")
        return file.getvalue()


def upload(server: Server, name: str, content: bytes) -> dict[str, Any]:
    """As the front end does."""
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="subfolder"\r\n\r\n{FOLDER}\r\n'.encode(),
        f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode() + content,
        f"\r\n--{mark}--\r\n".encode(),
    ]
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    with request.urlopen(request.Request(f"{server.url}/upload/image", b"".join(parts), headers)) as answer:
        return json.load(answer)


@pytest.fixture(scope="module", autouse=True)
def uploaded(server: Server) -> None:
    for number in (10, 9, 2, 1):
        upload(server, f"frame{number}.png", picture(20 * number))


def graph(**settings: Any) -> dict[str, Any]:
    inputs = {"folder": FOLDER, **settings}
    return {
        "1": {"class_type": "KinemaLoadImageSequence", "inputs": inputs},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "sequence"}},
    }


def test_the_folder_is_listed(server: Server) -> None:
    info = client.get_json(server.url, "/object_info/KinemaLoadImageSequence")
    folder = info["KinemaLoadImageSequence"]["input"]["required"]["folder"]
    options = folder[1]["options"] if folder[0] == "COMBO" else folder[0]
    assert {FOLDER, "."} <= {*options}
    assert "uploaded" not in options


def test_uploaded_pictures_are_a_clip(server: Server) -> None:
    outcome = client.run_prompt(server.url, graph())
    assert outcome.status == "success", outcome.message
    files = [client.saved_path(server.output, file) for file in outcome.files()]
    assert [Image.open(file).convert("L").getpixel((0, 0)) for file in files] == [20, 40, 180, 200]
    again = client.run_prompt(server.url, graph())
    assert again.outputs == {} or again.files() == outcome.files()
    upload(server, "frame3.png", picture(60))
    outcome = client.run_prompt(server.url, graph())
    assert len(outcome.files()) == 5


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"folder": ""}, "folder is empty"),
        ({"folder": "../output"}, "folder is no folder below ComfyUI's input folder"),
        ({"folder": "uploaded"}, "folder uploaded has no pictures"),
        ({"pattern": "*.jpg"}, "pattern *.jpg fits none of the"),
        ({"skip_frames": 99}, "skip_frames leaves out 99 pictures"),
        ({"folder": ["walk"]}, "folder takes one of its choices"),
    ],
)
def test_wrong_settings_are_refused_before_the_run(server: Server, settings: dict[str, Any], says: str) -> None:
    outcome = client.run_prompt(server.url, graph(**settings))
    assert outcome.status == "refused"
    assert f"Load Image Sequence: {says}" in outcome.message


def test_a_damaged_picture_is_named(server: Server) -> None:
    (server.base / "input" / FOLDER / "z.png").write_bytes(picture(1)[:60])
    try:
        outcome = client.run_prompt(server.url, graph())
    finally:
        (server.base / "input" / FOLDER / "z.png").unlink()
    assert outcome.status == "error"
    assert "z.png cannot be read: " in outcome.message
