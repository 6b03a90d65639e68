"""Cross-frame attention inside the host's UNet: like a plain implementation of the paper, also in windows."""

from pathlib import Path
from typing import Any

import comfy.model_management
import pytest
import torch
from comfy.context_windows import ContextFuseMethod, ContextSchedule, IndexListContextHandler
from kinema.motion.crossframe import CrossFrameError, OneShotError
from kinema.motion.values import Acts
from kinema.motion.windows import ReferenceOptions, WindowOptions
from kinema.nodes.crossframe.across import CrossFrameAttention
from kinema.nodes.host import crossframe
from kinema.nodes.host.crossframe import CrossFrame, read_across
from kinema.nodes.host.windows import ContextReference, Stage, refer, slide
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts_crossframe import one_shot
from tests.papers import temporal, zero
from tests.papers.error import relative_error

from ..models import CHANNELS, Patcher, animated, conds, sample, tiny_model, tiny_motion, tiny_sdxl, tiny_state
from .test_one_shot import moment, predicted

FIRST, BOTH = CrossFrame(), CrossFrame(previous=True)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def steps_of(patcher: Patcher, frames: int, **settings: Any) -> list[Tensor]:
    """What is predicted at each step of a sampling."""
    seen: list[Tensor] = []
    sample(patcher, frames, callback=lambda _step, x0, *_: seen.append(x0.clone()), **settings)
    return seen


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("settings", [FIRST, BOTH])
def test_equals_the_paper(model: Patcher, frames: int, settings: CrossFrame) -> None:
    x, context, sigma = moment(model, frames)
    found = predicted(read_across(model, settings), x, context, sigma)
    reads = zero.the_first_and_the_previous if settings.previous else zero.the_first
    scaled = x / (1 + sigma**2) ** 0.5
    wanted = temporal.unet(scaled, 601, context, tiny_state(), {}, reads=reads)
    assert relative_error(found, wanted) <= 1e-4
    if frames > 1:
        assert relative_error(wanted, temporal.unet(scaled, 601, context, tiny_state(), {})) > 1e-3


@pytest.mark.parametrize("settings", [FIRST, BOTH, CrossFrame(strength=0.3)])
def test_the_first_frame_is_that_of_the_image_model(model: Patcher, settings: CrossFrame) -> None:
    image, crossed = sample(model, 5), sample(read_across(model, settings), 5)
    # the same keys twice are the same but for rounding
    assert relative_error(crossed[:1], image[:1]) <= (2e-5 if settings.previous else 1e-6)
    assert relative_error(crossed[1:], image[1:]) > 1e-3


def test_strength(model: Patcher) -> None:
    image = sample(model)
    assert torch.equal(sample(read_across(model, CrossFrame(strength=0.0))), image)
    near, far = (relative_error(sample(read_across(model, CrossFrame(strength=s))), image) for s in (0.01, 1.0))
    assert 0 < near < 0.1 * far


def test_the_given_model_is_left_alone(model: Patcher) -> None:
    before, crossed = sample(model), read_across(model, FIRST)
    first = sample(crossed)
    assert torch.equal(sample(model), before)
    assert torch.equal(sample(crossed), first)


def test_the_prompts_of_a_call_may_come_one_by_one(model: Patcher) -> None:
    crossed = read_across(model, BOTH)
    x, context, sigma = moment(model, 6)
    together = predicted(crossed, x, context, sigma)
    for n in range(2):
        assert relative_error(predicted(crossed, x[n : n + 1], context[n : n + 1], sigma), together[n : n + 1]) <= 1e-5


@pytest.mark.parametrize(
    ("schedule", "at_once"),
    [("standard_static", 1), ("standard_uniform", 1), ("looped_uniform", 2), ("batched", 2)],
)
def test_windows_read_the_first_frame_of_the_clip(model: Patcher, schedule: str, at_once: int) -> None:
    """Frame 0 reads itself alone, so a clip in windows is the clip without windows."""
    crossed = read_across(model, FIRST)
    whole = steps_of(crossed, 9)
    windows = WindowOptions(schedule=schedule, length=4, overlap=1 if schedule != "batched" else 0)
    for found, wanted in zip(steps_of(slide(crossed, Stage(windows), at_once), 9), whole, strict=True):
        assert relative_error(found, wanted) <= 1e-5


def test_windows_before_the_node(model: Patcher) -> None:
    slid = slide(model, Stage(WindowOptions(length=4, overlap=1)))
    assert relative_error(sample(read_across(slid, FIRST), 10), sample(read_across(model, FIRST), 10)) <= 1e-5


def test_the_previous_frame_in_windows(model: Patcher) -> None:
    """The first of a window reads itself in place of the one before, which is not there."""
    sigma = moment(model, 8, clips=1)[2]
    x0s = []
    crossed = slide(read_across(model, BOTH), Stage(WindowOptions(length=4, overlap=0)))
    sample(crossed, 8, steps=1, callback=lambda _step, x0, x, _: x0s.append((x0.clone(), x.clone())))
    ((x0, start),) = x0s
    sampling = model.get_model_object("model_sampling")
    sigma = float(sampling.sigma_max)
    flat = (start / (1 + sigma**2) ** 0.5).transpose(0, 1)[None]

    def reads(frame: int) -> list[int]:
        return [0, frame if frame % 4 == 0 else frame - 1]

    both = [temporal.unet(flat, 999, each[0][0], tiny_state(), {}, reads=reads) for each in conds()]
    noise = (both[1] + 5.0 * (both[0] - both[1]))[0].transpose(0, 1)
    assert relative_error(x0, start - sigma * noise) <= 1e-4


def own_windows(order: list[list[int]]) -> IndexListContextHandler:
    """Windows of the host's own node, in an order."""

    def planned(*_: Any) -> list[list[int]]:
        return order

    schedule = ContextSchedule("test", planned)
    fuse = ContextFuseMethod("flat", lambda length, **_: [1.0] * length)
    return IndexListContextHandler(schedule, fuse, 4, 0, 1, False, 0, False, "", False, "", causal_window_fix=False)


def test_windows_of_the_host(model: Patcher, caplog: pytest.LogCaptureFixture) -> None:
    crossed = read_across(model, FIRST)
    wanted = sample(crossed)
    crossed.model_options["context_handler"] = own_windows([[0, 1, 2, 3], [4, 5, 6, 7]])
    assert relative_error(sample(crossed), wanted) <= 1e-5
    assert "read their own first frame" not in caplog.text
    crossed.model_options["context_handler"] = own_windows([[4, 5, 6, 7], [0, 1, 2, 3]])
    sample(crossed)
    assert caplog.text.count("read their own first frame") == 1


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_with_a_motion_module(tmp_path: Path, model: Patcher, version: str) -> None:
    motion = tiny_motion(tmp_path, version)
    found = sample(animated(read_across(model, FIRST), motion))
    assert torch.equal(sample(read_across(animated(model, motion), FIRST)), found)
    assert relative_error(found, sample(animated(model, motion))) > 1e-3
    silent = animated(read_across(model, FIRST), motion, effect=0.0, schedule="use existing")
    assert relative_error(sample(silent), sample(read_across(model, FIRST))) <= 1e-6


def test_sdxl() -> None:
    xl = tiny_sdxl()
    positive, negative = conds(2048, 1280)
    told = {"positive": positive, "negative": negative, "frames": 3}
    image, found = sample(xl, **told), sample(read_across(xl, FIRST), **told)
    assert relative_error(found[:1], image[:1]) <= 1e-6
    assert relative_error(found[1:], image[1:]) > 1e-3


def test_in_half_precision(model: Patcher) -> None:
    x, context, sigma = moment(model, 4)
    plain = predicted(read_across(model, FIRST), x, context, sigma)
    half = read_across(tiny_model(torch.bfloat16), FIRST)
    assert relative_error(predicted(half, x, context, sigma), plain) <= 5e-2


def test_what_is_told_of_a_clip(model: Patcher, caplog: pytest.LogCaptureFixture) -> None:
    from comfy_extras.nodes_sag import SelfAttentionGuidance

    crossed = read_across(model, FIRST)
    sample(crossed, frames=1)
    assert caplog.text.count("1 frame is a picture") == 1
    guided = SelfAttentionGuidance.execute(crossed, 0.5, 2.0).result[0]
    assert torch.isfinite(sample(guided, 2, 1, size=16)).all()
    assert "another node replaces 1 of 16 self-attentions" in caplog.text


def test_beside_nodes_that_act_on_the_same_attention(tmp_path: Path, model: Patcher) -> None:
    from comfy_extras.nodes_hypertile import HyperTile
    from comfy_extras.nodes_pag import PerturbedAttentionGuidance

    crossed = read_across(model, BOTH)
    guided = PerturbedAttentionGuidance.execute(crossed, 3.0).result[0]
    assert relative_error(sample(guided), sample(crossed)) > 1e-3
    tiled = HyperTile.execute(crossed, 32, 2, 0, False)[0]
    with pytest.raises(CrossFrameError, match="cuts the frames into tiles"):
        sample(tiled, 2, 1, size=64)
    windows = slide(crossed, Stage(WindowOptions(length=4, overlap=1)))
    with pytest.raises(CrossFrameError, match="Context Reference acts on the same"):
        sample(refer(windows, ContextReference(ReferenceOptions(), acts=Acts())))
    save_file(one_shot(CHANNELS), tmp_path / "tuned.safetensors")
    file = crossframe.load_one_shot(str(tmp_path / "tuned.safetensors"))
    with pytest.raises(OneShotError, match="Take Cross-Frame Attention out"):
        crossframe.apply_one_shot(crossed, file, 1.0)
    with pytest.raises(CrossFrameError, match="as Tune-A-Video has it"):
        read_across(crossframe.apply_one_shot(model, file, 1.0), FIRST)
    with pytest.raises(CrossFrameError, match="already"):
        read_across(crossed, FIRST)


def test_other_models_and_clips(model: Patcher) -> None:
    other = model.clone()
    other.add_object_patch("diffusion_model", torch.nn.Linear(1, 1))
    with pytest.raises(CrossFrameError, match="this model is a Linear"):
        read_across(other, FIRST)
    positive, negative = conds()
    latent = torch.zeros(1, 4, 8, 8, 8)
    with pytest.raises(CrossFrameError, match=r"This latent has the shape \[1, 4, 8, 8, 8\]"):
        comfy.sample.sample(
            read_across(model, FIRST), latent + 1, 1, 5.0, "euler", "normal", positive, negative, latent, seed=7
        )


def test_the_node(model: Patcher) -> None:
    (crossed,) = CrossFrameAttention.execute(model, "first and previous frame", 0.5).result
    assert torch.equal(sample(crossed), sample(read_across(model, CrossFrame(previous=True, strength=0.5))))
    assert CrossFrameAttention.validate_inputs(strength=1.5) == "strength is 1.5; it must lie between 0 and 1."
    with pytest.raises(ValueError, match="strength is -1"):
        CrossFrameAttention.execute(model, strength=-1.0)
