"""SparseCtrl: the network, a whole sampling step, windows, and what else is on the conditionings."""

import importlib
from pathlib import Path
from typing import Any

import comfy.cldm.cldm
import comfy.sample
import pytest
import torch
from comfy.controlnet import ControlNet
from kinema.motion.control import Placement, PlacementError, SparseError
from kinema.motion.values import Acts, MotionValue
from kinema.motion.windows import WindowOptions
from kinema.nodes.host.control.apply import apply_sparse
from kinema.nodes.host.control.checks import ControlError
from kinema.nodes.host.control.control import SparseControl
from kinema.nodes.host.control.network import SparseWeights
from kinema.nodes.host.control.timed import ControlStrength, time_controls
from kinema.nodes.host.sampling import Call
from kinema.nodes.host.temporal.runtime import Layer, Runtime, Strengths
from kinema.nodes.host.windows import views
from kinema.nodes.inputs import as_value
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module, respelled
from tests.harness.seeded.weights_sparse import sparse_control
from tests.papers import temporal as reference
from tests.papers.error import relative_error
from tests.papers.sparse import sparse_control as wanted_control

from ..models import (  # fmt: skip
    CHANNELS,
    TOKENS,
    UNET,
    VERSIONS,
    Patcher,
    animated,
    conds,
    sample,
    tiny_model,
    tiny_motion,
    tiny_sdxl,
    tiny_state,
)
from ..windows.test_sliding import slid
from .test_timed import control_net, network  # noqa: F401

host_nodes = importlib.import_module("nodes")
KINDS = ("rgb", "scribble")
WEIGHTS = {kind: sparse_control(kind, CHANNELS, gain=1.0) for kind in KINDS}


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sparse")
    for kind in KINDS:
        save_file(WEIGHTS[kind], folder / f"{kind}.safetensors")
        save_file(respelled(WEIGHTS[kind], "diffusers"), folder / f"{kind}_diffusers.safetensors")
    return folder


@pytest.fixture(scope="module")
def loaded(folder: Path) -> dict[str, SparseWeights]:
    return {name: SparseWeights.load(str(folder / f"{name}.safetensors")) for name in (*KINDS, "rgb_diffusers")}


@pytest.fixture(scope="module")
def line_control(network) -> ControlNet:  # noqa: F811
    """An ordinary ControlNet with a picture for each of 16 frames."""
    return control_net(network, frames=16)


class Halves:
    """A VAE whose latents are four views of the picture, an eighth in size."""

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.avg_pool2d(pixels.movedim(-1, 1), 8)
        return torch.cat([small, small.mean(1, keepdim=True)], dim=1) / 0.18215


def pictures(count: int, size: int = 64, channels: int = 3, seed: int = 1) -> torch.Tensor:
    """IMAGE pictures."""
    return torch.rand(count, size, size, channels, generator=torch.Generator().manual_seed(seed))


def hints(kind: str, images: torch.Tensor, frames: tuple[int, ...], total: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (or their latents) at their frames and zeros elsewhere, and the mask."""
    read = images.movedim(-1, 1) if kind == "scribble" else Halves().encode(images) * 0.18215
    hint = torch.zeros(1, read.shape[1], total, *read.shape[2:])
    hint[0, :, list(frames)] = read.transpose(0, 1)
    mask = torch.zeros_like(hint[:, :1])
    mask[:, :, list(frames)] = 1.0
    return hint, mask


def applied(
    sparse: SparseWeights, images: torch.Tensor, *indexes: int, how: ControlStrength | None = None, **options: Any
) -> Any:
    """Both conditionings with the Apply SparseCtrl node."""
    control = SparseControl(sparse, options.pop("strengths", None))
    place = Placement("indexes", indexes) if indexes else options.pop("placement", Placement())
    nearest, vae = options.pop("nearest", True), options.pop("vae", Halves())
    return apply_sparse(options.pop("to", conds()), control, images, place, nearest, how or ControlStrength(), vae)


def first(model: Patcher, conditionings: Any = None, **options: Any) -> torch.Tensor:
    """The first prediction."""
    seen: list[torch.Tensor] = []
    positive, negative = conditionings or conds()
    options = {"steps": 1, "frames": 4, "callback": lambda _step, x0, *_: seen.append(x0.clone())} | options
    sample(model, **options, positive=positive, negative=negative)
    return seen[-1]


@pytest.mark.parametrize("name", [*KINDS, "rgb_diffusers"])
def test_the_network_equals_the_reference(loaded, name: str) -> None:
    kind, frames, at = name.removesuffix("_diffusers"), 7, (0, 2, 6)
    hint, mask = hints(kind, pictures(3), at, frames)
    both = torch.cat([hint, mask], dim=1).repeat(2, 1, 1, 1, 1)
    text = torch.randn(2, TOKENS, 768, generator=torch.Generator().manual_seed(2))
    runtime = Runtime(Call(1, frames, range(frames), frames), {}, (Layer(loaded[name].model.motion),))
    with torch.inference_mode():
        found = loaded[name].model(
            both.transpose(1, 2).flatten(0, 1),
            torch.full((2 * frames,), 601.0),
            text.repeat_interleave(frames, 0),
            runtime.run,
        )
        outputs, middle = wanted_control(both[:, :-1], both[:, -1:], 601, text, WEIGHTS[kind])
    assert len(found["output"]) == 12
    for one, wanted in zip([*found["output"], *found["middle"]], [*outputs, middle], strict=True):
        assert relative_error(one, wanted.transpose(1, 2).flatten(0, 1)) <= 1e-4
    without, _ = wanted_control(hint, mask, 601, text[:1], WEIGHTS[kind], move=False)
    assert relative_error(without[-1], outputs[-1][:1]) > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_a_sampling_step_equals_one_put_together_by_hand(model, loaded, tmp_path: Path, kind: str) -> None:
    images, frames, at = pictures(2), 6, (2, 5)
    patched = animated(model, tiny_motion(tmp_path, "v3"))
    seen: list[torch.Tensor] = []

    def note(apply: Any, call: dict[str, Any]) -> torch.Tensor:
        result = apply(call["input"], call["timestep"], **call["c"])
        seen.extend((call["input"], call["timestep"], call["c"]["c_crossattn"], result))
        return result

    patched.set_model_unet_function_wrapper(note)
    how = ControlStrength(Acts(MotionValue(0.7)))
    first(patched, applied(loaded[kind], images, 2, -1, how=how), frames=frames, cfg=1.0)
    x, sigma, text, found = seen
    sampling = patched.get_model_object("model_sampling")
    timestep = float(sampling.timestep(sigma[:1]))
    hint, mask = hints(kind, images, at, frames)
    outputs, middle = wanted_control(hint, mask, timestep, text[:1], WEIGHTS[kind])
    with torch.inference_mode():
        noise = reference.unet(
            sampling.calculate_input(sigma, x).transpose(0, 1)[None], timestep, text[:1], tiny_state(),
            motion_module(CHANNELS, **VERSIONS["v3"]), control=([0.7 * skip for skip in outputs], 0.7 * middle),
        )  # fmt: skip
    wanted = sampling.calculate_denoised(sigma, noise[0].transpose(0, 1), x)
    assert relative_error(found, wanted) <= 1e-4
    assert relative_error(first(patched, frames=frames, cfg=1.0), found) > 1e-2


def test_apply_controlnet_spreads_the_pictures(model, loaded) -> None:
    images, control = pictures(3), SparseControl(loaded["rgb"])
    given = host_nodes.ControlNetApplyAdvanced().apply_controlnet(
        *conds(), control, images, 0.6, 0.0, 1.0, vae=Halves()
    )
    how = ControlStrength(Acts(MotionValue(0.6)))
    assert relative_error(first(model, given), first(model, applied(loaded["rgb"], images, 0, 2, 3, how=how))) < 1e-6


def test_the_negative_prompt_has_it_too(model, loaded) -> None:
    images = pictures(1)
    wanted = first(model, applied(loaded["rgb"], images, 0))
    positive, negative = applied(loaded["rgb"], images, 0, to=(conds()[0], []))
    assert negative == []
    assert relative_error(first(model, (positive, conds()[1])), wanted) < 1e-6


def test_windows_see_their_own_frames(model, loaded) -> None:
    """Frames of a window are predicted as a clip of their own with the pictures that fall into it."""
    images = pictures(3)
    slides = slid(model, 2, schedule="batched")
    found = first(slides, applied(loaded["rgb"], images, 3, 11, -1), frames=24)
    for start, inside, which in ((0, 3, 0), (8, 3, 1), (16, 7, 2)):
        wanted = _part(model, loaded, start, images[which : which + 1], inside)
        assert relative_error(found[start : start + 8], wanted) < 1e-5


def _part(model: Patcher, loaded: Any, start: int, images: torch.Tensor, at: int, total: int = 24) -> torch.Tensor:
    """The prediction of 8 frames out of more as a clip of their own."""
    noise = comfy.sample.prepare_noise(torch.zeros(total, 4, 8, 8), 7)[start : start + 8]
    conditionings = applied(loaded["rgb"], images, at)
    seen: list[torch.Tensor] = []
    with torch.inference_mode():
        comfy.sample.sample(
            model, noise, 1, 5.0, "euler", "normal", *conditionings, torch.zeros_like(noise), seed=7, disable_pbar=True,
            callback=lambda _step, x0, *_: seen.append(x0.clone()),
        )  # fmt: skip
    return seen[0]


def test_a_window_without_a_picture(model, loaded) -> None:
    images, slides = pictures(1), slid(model, schedule="batched")

    def second(images: torch.Tensor, nearest: bool) -> torch.Tensor:
        return first(slides, applied(loaded["rgb"], images, 5, nearest=nearest), frames=16)[8:]

    nearest, off, other = second(images, True), second(images, False), second(pictures(1, seed=9), False)
    assert relative_error(nearest, _part(model, loaded, 8, images, 0, total=16)) < 1e-5
    assert relative_error(off, other) < 1e-6
    assert relative_error(off, nearest) > 1e-3


def test_other_controls_keep_their_windows(model, line_control, loaded) -> None:
    """A clip of pictures in an ordinary ControlNet before or after it is cut to the window; its own is not."""
    slides, images = slid(model, schedule="batched"), pictures(2)

    def with_lines(conditionings: Any) -> Any:
        before = conditionings[0][0][1].get("control")
        lines = line_control.copy()
        lines.set_previous_controlnet(before)
        return [[[cond, options | {"control": lines}] for cond, options in each] for each in conditionings]

    def found(conditionings: Any) -> torch.Tensor:
        return first(slides, conditionings, frames=16)

    lines, sparse = found(with_lines(conds())), found(applied(loaded["rgb"], images, 1, 12))
    after = found(with_lines(applied(loaded["rgb"], images, 1, 12)))
    before = found(applied(loaded["rgb"], images, 1, 12, to=with_lines(conds())))
    assert relative_error(before, after) < 1e-5
    assert relative_error(before, lines) > 1e-3
    assert relative_error(before, sparse) > 1e-3
    silent = applied(loaded["rgb"], images, 1, 12, how=ControlStrength(Acts(MotionValue(0.0))), to=with_lines(conds()))
    assert relative_error(found(silent), lines) < 1e-6


def test_control_over_time_and_motion_values(model, loaded) -> None:
    given, plain = applied(loaded["rgb"], pictures(1), 0), first(model)
    strengths = [0, 1, 0, 1]
    found = first(model, time_controls(given, ControlStrength(Acts(as_value("strength", strengths)))))
    full = first(model, given)
    assert relative_error(found[[0, 2]], plain[[0, 2]]) < 1e-5
    assert relative_error(found[[1, 3]], full[[1, 3]]) < 1e-5
    # without motion layers frames without a picture do not know of it
    still = Strengths(effect=Acts(MotionValue(0.0)))
    blank = first(model, applied(loaded["rgb"], pictures(1), 0, strengths=still))
    other = first(model, applied(loaded["rgb"], pictures(1, seed=9), 0, strengths=still))
    assert relative_error(blank[1:], other[1:]) < 1e-6
    assert relative_error(blank[0], other[0]) > 1e-3
    some = Strengths(effect=Acts(as_value("effect", torch.linspace(0, 1, 16).reshape(1, 4, 4))), scale=MotionValue(1.3))
    assert relative_error(first(model, applied(loaded["rgb"], pictures(1), 0, strengths=some)), full) > 1e-3


def test_views_reach_its_motion_layers(model, loaded, tmp_path: Path) -> None:
    patched = views.view(animated(model, tiny_motion(tmp_path, "v3")), WindowOptions(length=8, overlap=2))
    assert bool(first(patched, applied(loaded["rgb"], pictures(1), 0), frames=34).isfinite().all())


def test_pictures_of_other_sizes_and_channels(model, loaded) -> None:
    wanted = first(model, applied(loaded["scribble"], pictures(1), 0))
    alpha = torch.cat([pictures(1), torch.zeros(1, 64, 64, 1)], dim=-1)
    assert torch.equal(first(model, applied(loaded["scribble"], alpha, 0)), wanted)
    # cropped to the clip's shape, then resized in 8 bits
    wide = torch.nn.functional.pad(pictures(1), (0, 0, 32, 32))
    assert relative_error(first(model, applied(loaded["scribble"], wide, 0)), wanted) < 0.01
    even, large = torch.full((1, 64, 64, 3), 0.4), torch.full((1, 256, 128, 3), 0.4)
    same, found = (first(model, applied(loaded["scribble"], each, 0)) for each in (even, large))
    assert relative_error(found, same) < 0.01
    grey = pictures(1, channels=1)
    same = first(model, applied(loaded["scribble"], grey.repeat(1, 1, 1, 3), 0))
    assert torch.equal(first(model, applied(loaded["scribble"], grey, 0)), same)
    with pytest.raises(SparseError, match="have 2 channels"):
        applied(loaded["scribble"], pictures(1, channels=2), 0)


def test_what_does_not_fit_is_answered(model, line_control, loaded, tmp_path: Path) -> None:
    patched = animated(model, tiny_motion(tmp_path, "v3"))
    with pytest.raises(SparseError, match="Connect the VAE"):
        applied(loaded["rgb"], pictures(1), 0, vae=None)
    with pytest.raises(PlacementError, match=r"3 pictures, but indexes names 2 frames \(0, 8\)"):
        applied(loaded["rgb"], pictures(3), 0, 8)
    for which in (model, patched):
        with pytest.raises(PlacementError, match="names frame 4, but the clip has 4 frames"):
            first(which, applied(loaded["rgb"], pictures(1), 4))
        with pytest.raises(PlacementError, match="names frame 3 twice in a clip of 4 frames, as 3 and as -1"):
            first(which, applied(loaded["rgb"], pictures(2), 3, -1))
        with pytest.raises(PlacementError, match="5 pictures for a clip of 4 frames"):
            first(which, applied(loaded["rgb"], pictures(5)))
    with pytest.raises(SparseError, match="at most 32 frames at once, but 40 were asked"):
        first(model, applied(loaded["rgb"], pictures(1), 0), frames=40)
    texts = [[torch.zeros(1, TOKENS, 2048), {"pooled_output": torch.zeros(1, 1280)}]]
    with pytest.raises(SparseError, match=r"made for SD1.5, but the checkpoint is another kind of model \(SDXL\)"):
        first(tiny_sdxl(), applied(loaded["scribble"], pictures(1), 0, to=(texts, texts)))
    with pytest.raises(SparseError, match="This is an ordinary ControlNet"):
        apply_sparse(conds(), line_control, pictures(1), Placement(), True, ControlStrength())


def test_answers_come_before_the_first_step(model, loaded, tmp_path: Path) -> None:
    patched = animated(model, tiny_motion(tmp_path, "v3"))
    late = ControlStrength(Acts(start_percent=0.5))
    steps: list[int] = []
    given = applied(loaded["rgb"], pictures(1), 9, how=late)
    with pytest.raises(PlacementError, match="names frame 9"):
        first(patched, given, steps=4, callback=lambda step, *_: steps.append(step))
    assert steps == []


def test_a_vae_of_another_kind(model, loaded) -> None:
    class Other(Halves):
        def encode(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().encode(pixels).repeat(1, 4, 1, 1)

    with pytest.raises(SparseError, match=r"latents of \[16, 8, 8\]"):
        first(model, applied(loaded["rgb"], pictures(1), 0, vae=Other()))


def test_what_came_in_is_left_alone(model, loaded) -> None:
    plain = first(model)
    control, given = SparseControl(loaded["rgb"]), conds()
    both = apply_sparse(given, control, pictures(1), Placement(), True, ControlStrength(), Halves())
    wanted = first(model, both)
    assert control.cond_hint_original is None
    assert all("control" not in options for each in given for _, options in each)
    assert torch.equal(first(model, both), wanted)
    assert torch.equal(first(model), plain)


def test_loaded_with_the_wrong_node(model, tmp_path: Path) -> None:
    """The host takes the scribble file for a ControlNet that reads four channels and has no motion."""
    config = {key: list(value) if isinstance(value, list) else value for key, value in UNET.items()}
    for name in ("out_channels", "transformer_depth_output"):
        config.pop(name)
    wrong = ControlNet(comfy.cldm.cldm.ControlNet(**config, hint_channels=4))
    with pytest.raises(SparseError, match="loaded with Load ControlNet Model"):
        apply_sparse(conds(), wrong, pictures(1), Placement(), True, ControlStrength())
    given = host_nodes.ControlNetApplyAdvanced().apply_controlnet(*conds(), wrong, pictures(1), 1.0, 0.0, 1.0)
    with pytest.raises(ControlError, match="loaded with Load ControlNet Model"):
        first(animated(model, tiny_motion(tmp_path, "v3")), given)
