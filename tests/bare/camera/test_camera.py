"""CameraCtrl files: what they become, and the encoder against a plain reference."""

from pathlib import Path

import pytest
import torch
from kinema.motion.camera import (
    CameraError,
    CameraModel,
    CameraPath,
    check_fit,
    load_camera_model,
    move_path,
    read_camera,
)
from kinema.motion.camera.plucker import plucker_rays
from kinema.motion.formats import kind_and_place, read_weights, recognise
from kinema.motion.formats.modules import MotionFormatError
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import Mixing, Steering, TemporalTransformer, load_motion_model, placed_views
from kinema.motion.windows import Window
from torch import Tensor

from tests.harness.seeded.layouts import motion_module, motion_shapes, places
from tests.harness.seeded.layouts_camera import MERGE, camera_ctrl, camera_shapes
from tests.papers import camera as reference_camera
from tests.papers import temporal as reference
from tests.papers.error import relative_error

CHANNELS = (32, 64, 128, 128)
SIZE = (8, 16)
FIRST_VALUE = "encoder_down_attention_blocks.0.0.attention_blocks.0.to_v.weight"
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    return camera_ctrl(CHANNELS)


@pytest.fixture(scope="module")
def model(state: State) -> CameraModel:
    return load_camera_model(*read_camera(state, "camera"))


def path(frames: int) -> CameraPath:
    return move_path([("pan left", 1.0), ("zoom in", 0.7), ("roll clockwise", 0.3)], frames)


@pytest.mark.parametrize("frames", [1, 5, 16])
def test_encoder_equals_reference(model: CameraModel, state: State, frames: int) -> None:
    lines = plucker_rays(path(frames).relative(), (64, 128))
    found = model.encoder(lines)
    wanted = reference_camera.encode(lines, state)
    assert [tuple(level.shape) for level in found] == [
        (frames, width, max(8 >> n, 1), 16 >> n) for n, width in enumerate(CHANNELS)
    ]
    for one, other in zip(found, wanted, strict=True):
        assert relative_error(one, other) < 1e-5


def test_features_tell_the_frames_apart(model: CameraModel) -> None:
    """The tolerance above would notice an encoder that forgets its rays or its frames."""
    for level in model.features(path(16), 16, SIZE, "cpu", torch.float32, "cpu"):
        assert relative_error(level[0], level[15]) > 0.05


def test_every_width_of_the_published_file() -> None:
    with torch.device("meta"):
        published = {key: torch.empty(shape) for key, shape in camera_shapes().items()}
    structure, _ = read_camera({key: torch.zeros_like(value, device="cpu") for key, value in published.items()}, "file")
    assert structure.widths == (320, 640, 1280, 1280)
    assert (structure.layers, structure.positions, len(structure.merges)) == (2, 16, 20)


def test_a_long_clip_is_blended_from_static_views(model: CameraModel, state: State) -> None:
    """Views of 16 at 0, 8 and 11 of 27 frames, weighed 1, 2, ..., 8, 8, ..., 2, 1."""
    begun: list[None] = []
    found = model.features(path(27), 27, SIZE, "cpu", torch.float32, "cpu", lambda: begun.append(None))
    assert len(begun) == 3
    lines = plucker_rays(path(27).relative(), (64, 128))
    pyramid = torch.tensor([*range(1, 9), *range(8, 0, -1)], dtype=torch.float32)
    total, weights = [torch.zeros_like(level) for level in found], torch.zeros(27)
    for start in (0, 8, 11):
        view = slice(start, start + 16)
        weights[view] += pyramid
        for level, part in zip(total, reference_camera.encode(lines[view], state), strict=True):
            level[view] += part * pyramid[:, None, None, None]
    for one, other in zip(found, total, strict=True):
        assert relative_error(one, other / weights[:, None, None, None]) < 1e-5


def test_odd_sizes_round_up_like_the_unet(model: CameraModel) -> None:
    sizes = [level.shape[2:] for level in model.features(path(2), 2, (5, 9), "cpu", torch.float32, "cpu")]
    assert sizes == [(5, 9), (3, 5), (2, 3), (1, 2)]


def test_behind_its_end_the_camera_stands(model: CameraModel) -> None:
    held = path(4).at([0, 1, 2, 3, 3, 3])
    short, long = (model.features(each, 6, SIZE, "cpu", torch.float32, "cpu") for each in (path(4), held))
    assert all(torch.equal(one, other) for one, other in zip(short, long, strict=True))


def test_levels_follow_the_unet(model: CameraModel) -> None:
    levels = {block: model.level(block) for block in model.structure.merges}
    assert [levels["input", n] for n in (1, 2, 4, 5, 7, 8, 10, 11)] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [levels["output", n] for n in range(12)] == [3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0]
    assert model.merge_at(("middle", 0)) is None


@pytest.fixture(scope="module")
def layer() -> tuple[State, TemporalTransformer]:
    motion = motion_module(CHANNELS)
    recognised = recognise({key: tuple(value.shape) for key, value in motion.items()}, "seeded")
    found = load_motion_model(motion, recognised, "seeded").at(("input", 4))
    assert found is not None
    return motion, found


@pytest.mark.parametrize("strength", [1.0, 0.4, -1.0])
@pytest.mark.parametrize("device", ["cpu", "passes of an accelerator"])
def test_steered_transformer_equals_reference(
    model: CameraModel, state: State, layer, strength: float, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    motion, temporal = layer
    if device != "cpu":
        whole = [(slice(None), slice(0, 20)), (slice(None), slice(20, 60))]
        monkeypatch.setattr("kinema.motion.temporal.transformer.passes", lambda *_: whole)
    x, features = torch.randn(2, 64, 7, 6, 10), torch.randn(7, 64, 6, 10)
    merge = model.merge_at(("input", 4))
    assert merge is not None
    steering = Steering(merge, features.flatten(2).transpose(1, 2)[None], strength)
    found = temporal(x.transpose(1, 2).flatten(0, 1), Mixing(7, camera=steering))
    steer = reference_camera.Steered([features] * 4, state, strength)
    wanted = reference.temporal_transformer(x, motion, "down_blocks.1.motion_modules.0", steer=steer)
    assert relative_error(found, wanted.transpose(1, 2).flatten(0, 1)) < 1e-5
    assert relative_error(found, temporal(x.transpose(1, 2).flatten(0, 1), Mixing(7))) > 1e-2


def test_views_take_the_features_of_their_frames(model: CameraModel, layer) -> None:
    _, temporal = layer
    merge = model.merge_at(("input", 4))
    assert merge is not None
    x, features = torch.randn(7, 64, 6, 10), torch.randn(1, 7, 60, 64)
    backwards = Window(tuple(range(6, -1, -1)), (1.0,) * 7)
    found = temporal(x, Mixing(7, views=placed_views([backwards], x.device), camera=Steering(merge, features)))
    wanted = temporal(x.flip(0), Mixing(7, camera=Steering(merge, features.flip(1)))).flip(0)
    assert relative_error(found, wanted) < 1e-5


def test_strength_may_differ_by_frame_and_pixel(model: CameraModel) -> None:
    merge = model.merge_at(("input", 4))
    assert merge is not None
    normed, features, strength = torch.randn(2, 7, 60, 64), torch.randn(1, 7, 60, 64), torch.rand(7, 60)
    wanted = normed + strength[None, :, :, None] * merge(normed + features)
    assert relative_error(Steering(merge, features, strength).steer(normed), wanted) < 1e-6
    half = Steering(merge, features, strength).at(slice(10, 20), slice(1, 2)).of_frames([2, 0])
    assert relative_error(half.steer(normed[1:, [2, 0], 10:20]), wanted[1:, [2, 0], 10:20]) < 1e-6


def test_the_checkpoint_of_the_authors(state: State, tmp_path: Path) -> None:
    nested = {
        "epoch": 3,
        "pose_encoder_state_dict": {f"module.{key}": value for key, value in state.items() if "merge" not in key},
        "attention_processor_state_dict": {key: value for key, value in state.items() if "merge" in key},
        "optimizer_state_dict": {"state": {0: {"step": torch.tensor(1.0)}}, "exp_avg": torch.ones(2)},
    }
    torch.save(nested, tmp_path / "CameraCtrl.ckpt")
    structure, found = read_camera(read_weights(str(tmp_path / "CameraCtrl.ckpt")), "CameraCtrl.ckpt")
    wanted_structure, wanted = read_camera(state, "camera")
    assert structure == wanted_structure
    assert all(torch.equal(found[key], wanted[key]) for key in wanted.keys() | found.keys())


def wrong_files() -> dict[str, tuple[str, State]]:
    good = camera_ctrl(CHANNELS)
    first, merge = "encoder_down_conv_blocks.1.0.block1.weight", "up_blocks.3.motion_modules.2." + MERGE + ".bias"
    encoder = {key: value for key, value in good.items() if key.startswith("encoder")}
    return {
        "module": (r"is a motion module \(AnimateDiff v3\), not a CameraCtrl model\. .*CameraCtrl_pruned", v3()),
        "nothing": (r"is not a CameraCtrl model\. Choose", {"hello": torch.ones(1)}),
        "encoder only": ("is a part of a CameraCtrl model: its layers that tell a motion module are missing", encoder),
        "merges only": (
            "is a part of a CameraCtrl model: its encoder of camera paths is missing",
            {key: value for key, value in good.items() if key not in encoder},
        ),
        "lacking": ("1 of its parts are missing .*rays.1.0.block1.weight: nothing", without(good, first)),
        "no value": (r"to_qkv.weight: \(64, 32\) where \(96, 32\)", without(good, FIRST_VALUE)),
        "uneven": (r"to_qkv.weight: \(32, 32\)", good | {FIRST_VALUE: torch.ones(32, 48)}),
        "width": (r"1 of its parts .*block1.weight: \(64, 32, 3, 3\)", good | {first: torch.ones(64, 32, 3, 3)}),
        "lone merge": (r"merges.output_11.weight", good | {merge: torch.ones(7)}),
        "extra": ("unfamiliar arrangement: it holds more,", good | {"more": torch.ones(1)}),
    }


def v3() -> State:
    return motion_module(CHANNELS, mid=False)


def without(state: State, name: str) -> State:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize("kind", wrong_files())
def test_wrong_files(kind: str) -> None:
    words, state = wrong_files()[kind]
    with pytest.raises(CameraError, match=rf"(?s)^file\.ckpt .*{words}"):
        read_camera(state, "file.ckpt")


def test_damaged_values(state: State) -> None:
    key = list(state)[30]
    with pytest.raises(WeightFileError, match="is damaged: .* NaN or infinite"):
        read_camera(state | {key: torch.full_like(state[key], float("nan"))}, "file.ckpt")


def test_load_motion_module_names_the_node() -> None:
    with pytest.raises(MotionFormatError, match="is a CameraCtrl model.*choose it in Camera Control"):
        recognise(camera_shapes(), "CameraCtrl_pruned.safetensors")
    found = kind_and_place(camera_shapes(), "file")
    assert found is not None
    assert found.id == "cameractrl"
    assert found.advice == "It steers the camera of a motion module: choose it in Camera Control."


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (motion_shapes((32, 64, 128), mid=False), "steers motion modules for SD1.5, but mm is one for SDXL"),
        (motion_shapes((32, 32, 32, 32)), "camera does not fit mm: at the input block 4 it has 64 channels, .* 32"),
    ],
)
def test_a_motion_module_that_does_not_fit(model: CameraModel, shapes, words: str) -> None:
    motion = {key: torch.zeros(shape) for key, shape in shapes.items()}
    with pytest.raises(CameraError, match=words):
        check_fit(model, load_motion_model(motion, recognise(shapes, "mm"), "mm"), "camera", "mm")


def test_it_fits_with_and_without_a_middle(model: CameraModel) -> None:
    for mid in (True, False):
        motion = motion_module(CHANNELS, mid=mid)
        shapes = {key: tuple(value.shape) for key, value in motion.items()}
        check_fit(model, load_motion_model(motion, recognise(shapes, "mm"), "mm"), "camera", "mm")
    assert len(places(CHANNELS, mid=False)) == len(model.structure.merges)
