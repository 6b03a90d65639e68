"""What belongs to a clip follows its windows to every device: the same to the bit as on one."""

from pathlib import Path
from typing import Any

import torch
from kinema.motion.values import Acts
from kinema.motion.windows import WindowOptions
from kinema.nodes.host.camera.camera import CameraWeights
from kinema.nodes.host.control.network import SparseWeights
from kinema.nodes.host.control.timed import ControlStrength, time_controls
from kinema.nodes.host.windows import sliding as windows
from kinema.nodes.inputs import as_value
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts_camera import camera_ctrl

from ..camera.test_camera import path, steered
from ..character import scene
from ..control.test_kinds import network, of_network
from ..control.test_sparse import KINDS, WEIGHTS, applied, pictures
from ..models import CHANNELS, UNET, Patcher, animated, conds, sample, tiny_motion
from ..several import again, on_devices
from ..temporal.test_lora import tiny_lora, use, with_loras
from .test_sliding import slid

FRAMES = 20


def alike(patched: Patcher, **options: Any) -> bool:
    """Whether three devices make what one makes."""
    wanted = sample(patched, frames=FRAMES, **options)
    return torch.equal(sample(on_devices(patched, 3), frames=FRAMES, **options), wanted)


def test_a_motion_lora_of_each_frame_follows(tmp_path: Path) -> None:
    mask = torch.rand(FRAMES, 8, 8, generator=torch.manual_seed(2))
    moved = with_loras(again(), tiny_motion(tmp_path), use(tiny_lora(tmp_path), 1.0, "0: (0.2), 19: (1)", mask))
    assert alike(slid(moved), cfg=1.0)


def test_a_camera_follows(tmp_path: Path) -> None:
    save_file(camera_ctrl(CHANNELS), tmp_path / "camera.safetensors")
    loaded = CameraWeights.load(str(tmp_path / "camera.safetensors"))
    assert alike(slid(animated(again(), steered(tiny_motion(tmp_path), loaded, path(FRAMES)))))


def test_the_pictures_of_a_control_net_follow() -> None:
    control = of_network(network(UNET), FRAMES)
    with_it = tuple([[text, more | {"control": control}] for text, more in each] for each in conds())
    positive, negative = time_controls(with_it, ControlStrength(Acts(as_value("s", [0.05 * n for n in range(FRAMES)]))))
    assert alike(slid(again()), positive=positive, negative=negative)


def test_sparse_control_follows(tmp_path: Path) -> None:
    save_file(WEIGHTS[KINDS[0]], tmp_path / "sparse.safetensors")
    sparse = SparseWeights.load(str(tmp_path / "sparse.safetensors"))
    positive, negative = applied(sparse, pictures(3), 3, 11, -1)
    assert alike(slid(again()), positive=positive, negative=negative)


def test_character_and_poses_follow(tmp_path: Path) -> None:
    def denoiser(disable_dynamic: bool = False) -> Patcher:
        made = scene.denoiser()
        made.cached_patcher_init = (denoiser, ())
        return made

    loaded = scene.parts(tmp_path)
    seen = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(denoiser(), loaded, seen, [scene.guided(loaded, scene.poses(FRAMES))], windows=False)
    patched = windows.slide(moved, windows.Stage(WindowOptions(length=8, overlap=2)), 1)

    def made(model: Patcher) -> Tensor:
        return scene.run(model, seen, FRAMES, (800, 400))

    assert torch.equal(made(on_devices(patched, 3)), made(patched))
