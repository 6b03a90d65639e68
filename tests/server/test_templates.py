"""Every template runs on a real server and the file that comes out is what the graph says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.harness import client, templates
from tests.harness.pack import ROOT
from tests.harness.server import Server

FEW = "3 frames are very few"
"""Said in tests alone, where clips are this short."""
NOTICES = {
    "animatelcm": "AnimateLCM: beta schedule lcm sqrt_linear (AnimateLCM).",
    "image-to-video-lcm": "AnimateLCM-I2V: beta schedule lcm sqrt_linear (AnimateLCM-I2V).",
    "image-to-video-pia": "PIA: beta schedule sqrt_linear (AnimateDiff).",
    "lightning": "AnimateDiff v2: beta schedule sqrt_linear (AnimateDiff).",
    "sdxl": "AnimateDiff SDXL beta: beta schedule linear (AnimateDiff-SDXL).",
    "long-clip": "context windows 1 to 2 of 2",
    "consistent-long-clip": "context windows 1 to 2 of 2",
    "distributed-long-clip": "context window",
    "seamless-loop": "context window",
    "animate-character": "Moore-AnimateAnyone: sqrt_linear, zero SNR; windows of 24, overlap 4, loop.",
    "animate-character-long": "context windows 1 to 2 of 2",
    "tune-a-video": "Sampled back, the clip differs by ",
    "evaluate-a-clip": FEW,
    "ablations": FEW,
    "animate-anyone-ablation": "Moore-AnimateAnyone: sqrt_linear, zero SNR; windows of 24, overlap 4, loop.",
}
"""What the nodes have to tell."""


WINDOW = 8
"""Frames in a window and in most clips."""
STEPS = {"tune-a-video": 2, "train-tune-a-video": 2}
"""Of sampling and learning, for templates that need more than one."""
SIZE, LARGE = 32, 64
"""Side of clips in pixels, and of those that are learnt from, interpolated or inverted, which need more."""


def read(path: Path) -> tuple[np.ndarray, float, dict[str, str]]:
    """Frames, frame rate and tags of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 0)
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        return frames, rate, dict(container.metadata)


@pytest.mark.parametrize("path", templates.template_paths(), ids=templates.short_name)
def test_template(server: Server, object_info: dict[str, Any], path: Path) -> None:
    workflow = json.loads(path.read_text())
    name, count = templates.short_name(path), templates.frames(path, WINDOW)
    prompt = templates.to_api(path, object_info)
    size = LARGE if name.startswith("train-") or name in ("frame-interpolation", "tune-a-video") else SIZE
    templates.use_seeded_weights(prompt, size=size, steps=STEPS.get(name, 1), frames=count, window=WINDOW)
    if name != "train-motion-lora":
        prompt = templates.without_previews(prompt)
    if name in NOTICES:
        # a node that another template ran with the same inputs would not run, and say nothing
        client.post(server.url, "/free", {"free_memory": True})
    before = len(server.log_text())
    outcome = client.run_prompt(server.url, prompt, extra_data={"extra_pnginfo": {"workflow": workflow}})
    assert outcome.status == "success", outcome.message
    told = [text for texts in outcome.notices.values() for text in texts]
    expected = NOTICES.get(name, "")
    assert expected in "\n".join(told)
    others = [text for text in told if FEW not in text]
    assert all(len(text.splitlines()) == 1 and len(text) <= 80 for text in others), "a notice is one short line"
    assert "lora key not loaded" not in server.log_text()[before:]
    (file,) = [file for file in outcome.files() if file["type"] == "output"]
    frames, rate, tags = read(client.saved_path(server.output, file))
    side = templates.SIDES.get(name, size)
    assert frames.shape == (templates.SAVED.get(name, count), side, side, 3)
    assert rate == templates.RATES.get(name, 8)
    assert json.loads(tags["workflow"]) == workflow
    saved = json.loads(tags["prompt"])
    for node in saved.values():
        node.pop("is_changed", None)  # the host's own note in the prompt it runs
    assert saved == prompt
    steps = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 1, "each frame differs from the one before"


def test_a_model_file_without_a_seeded_one_is_an_error() -> None:
    prompt = {"1": {"class_type": "VAELoader", "inputs": {"vae_name": "unknown.safetensors"}}}
    with pytest.raises(KeyError, match="VAELoader names unknown.safetensors"):
        templates.use_seeded_weights(prompt)


def test_every_template_has_a_thumbnail_and_a_place_in_the_browser(server: Server) -> None:
    listed = client.get_json(server.url, "/workflow_templates")["kinema"]
    assert sorted(listed) == [path.stem for path in templates.template_paths()]
    assert [path.stem[:3] for path in templates.template_paths()] == [f"{n:02} " for n in range(1, len(listed) + 1)]
    for path in templates.template_paths():
        assert path.with_suffix(".jpg").is_file()


def test_every_node_is_explained_and_used(object_info: dict[str, Any]) -> None:
    ours = {name: info for name, info in object_info.items() if info["python_module"].endswith("kinema")}
    used = {node["type"] for path in templates.template_paths() for node in json.loads(path.read_text())["nodes"]}
    readme = (ROOT / "README.md").read_text()
    assert len(ours) >= 3
    for name, info in ours.items():
        assert re.fullmatch(r"Kinema[A-Za-z0-9]+", name)
        assert name in used
        assert info["description"]
        assert (ROOT / "web" / "docs" / f"{name}.md").is_file()
        assert f"[{info['display_name']}](web/docs/{name}.md)" in readme, "README.md lists every node"
        assert info["display_name"].isascii()
        for group in ("required", "optional"):
            for socket, (_, options) in info["input"].get(group, {}).items():
                assert options.get("tooltip"), f"{name}.{socket}"
        assert all(info["output_tooltips"]), name
        assert len(info["output_tooltips"]) == len(info["output"])


def test_readme_snippet(server: Server, prompt: templates.Prompt, tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().split("Queue it over HTTP", 1)[1]
    snippet = section.split("```python\n", 1)[1].split("```", 1)[0]
    assert len(snippet.strip().splitlines()) <= 22
    imported = set(re.findall(r"^(?:import|from) ([\w., ]+?)(?: import .*)?$", snippet, re.MULTILINE))
    names = {part.split(".")[0].strip() for line in imported for part in line.split(",")}
    assert names <= sys.stdlib_module_names
    script = re.sub(r"^SERVER = .*$", f"SERVER = {server.url!r}", snippet, flags=re.MULTILINE)
    assert script != snippet
    (tmp_path / "prompt.json").write_text(json.dumps(prompt))
    (tmp_path / "queue.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "queue.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (video,) = tmp_path.glob("*.mp4")
    assert video.name in done.stdout
    assert read(video)[0].shape == (8, 64, 64, 3)
    templates.set_inputs(prompt, "KinemaCombineVideo", format="mpeg1")
    (tmp_path / "prompt.json").write_text(json.dumps(prompt))
    done = subprocess.run(
        [sys.executable, "queue.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert re.fullmatch(r"Combine Video: format 'mpeg1' is unknown\. Choose one of: [\w, -]+\.\n", done.stderr)
    # accepted, because a picture beside it can be shown
    prompt["98"] = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}
    prompt["99"] = {"class_type": "PreviewImage", "inputs": {"images": ["98", 0]}}
    (tmp_path / "prompt.json").write_text(json.dumps(prompt))
    done = subprocess.run(
        [sys.executable, "queue.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Combine Video: format 'mpeg1' is unknown.")
    (tmp_path / "prompt.json").write_text('{"1": {"class_type": "Gone", "inputs": {}}}')
    done = subprocess.run(
        [sys.executable, "queue.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert re.match(r"Node 'Gone' not found", done.stderr)
