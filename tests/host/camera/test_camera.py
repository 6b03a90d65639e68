"""CameraCtrl inside the host: the whole UNet against a plain implementation, windows, strengths, and what is told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from comfy.patcher_extension import WrappersMP
from kinema.motion.camera import CameraError, CameraPath, move_path
from kinema.motion.temporal import PositionAdjustment
from kinema.motion.values import Acts, MotionValue
from kinema.motion.windows import WindowOptions
from kinema.nodes.host.animate import checks
from kinema.nodes.host.camera import camera
from kinema.nodes.host.options import ATTACHED, COMPANIONS, MOTION
from kinema.nodes.host.temporal import Clip, runtime
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.host.windows import sliding as windows
from kinema.nodes.inputs import as_value
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module
from tests.harness.seeded.layouts_camera import camera_ctrl
from tests.papers import camera as reference_camera
from tests.papers import temporal as reference
from tests.papers.error import relative_error

from ..models import CHANNELS, VERSIONS, Patcher, animated, sample, tiny_model, tiny_motion, tiny_state

LENS = (0.474812461, 0.474812461 * 16 / 9, 0.5, 0.5)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> camera.CameraWeights:
    path = tmp_path_factory.mktemp("camera") / "camera.safetensors"
    save_file(camera_ctrl(CHANNELS), path)
    return camera.CameraWeights.load(str(path))


def path(frames: int, move: str = "pan left") -> CameraPath:
    return move_path([(move, 1.0), ("zoom in", 0.5)], frames)


def steered(
    motion: loader.LoadedMotion, loaded: camera.CameraWeights, way: CameraPath, strength: Any = 1.0, **during: float
) -> loader.LoadedMotion:
    """The Camera Control node."""
    return motion.accompanied(camera.Camera(loaded, way, Acts(as_value("strength", strength), **during)))


def world_to_camera(way: CameraPath) -> list[Any]:
    return [matrix.inverse().numpy() for matrix in way.poses]


def watched(patcher: Patcher) -> list[list[runtime.Layer]]:
    """The layers of every call of the model."""
    seen: list[list[runtime.Layer]] = []

    def note(executor: Any, *args: Any, **kwargs: Any) -> Any:
        options = kwargs.get("transformer_options") or args[5]
        seen.append(list(options[MOTION].layers))
        return executor(*args, **kwargs)

    patcher.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", note)
    return seen


def test_info_names_it(loaded: camera.CameraWeights, tmp_path: Path) -> None:
    given = steered(tiny_motion(tmp_path), loaded, path(7)).given
    assert given == (("camera", "camera.safetensors, a path of 7 frames"),)


@pytest.mark.parametrize(("version", "strength"), [("v3", 1.0), ("v2", 0.6)])
def test_unet_equals_reference(
    model: Patcher, loaded: camera.CameraWeights, tmp_path: Path, version: str, strength: float
) -> None:
    frames, way = 7, path(7)
    patched = animated(model, steered(tiny_motion(tmp_path, version), loaded, way, strength), "use existing")
    calls: list[tuple[torch.Tensor, ...]] = []

    def note(executor: Any, x: Any, t: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        found = executor(x, t, context, *args, **kwargs)
        calls.append((x, t, context, found))
        return found

    patched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", note)
    sample(patched, frames=frames, steps=1)
    x, t, context, found = calls[0]
    state = camera_ctrl(CHANNELS)
    lines = reference_camera.rays(world_to_camera(way), LENS, 64, 64, 16 / 9)
    features = reference_camera.encode(torch.from_numpy(lines).float(), state)
    steer = reference_camera.Steered(features, state, strength)
    clips = x.unflatten(0, (-1, frames)).transpose(1, 2)
    moving = motion_module(CHANNELS, **VERSIONS[version])
    texts = context.unflatten(0, (-1, frames))[:, 0]
    wanted = reference.unet(clips, int(t[0]), texts, tiny_state(), moving, steer=steer)
    wanted = wanted.transpose(1, 2).flatten(0, 1)
    assert relative_error(found, wanted) <= 1e-4
    plain = reference.unet(clips, int(t[0]), texts, tiny_state(), moving).transpose(1, 2).flatten(0, 1)
    assert relative_error(plain, wanted) > 1e-3


def test_windows_see_the_whole_clips_features(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    frames, way = 14, path(14)
    animating = animated(model, steered(tiny_motion(tmp_path), loaded, way))
    whole = loaded.model.features(way, frames, (8, 8), "cpu", torch.float32, "cpu")
    seen: list[tuple[list[int], torch.Tensor]] = []
    clips = []

    def note(executor: Any, *args: Any, **kwargs: Any) -> Any:
        options = kwargs.get("transformer_options") or args[5]
        (layer,) = options[MOTION].layers
        found = executor(*args, **kwargs)
        seen.append((options["context_window"].index_list, layer.acting[0].kept[0, (8, 8)]))
        return found

    for at_once in (1, 2):
        patched = windows.slide(animating, windows.Stage(WindowOptions(length=8, overlap=2)), at_once)
        patched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", note)
        clips.append(sample(patched, frames=frames, steps=1))
        assert len(seen) == 2 // at_once
        for numbers, tokens in seen:
            assert tokens.is_contiguous()
            wanted = whole[0][numbers].flatten(2).transpose(1, 2).unflatten(0, (at_once, 8))
            # two windows are repeated for each of the two conditionings
            assert torch.equal(tokens, wanted if at_once == 1 else wanted.repeat(2, 1, 1, 1))
        seen.clear()
    assert relative_error(*clips) < 1e-5


def test_the_path_is_encoded_once_for_a_sampling(
    model: Patcher, loaded: camera.CameraWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    forward = type(loaded.model).features
    monkeypatch.setattr(type(loaded.model), "features", lambda *args: calls.append(args[2]) or forward(*args))
    motion = steered(tiny_motion(tmp_path), loaded, path(12))
    patched = windows.slide(animated(model, motion), windows.Stage(WindowOptions(length=8, overlap=2)), 1)
    sample(patched, frames=12, steps=2)
    assert calls == [12]
    sample(patched, frames=12, steps=1)
    assert calls == [12, 12]


def test_strength_0_is_the_plain_motion_module(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    off = animated(model, steered(motion, loaded, path(8), 0.0))
    assert off.get_additional_models_with_key(COMPANIONS) == []
    assert torch.equal(sample(off), sample(animated(model, motion)))


def test_it_acts_in_its_part_of_the_sampling(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    patched = animated(model, steered(tiny_motion(tmp_path), loaded, path(8), start_percent=0.0, end_percent=0.5))
    seen = watched(patched)
    sample(patched, steps=4)
    assert [bool(layer.acting) for (layer,) in seen] == [True, True, False, False]


def test_other_paths_give_other_clips(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    ways = [path(8), path(8, "orbit right"), path(8, "static")]
    clips = [sample(animated(model, steered(motion, loaded, way)), steps=1) for way in ways]
    clips.append(sample(animated(model, motion), steps=1))
    for n, one in enumerate(clips):
        assert all(relative_error(one, other) > 1e-3 for other in clips[:n])


def test_the_strength_follows_frames_and_masks(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    even = sample(animated(model, steered(motion, loaded, path(8))), steps=1)
    for strength in ([1.0] * 8, torch.ones(1, 16, 16)):
        assert relative_error(sample(animated(model, steered(motion, loaded, path(8), strength)), steps=1), even) < 1e-5
    half = torch.cat((torch.ones(1, 16, 8), torch.zeros(1, 16, 8)), 2)
    assert relative_error(sample(animated(model, steered(motion, loaded, path(8), half)), steps=1), even) > 1e-3


def test_two_motion_modules_with_and_without_a_camera(
    model: Patcher, loaded: camera.CameraWeights, tmp_path: Path
) -> None:
    first, second = tiny_motion(tmp_path, "v2"), tiny_motion(tmp_path, "v3")
    way = path(8)
    both = animated(animated(model, steered(first, loaded, way)), steered(second, loaded, way))
    assert len(both.get_additional_models_with_key(COMPANIONS)) == 1
    seen = watched(both)
    sample(both, steps=1)
    assert [bool(layer.acting) for layer in seen[0]] == [True, True]
    later = animated(animated(model, first), steered(second, loaded, way))
    seen = watched(later)
    sample(later, steps=1)
    assert [bool(layer.acting) for layer in seen[0]] == [False, True]


def test_the_camera_stays_on_an_adjusted_motion_module(loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = steered(tiny_motion(tmp_path), loaded, path(8))
    assert motion.adjusted(PositionAdjustment(stretch=4)).companions == motion.companions


def test_a_resized_layer_gets_resized_features(loaded: camera.CameraWeights) -> None:
    levels = loaded.model.features(path(3), 3, (8, 8), "cpu", torch.float32, "cpu")
    found = camera.ClipFeatures(levels).tokens(0, range(3), (4, 4), torch.ones(1).double())
    assert found.shape == (3, 16, 32)
    assert found.dtype == torch.float64
    wanted = torch.nn.functional.interpolate(levels[0].double(), (4, 4), mode="bilinear", align_corners=False)
    assert torch.equal(found, wanted.flatten(2).transpose(1, 2))


def test_a_second_camera_is_answered(loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = steered(tiny_motion(tmp_path), loaded, path(8))
    with pytest.raises(CameraError, match="v2_.safetensors has a camera already, from camera.safetensors. Use one"):
        steered(motion, loaded, path(8))


def test_a_motion_module_of_another_kind_is_answered(loaded: camera.CameraWeights, tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="camera.safetensors steers motion modules for SD1.5, but .* one for SDXL"):
        steered(tiny_motion(tmp_path, "v3", (32, 64, 128)), loaded, path(8))


@pytest.mark.parametrize(
    ("length", "words"),
    [(5, "has 5 frames, but the clip has 8: the camera stands still"), (9, "but the clip has 8: only its first 8")],
)
def test_paths_of_another_length_are_told(
    model: Patcher,
    loaded: camera.CameraWeights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    length: int,
    words: str,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(checks, "notice", told.append)
    motion = steered(tiny_motion(tmp_path), loaded, path(length), MotionValue())
    sample(animated(model, motion), steps=1)
    assert words in told[0]
    (control,) = motion.companions
    assert control.check_clip(Clip(length, 8, 8)) == []
    told.clear()
    sample(animated(model, steered(tiny_motion(tmp_path), loaded, path(length), 0.0)), steps=1)
    assert not any("camera path" in text for text in told)


def test_short_strengths_are_told(model: Patcher, loaded: camera.CameraWeights, tmp_path: Path) -> None:
    motion = steered(tiny_motion(tmp_path), loaded, path(8), [1.0, 0.5])
    (attached,) = animated(model, motion).get_attachment(ATTACHED)
    (told,) = attached.companions[0].check_clip(Clip(8, 8, 8))
    assert told.startswith("the strength of camera.safetensors has a list of 2 values, but the clip has 8 frames")


def test_a_file_is_read_once_and_again_when_replaced(tmp_path: Path) -> None:
    file = tmp_path / "camera.safetensors"
    save_file(camera_ctrl(CHANNELS), file)
    first = camera.CameraWeights.load(str(file))
    assert camera.CameraWeights.load(str(file)) is first
    save_file(camera_ctrl(CHANNELS, seed=1), tmp_path / "new")
    (tmp_path / "new").replace(file)
    assert camera.CameraWeights.load(str(file)) is not first
