"""Bad input: the node is named, the text says what to do, nothing is left behind, the next prompt works."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from tests.harness import client, templates
from tests.harness.client import Outcome
from tests.harness.server import Server

from .conftest import PICKLE_RAN, seeded_models, the_host


def pictures(count: int = 4, size: int = 64, **inputs: Any) -> templates.Prompt:
    """A prompt without any model: coloured frames into Combine Video."""
    values = {"frame_rate": 8.0, "format": "h264-mp4", "quality": 75, "loop_count": 0, "pingpong": False}
    values |= {"filename_prefix": "answers/clip", "save_output": True, **inputs}
    empty = {"width": size, "height": size, "batch_size": count, "color": 0x336699}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "KinemaCombineVideo", "inputs": {"images": ["1", 0], **values}},
    }


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def works(server: Server) -> None:
    outcome = client.run_prompt(server.url, pictures())
    assert outcome.status == "success", outcome.message


def failed(server: Server, prompt: templates.Prompt, node: str, *words: str, status: str = "error") -> Outcome:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == status, outcome.message
    if status == "error":
        assert outcome.error["node_type"] == node
        text = outcome.error["exception_message"]
    else:
        (answer,) = outcome.error["node_errors"].values()
        assert answer["class_type"] == node
        text = " ".join(error["message"] + " " + str(error["details"]) for error in answer["errors"])
    for word in words:
        assert word in text, text
    assert files_in(server.output) == before
    works(server)
    return outcome


WRONG_FILES = {
    "wrong_checkpoint.safetensors": "a whole Stable Diffusion checkpoint",
    "wrong_vae.safetensors": "a VAE",
    "wrong_lora.safetensors": "a LoRA for an image model",
    "wrong_adapter.safetensors": "a domain adapter",
    "wrong_controlnet.safetensors": "a ControlNet",
    "wrong_motion_lora.safetensors": "a MotionLoRA",
    "wrong_nothing.safetensors": "is not a motion module",
    "wrong_nan.safetensors": "is damaged",
    "wrong_truncated.safetensors": "not a complete safetensors file",
    "wrong_empty.ckpt": "is empty",
    "wrong_header.safetensors": "not a complete safetensors file",
    "wrong_claim.safetensors": "not a complete safetensors file",
    "wrong_page.ckpt": "is a web page",
    "wrong_pickle.ckpt": "could run code",
    "wrong_bomb.pt": "compressed or oversized",
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_motion_files(server: Server, prompt: templates.Prompt, wrong: Path, name: str) -> None:
    templates.set_inputs(prompt, "KinemaLoadMotionModule", motion_module=name)
    failed(server, prompt, "KinemaLoadMotionModule", name, WRONG_FILES[name])
    assert not (wrong / "animatediff_models" / PICKLE_RAN).exists()


def test_the_pickle_would_write(wrong: Path) -> None:
    """In a process of its own, because the server must not be the one that runs it."""
    script = "import sys, torch; torch.load(sys.argv[1], weights_only=False)"
    folder = wrong / "animatediff_models"
    subprocess.run([sys.executable, "-c", script, str(folder / "wrong_pickle.ckpt")], check=True, timeout=120)
    (folder / PICKLE_RAN).unlink()


@pytest.mark.parametrize(
    ("name", "words"),
    [("wrong_sdxl.safetensors", ("SDXL", "SD1.5", "Load a")), ("wrong_width.safetensors", ("other widths",))],
)
def test_modules_for_another_model(server: Server, prompt: templates.Prompt, name: str, words: tuple[str, ...]) -> None:
    templates.set_inputs(prompt, "KinemaLoadMotionModule", motion_module=name)
    failed(server, prompt, "KinemaAnimateModel", name, *words)


def test_missing_motion_file(server: Server, prompt: templates.Prompt) -> None:
    templates.set_inputs(prompt, "KinemaLoadMotionModule", motion_module="gone.ckpt")
    failed(server, prompt, "KinemaLoadMotionModule", "gone.ckpt", status="refused")


def test_too_many_frames_stop_before_sampling(server: Server, prompt: templates.Prompt) -> None:
    templates.set_inputs(prompt, "EmptyLatentImage", batch_size=40)
    failed(server, prompt, "KSampler", "at most 32 frames", "Sliding Context")


@pytest.mark.parametrize("frames", [1, 4])
def test_few_frames_run_with_a_notice_on_the_node(server: Server, prompt: templates.Prompt, frames: int) -> None:
    templates.set_inputs(prompt, "EmptyLatentImage", batch_size=frames)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (sampler,) = [node for node, entry in prompt.items() if entry["class_type"] == "KSampler"]
    assert "Set the batch size of the empty latent to 16" in outcome.notices[sampler][0]


def test_start_after_end(server: Server, prompt: templates.Prompt) -> None:
    templates.set_inputs(prompt, "KinemaAnimateModel", start_percent=0.8, end_percent=0.2)
    failed(server, prompt, "KinemaAnimateModel", "start_percent (0.8) must be below end_percent", status="refused")


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("../out", "leaves the output folder"),
        ("a/../../out", "leaves the output folder"),
        ("/tmp/out", "absolute path"),
        ("C:\\out", "absolute path"),
        ("a\0b", "control characters"),
        ("x" * 300, "longer than 200 bytes"),
        ("folder/", "no file name"),
        ("", "no file name"),
    ],
    ids=["up", "inside-up", "absolute", "drive", "nul", "long", "folder", "empty"],
)
def test_prefixes_are_refused_before_the_run(server: Server, prefix: str, words: str) -> None:
    failed(server, pictures(filename_prefix=prefix), "KinemaCombineVideo", words, status="refused")


def test_prefix_through_a_link(server: Server, tmp_path: Path) -> None:
    link = server.output / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    try:
        failed(server, pictures(filename_prefix="link/clip"), "KinemaCombineVideo", "through a link")
    finally:
        link.unlink()
    assert list(tmp_path.iterdir()) == []


def test_token_that_leads_out(server: Server) -> None:
    prompt = pictures(filename_prefix="%up.value%/clip")
    prompt["3"] = {"class_type": "PrimitiveString", "inputs": {"value": ".."}, "_meta": {"title": "up"}}
    failed(server, prompt, "KinemaCombineVideo", "leaves the output folder")


def test_folder_that_cannot_be_made(server: Server) -> None:
    (server.output / "occupied").write_text("a file where a folder should be")
    failed(server, pictures(filename_prefix="occupied/clip"), "KinemaCombineVideo", "cannot be made")


@pytest.mark.parametrize("rate", [0.001, -1, 1e9])
def test_frame_rates(server: Server, rate: float) -> None:
    failed(server, pictures(frame_rate=rate), "KinemaCombineVideo", "frames per second", status="refused")


@pytest.mark.parametrize(("name", "value"), [("quality", 101), ("quality", -1), ("loop_count", -1)])
def test_numbers_out_of_range(server: Server, name: str, value: int) -> None:
    failed(server, pictures(**{name: value}), "KinemaCombineVideo", name, status="refused")


def test_unknown_format(server: Server) -> None:
    failed(server, pictures(format="mpeg1"), "KinemaCombineVideo", "Choose one of", status="refused")


def test_no_frames() -> None:
    prompt = pictures()
    prompt["2"]["inputs"]["images"] = ["4", 0]
    prompt["4"] = {"class_type": "KinemaTestNoFrames", "inputs": {}}
    with Server(the_host(), [], ["--cpu"], packs=[Path(__file__).parent / "test_pack"]) as own:
        failed(own, prompt, "KinemaCombineVideo", "no frames")


def test_prefix_tokens_and_numbers(server: Server) -> None:
    prompt = pictures(filename_prefix="%date:yyyy%/%EmptyImage.width%_%year%")
    names = [client.run_prompt(server.url, prompt | {"9": dict(prompt["1"])}).files()[0]]
    prompt["2"]["inputs"]["quality"] = 74
    names.append(client.run_prompt(server.url, prompt).files()[0])
    year = names[0]["subfolder"]
    assert [item["filename"] for item in names] == [f"64_{year}_0000{n}_.mp4" for n in (1, 2)]
    assert year.isdigit()


def test_temp_folder(server: Server) -> None:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, pictures(save_output=False))
    (file,) = outcome.files()
    assert file["type"] == "temp"
    assert (server.base / "temp" / file["subfolder"] / file["filename"]).is_file()
    assert files_in(server.output) == before


def test_five_gigabytes_of_frames(server: Server) -> None:
    assert server.process is not None

    def peak() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text()  # type: ignore[union-attr]
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    def many(**inputs: Any) -> templates.Prompt:
        # repeated: as one empty image, the host would need the same again to make them
        repeated = {"class_type": "RepeatImageBatch", "inputs": {"image": ["0", 0], "amount": 420}}
        prompt = pictures(count=1, size=1024, quality=0, **inputs)
        return {"0": prompt["1"], "1": repeated, "2": prompt["2"]}

    frames = many(format="vp9-webm")
    frames["2"] = {"class_type": "ImageFromBatch", "inputs": {"image": ["1", 0], "batch_index": 0, "length": 1}}
    frames["3"] = {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "one"}}
    assert client.run_prompt(server.url, frames).status == "success"
    before = peak()
    assert client.run_prompt(server.url, many()).status == "success"
    assert peak() < before + 300


WRAPPER = """#!{python}
import os, resource, signal, subprocess, sys
if "-encoders" in sys.argv:
    listing = subprocess.run([{real!r}, *sys.argv[1:]], capture_output=True, text=True).stdout
    print(listing.replace("libx265", "libx266"))
    sys.exit()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


@pytest.mark.skipif(os.name == "nt", reason="makes an executable script")
def test_full_disk_and_missing_encoder(tmp_path: Path) -> None:
    """With an ffmpeg that lacks one encoder and whose files may not grow."""
    script = tmp_path / "ffmpeg"
    script.write_text(WRAPPER.format(python=sys.executable, real=imageio_ffmpeg.get_ffmpeg_exe()))
    script.chmod(0o755)
    environment = {"IMAGEIO_FFMPEG_EXE": str(script)}
    with Server(the_host(), [seeded_models()], ["--cpu"], environment=environment) as server:
        outcome = client.run_prompt(server.url, pictures(format="ffv1-mov", size=512))
        assert outcome.error["node_type"] == "KinemaCombineVideo"
        assert "disk" in outcome.error["exception_message"]
        assert files_in(server.output) == set()
        outcome = client.run_prompt(server.url, pictures(format="h265-mp4"))
        assert outcome.status == "refused"
        assert "no encoder libx265" in outcome.message
