"""Graphs that go through in pieces, without any model or with the seeded ones."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from kinema.motion.video import CODECS, Clip, Job, Sound, write_video

from tests.harness import client, templates
from tests.harness.client import Outcome
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.server import Server

from ..test_templates import read

START, END, SAMPLER = "KinemaVideoInPieces", "KinemaSavePieces", "KSampler"
NOISE, RATE, SOUND_RATE = "noise.mov", 12, 8000
SIDE = 32
"""Of its pictures, in pixels."""


def write_noise(folder: Path, frames: int = 40, size: int = SIDE, name: str = NOISE) -> None:
    """A lossless video in which no two frames are alike, with a tone that rises."""
    images = torch.rand(frames, size, size, 3, generator=torch.Generator().manual_seed(7))
    seconds = torch.arange(SOUND_RATE * frames // RATE) / SOUND_RATE
    tone = 0.3 * torch.sin(2 * torch.pi * (200 + 100 * seconds) * seconds)[None]
    if not (folder / name).exists():
        write_video(Job(Clip(images, RATE, sound=Sound(tone, SOUND_RATE)), CODECS["ffv1-mov"], folder / name))


def passed_through(prefix: str, **start: Any) -> templates.Prompt:
    """Frames read and saved."""
    cut = {"video": ["1", 0], "frames_per_piece": 10, "overlap": 3, "frame_rate": 0.0, "width": 0, "height": 0, **start}
    saving = {"format": "ffv1-mov", "filename_prefix": prefix}
    return {
        "1": {"class_type": "LoadVideo", "inputs": {"file": NOISE}},
        "2": {"class_type": START, "inputs": cut},
        "3": {"class_type": END, "inputs": {"pieces": ["2", 0], "images": ["2", 1], **saving}},
    }


def sampled(prefix: str, seed: int = 5, denoise: float = 0.5, **start: Any) -> templates.Prompt:
    """Frames encoded, sampled and decoded."""
    prompt = passed_through(prefix, vae=["4", 2], **start)
    sampling = {
        "steps": 1,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": denoise,
        "seed": seed,
    }
    conds = {"model": ["4", 0], "positive": ["5", 0], "negative": ["5", 0]}
    prompt["4"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINT}}
    prompt["5"] = {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "a boat"}}
    prompt["6"] = {"class_type": SAMPLER, "inputs": {**conds, "latent_image": ["2", 2], **sampling}}
    del prompt["3"]["inputs"]["images"]
    prompt["3"]["inputs"] |= {"samples": ["6", 0], "vae": ["4", 2]}
    return prompt


def run(server: Server, prompt: templates.Prompt, node: str = "6") -> tuple[Outcome, int]:
    """What became of a prompt, and how often a node or a copy of it ran."""
    ran: set[str] = set()

    def watch(event: client.Event) -> None:
        if event["type"] == "executing" and event["data"].get("display_node") == node:
            ran.add(event["data"]["node"])

    outcome = client.run_prompt(server.url, prompt, watch)
    return outcome, len(ran)


def saved(server: Server, outcome: Outcome, prefix: str) -> np.ndarray:
    """The frames of the one file that a prompt saved."""
    assert outcome.status == "success", outcome.message
    folder, name = prefix.split("/")
    (path,) = (server.output / folder).glob(f"{name}_*")
    return read(path)[0]


def stores(server: Server) -> list[Path]:
    """Folders of pieces that are left."""
    return sorted((server.output / "kinema_pieces").glob("*"))
