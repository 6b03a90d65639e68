"""One real server for the whole folder, and broken model files in its motion-module list."""

import json
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.harness import client, templates
from tests.harness.footage import write_footage
from tests.harness.seeded import layouts, layouts_lora
from tests.harness.server import Server
from tests.harness.setup import Host

PICKLE_RAN = "pickle-ran.txt"
"""What the malicious pickle writes beside itself."""


def the_host() -> Host:
    """The ComfyUI that ``dev.py test`` found, run by the Python that runs the tests."""
    import sys

    return Host(Path(os.environ["KINEMA_COMFYUI_FOLDER"]), Path(sys.executable), is_users=False)


def seeded_models(variable: str = "KINEMA_MODELS") -> Path:
    """The seeded weights ``dev.py test`` wrote: SD1.5, or SDXL with ``KINEMA_MODELS_XL``."""
    return Path(os.environ[variable])


@pytest.fixture(scope="session")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with every kind of wrong file."""
    folder = tmp_path_factory.mktemp("wrong")
    write_wrong_files(folder / "animatediff_models")
    write_wrong_loras(folder / "animatediff_motion_lora")
    write_adapters(folder / "loras")
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, wrong: Path) -> Iterator[Server]:
    """A server with the seeded models and the wrong ones."""
    output = tmp_path_factory.mktemp("output")
    models = [seeded_models(), seeded_models("KINEMA_MODELS_XL"), wrong]
    with Server(the_host(), models, ["--cpu"], output) as running:
        write_footage(running.base / "input")
        yield running


@pytest.fixture(scope="session")
def object_info(server: Server) -> dict[str, Any]:
    """What the server says of its nodes."""
    return client.get_json(server.url, "/object_info")


@pytest.fixture
def prompt(object_info: dict[str, Any]) -> templates.Prompt:
    """The text-to-video template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("text-to-video", object_info), frames=8, steps=1)


class Code:
    """Unpickled, this writes a file."""

    def __init__(self, written: Path) -> None:
        self.written = written

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.written), "w")


def write_wrong_files(folder: Path) -> None:
    """Files people put into the motion-module folder by mistake, and files that are broken."""
    folder.mkdir()
    one = torch.ones(4, 4)
    motion = "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0"
    kinds = {
        "checkpoint": {"model.diffusion_model.input_blocks.0.0.weight": one, "first_stage_model.decoder.a": one},
        "vae": {"decoder.conv_in.weight": one, "encoder.conv_in.weight": one},
        "lora": {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": one},
        "adapter": {"down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight": one},
        "controlnet": {"control_model.input_hint_block.0.weight": one},
        "motion_lora": {f"{motion}.processor.to_q_lora.down.weight": one},
        "nothing": {"hello": one},
    }
    for name, state in kinds.items():
        save_file({key: value.clone() for key, value in state.items()}, folder / f"wrong_{name}.safetensors")
    good = layouts.motion_module((32, 32, 32, 32))
    key = next(iter(good))
    save_file({**good, key: torch.full_like(good[key], float("nan"))}, folder / "wrong_nan.safetensors")
    save_file(layouts.motion_module((320, 320, 320), mid=False), folder / "wrong_sdxl.safetensors")
    save_file(good, folder / "wrong_width.safetensors")
    save_file(good, folder / "wrong_truncated.safetensors")
    whole = (folder / "wrong_truncated.safetensors").read_bytes()
    (folder / "wrong_truncated.safetensors").write_bytes(whole[: len(whole) // 2])
    (folder / "wrong_empty.ckpt").touch()
    (folder / "wrong_header.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    (folder / "wrong_page.ckpt").write_text("<html>Please sign in</html>")
    torch.save({"state_dict": {"w": one, "code": Code(folder / PICKLE_RAN)}}, folder / "wrong_pickle.ckpt")
    with zipfile.ZipFile(folder / "wrong_bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * (16 << 20))
    wide = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    (folder / "wrong_claim.safetensors").write_bytes(struct.pack("<Q", len(wide)) + wide)


def write_wrong_loras(folder: Path) -> None:
    """Files people put into the MotionLoRA folder by mistake, and one that fits no model here."""
    folder.mkdir()
    image = {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": torch.ones(4, 4)}
    save_file(image, folder / "wrong_image_lora.safetensors")
    save_file(layouts.motion_module((32, 32, 32, 32)), folder / "wrong_module.safetensors")
    wide = layouts_lora.motion_lora((640, 640, 640, 640), rank=1)
    save_file(wide, folder / "wrong_widths.safetensors")
    key = next(iter(wide))
    save_file(wide | {key: torch.full_like(wide[key], float("nan"))}, folder / "wrong_nan_lora.safetensors")


def write_adapters(folder: Path) -> None:
    """A domain adapter for the seeded checkpoint, and files people put beside it by mistake."""
    folder.mkdir()
    good = layouts_lora.domain_adapter(layouts.MINI, rank=4)
    save_file(good, folder / "adapter.safetensors")
    first = next(iter(good))
    save_file(good | {first: torch.ones(4, 640)}, folder / "wrong_widths.safetensors")
    save_file(good | {"more": torch.ones(1)}, folder / "partly.safetensors")
    save_file(layouts.motion_module((32, 32, 32, 32)), folder / "wrong_module.safetensors")
    save_file({"hello": torch.ones(1)}, folder / "wrong_nothing.safetensors")
