"""PIA and AnimateLCM-I2V in the host's sampling: every call of the UNet equals the plain implementation."""

from pathlib import Path
from typing import Any

import comfy.hooks
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models
import comfy.t2i_adapter.adapter
import pytest
import torch
import torch.nn.functional as F
from comfy.patcher_extension import WrappersMP
from kinema.motion.temporal import affinities
from kinema.motion.temporal.lcm import PictureEncoder
from kinema.motion.values import Keyframe, MotionValue
from kinema.nodes.host import pictures
from kinema.nodes.host.pictures.entering import first_layer
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.inputs import as_value
from torch import Tensor

from tests.harness.seeded.layouts import motion_module, position_table, tensor
from tests.papers import temporal as reference
from tests.papers.error import relative_error

from ..animate.test_values import keyed, predictions
from ..models import CHANNELS, UNET, Patcher, animated, sample, tiny_model, tiny_state
from ..pictured import LCM, PIA, SCALE, latents, lcm, load, pia
from ..windows.test_sliding import slid


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


Call = tuple[Tensor, int, Tensor, Tensor, list[int], int]
"""Input, time step, text, output and frame numbers of one call of the UNet, and how many conditionings it has."""


def calls(model: Patcher, motion: loader.LoadedMotion, at_once: int | None = None, frames: int = 8) -> list[Call]:
    """Every call of the UNet in a sampling."""
    seen: list[Call] = []

    def note(executor: Any, x: Tensor, t: Tensor, context: Tensor, y: Any, control: Any, to: Any, **more: Any) -> Any:
        found = executor(x, t, context, y, control, to, **more)
        window, conds = to.get("context_window"), len(to["cond_or_uncond"])
        numbers = list(range(len(x) // conds) if window is None else window.index_list)
        seen.append((x, int(t[0]), context, found, numbers, conds))
        return found

    watched = model.clone()
    # the outermost, because it is the first
    watched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "watch", note)
    watched = animated(watched, motion, "use existing")
    sample(watched if at_once is None else slid(watched, at_once), frames, steps=1)
    return seen


def wanted(call: Call, length: int, state: dict[str, Tensor], motion: dict[str, Tensor], **picture: Any) -> Tensor:
    """What the plain implementation makes of the same input; ``length`` is that of a window.

    Args:
        picture: either ``affinity`` of every frame, (frames, 1, height, width), and ``latent``, or ``features`` of
            every frame.
    """
    x, step, context, _, numbers, _ = call
    parts = []
    for start in range(0, len(x), length):
        clip, frames = x[start : start + length], [numbers[(start + n) % len(numbers)] for n in range(length)]
        if "affinity" in picture:
            clip = torch.cat([clip, picture["affinity"][frames], picture["latent"].expand(length, -1, -1, -1)], dim=1)
        features = [feature[frames] for feature in picture.get("features", ())]
        clip = clip.transpose(0, 1)[None]
        text = context[start : start + 1]
        pooled = "affinity" in picture
        parts.append(reference.unet(clip, step, text, state, motion, pool_resnets=pooled, features=features)[0])
    return torch.cat(parts, dim=1).transpose(0, 1)


WINDOWS = [(8, None, 8), (14, 2, 8)]
"""Frames, windows in a call (None for no windows), frames that see one another."""


def over_frames_and_places(frames: int) -> Tensor:
    """A mask in the size of the latents."""
    return torch.rand(frames, 8, 8, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(("frames", "at_once", "length"), WINDOWS)
def test_pia(model, tmp_path: Path, frames: int, at_once: int | None, length: int) -> None:
    amounts = over_frames_and_places(frames)
    motion = pia(tmp_path, frame=-3, affinity=amounts)
    preset = torch.tensor(affinities("animation, large motion", frames, frames - 3))
    affinity = preset[:, None, None, None] * amounts[:, None]
    found = calls(model, motion, at_once, frames=frames)
    for call in found:
        wide = reference.with_pia(tiny_state(), PIA, personalised=True)
        plain = wanted(call, length, wide, PIA, affinity=affinity, latent=latents() * SCALE)
        assert relative_error(call[3], plain) <= 1e-4
        assert at_once or relative_error(wanted(call, length, tiny_state(), PIA), plain) > 1e-2


FIRST = "input_blocks.0.0.weight"


@pytest.mark.parametrize("at_once", [None, 2])
def test_the_first_layer_pia_was_trained_with(model, tmp_path: Path, at_once: int | None) -> None:
    """All nine channels and the bias, a LoRA of the image model's own layer on top of them."""
    frames = 14 if at_once else 8
    lora = torch.randn(32, 4, 3, 3, generator=torch.Generator().manual_seed(3)) * 0.1
    changed = model.clone()
    changed.add_patches({f"diffusion_model.{FIRST}": ("diff", (lora,))}, 0.7)
    affinity = torch.tensor(affinities("animation, large motion", frames, 0))[:, None, None, None].expand(-1, 1, 8, 8)
    trained = reference.with_pia(tiny_state(), PIA, personalised=False)
    with_lora = trained | {FIRST: torch.cat([trained[FIRST][:, :4] + 0.7 * lora, trained[FIRST][:, 4:]], dim=1)}
    for patched, state in ((changed, with_lora), (model, trained)):
        for call in calls(patched, pia(tmp_path, first_layer="pia"), at_once, frames=frames):
            plain = wanted(call, 8, state, PIA, affinity=affinity, latent=latents() * SCALE)
            assert relative_error(call[3], plain) <= 1e-4
            other = reference.with_pia(tiny_state(), PIA, personalised=True)
            other = wanted(call, 8, other, PIA, affinity=affinity, latent=latents() * SCALE)
            assert relative_error(other, plain) > 1e-2


def test_the_checkpoints_first_layer_is_found_under_loras(model, tmp_path: Path) -> None:
    """Those that act in a part of the sampling alone, too: the host keeps what it has changed in two places."""
    hooked, lora = model.clone(), torch.ones(32, 4, 3, 3)
    hooks = comfy.hooks.create_hook_model_as_lora({}, None, 1.0, 0.0)
    key = f"diffusion_model.{FIRST}"
    with torch.inference_mode():
        for patches in ({}, {key: ("diff", (lora,))}):
            patched = hooked.clone()
            patched.add_patches(patches, 0.5)
            comfy.model_management.load_models_gpu([patched], force_full_load=True)
            for hook in hooks.hooks:
                patched.add_hook_patches(hook, {key: ("diff", (lora,))}, 1.0)
            patched.pre_run()
            patched.patch_hooks(hooks)
            now = patched.model.diffusion_model.input_blocks[0][0].weight
            changed = relative_error(now, tiny_state()[FIRST])
            weight, bias = first_layer(patched.model)
            assert relative_error(weight, tiny_state()[FIRST]) < 1e-6
            assert relative_error(bias, tiny_state()["input_blocks.0.0.bias"]) < 1e-6
            patched.cleanup()
            assert changed > 1e-2
            patched.detach()


def test_effect_blends_the_first_layer() -> None:
    x, h = torch.randn(6, 9, 4, 5), torch.randn(6, 32, 4, 5)
    part, weight, bias = torch.randn(3, 32, 4, 5), torch.randn(32, 4, 3, 3), torch.randn(32)
    picture = pictures.ActingPicture({("input", 0): part}, [0, 7, 3], change=(weight, bias))
    effect = as_value("effect", [0.1 * n for n in range(8)])
    found = picture.entered(x, h, effect)
    change = F.conv2d(x[:, :4], weight, bias, padding=1)
    for n, number in enumerate([0, 7, 3, 0, 7, 3]):
        assert torch.allclose(found[n], h[n] + 0.1 * number * (part[n % 3] + change[n]), atol=1e-5)


def test_another_handler_of_the_first_layer_runs(model, tmp_path: Path) -> None:
    """The host calls one handler a layer; ours calls the one that was there."""
    twice = model.clone()
    handlers = twice.model_options["transformer_options"].setdefault("patches", {})
    double = lambda layer, x, *_: 2 * layer(x)  # noqa: E731
    handlers["forward_timestep_embed_patch"] = [(torch.nn.Conv2d, double)]
    (call,) = calls(twice, pia(tmp_path))
    state = tiny_state()
    state = {name: 2 * value if name.startswith("input_blocks.0.0.") else value for name, value in state.items()}
    affinity = torch.tensor(affinities("animation, large motion", 8, 0))[:, None, None, None].expand(-1, 1, 8, 8)
    state = reference.with_pia(state, PIA, personalised=True)
    plain = wanted(call, 8, state, PIA, affinity=affinity, latent=latents() * SCALE)
    assert relative_error(call[3], plain) <= 1e-4


@pytest.mark.parametrize(("fit", "own"), [("crop", (8, 12)), ("pad", (4, 8)), ("stretch", (8, 12))])
def test_other_proportions(model, tmp_path: Path, fit: str, own: tuple[int, int]) -> None:
    """As if a picture of the clip's size had come."""
    other = torch.randn(1, 4, *own, generator=torch.Generator().manual_seed(2)) / SCALE
    for node, mode in ((pia, "bilinear"), (lcm, "nearest-exact")):
        fits = {
            "crop": other[..., 2:-2],
            "pad": other[:, :, [0, 0, 0, 1, 2, 3, 3, 3]] if own == (4, 8) else other,
            "stretch": F.interpolate(other, (8, 8), mode=mode, antialias=mode == "bilinear"),
        }
        found = shown(model, node(tmp_path, latents=other, fit=fit))[0]
        assert relative_error(found, shown(model, node(tmp_path, latents=fits[fit]))[0]) < 1e-5


@pytest.mark.parametrize(("frames", "at_once", "length"), WINDOWS)
def test_animatelcm_i2v(model, tmp_path: Path, frames: int, at_once: int | None, length: int) -> None:
    drift = 0.5 if at_once else 0.0
    amounts = over_frames_and_places(frames)
    found = calls(model, lcm(tmp_path, amounts, drift=drift), at_once, frames=frames)
    table = drift * position_table(frames, CHANNELS[0])[0]
    encoded = reference.picture_encoder(latents() * SCALE, LCM, table)
    sized = [F.interpolate(amounts[:, None], feature.shape[2:], mode="bilinear") for feature in encoded]
    features = [feature * amount for feature, amount in zip(encoded, sized, strict=True)]
    # the file has no position tables: they are the sinusoidal ones, 64 rows long
    moving = motion_module(CHANNELS, positions=64)
    for call in found:
        plain = wanted(call, length, tiny_state(), moving, features=features)
        assert relative_error(call[3], plain) <= 1e-4
        assert at_once or relative_error(wanted(call, length, tiny_state(), moving), plain) > 1e-2


def test_conditionings_apart(model, tmp_path: Path) -> None:
    """As a host short of memory samples them."""
    apart = model.clone()
    apart.add_object_patch("memory_required", lambda *_, **__: 1e18)
    for motion in (pia(tmp_path), lcm(tmp_path)):
        (both,), (one, other) = calls(model, motion), calls(apart, motion)
        assert (both[5], one[5], other[5]) == (2, 1, 1)
        whole = {float(text.sum()): out for text, out in zip(both[2][::8], both[3].split(8), strict=True)}
        for part in (one, other):
            assert relative_error(part[3], whole[float(part[2][0].sum())]) < 1e-5


def test_effect_of_each_frame_and_conditioning() -> None:
    """The motion model's own strength blends what its picture adds."""
    x, part = torch.randn(6, 4, 2, 3), torch.randn(1, 4, 2, 3)
    picture = pictures.ActingPicture({("input", 2): part}, [0, 7, 3], MotionValue(0.5))
    effect = as_value("effect", [0.1 * n for n in range(8)])
    found = picture.added(("input", 2), x, effect)
    for n, number in enumerate([0, 7, 3, 0, 7, 3]):
        assert torch.allclose(found[n], x[n] + 0.5 * 0.1 * number * part[0])
    assert picture.added(("input", 5), x, effect) is x


@pytest.mark.parametrize("first_layer", ["auto", "checkpoint", "pia"])
def test_pia_beside_the_channels_of_an_inpainting_model(tmp_path: Path, first_layer: str) -> None:
    config = comfy.supported_models.SD15(
        {key: list(value) if isinstance(value, list) else value for key, value in UNET.items()}
        | {"in_channels": 9, "dtype": torch.float32}
    )
    base = comfy.model_base.BaseModel(config, device=torch.device("cpu"))
    base.set_inpaint()
    for name, parameter in base.diffusion_model.named_parameters():
        parameter.data = tensor(name, parameter.shape)
    base.eval().requires_grad_(False)
    device = comfy.model_management.get_torch_device()
    inpainting = comfy.model_patcher.CoreModelPatcher(base, device, comfy.model_management.unet_offload_device())
    (call,) = calls(inpainting, pia(tmp_path, first_layer=first_layer))
    assert call[0].shape[1] == 9
    affinity = torch.tensor(affinities("animation, large motion", 8, 0))[:, None, None, None].expand(-1, 1, 8, 8)
    state = dict(base.diffusion_model.state_dict())
    wide = reference.with_pia(state, PIA, personalised=first_layer != "pia")
    plain = wanted(call, 8, wide, PIA, affinity=affinity, latent=latents() * SCALE)
    assert relative_error(call[3], plain) <= 1e-4


def test_encoder_is_a_t2i_adapter(tmp_path: Path) -> None:
    """The host's own, which reads a latent if nothing is unshuffled first."""
    theirs = comfy.t2i_adapter.adapter.Adapter(
        channels=list(CHANNELS), nums_rb=2, cin=4, ksize=1, sk=True, use_conv=False, xl=False
    )
    theirs.requires_grad_(False).unshuffle = torch.nn.Identity()
    theirs.load_state_dict({key.removeprefix("img_encoder."): LCM[key] for key in LCM if key.startswith("img_")})
    x = latents(2, 16)
    features = [feature for feature in reversed(theirs(x)["input"]) if feature is not None]
    for mine, their in zip(load(tmp_path, LCM).model.picture_layers(x), features, strict=True):
        assert relative_error(mine, their) < 1e-5


def test_pictures_are_read_once_a_sampling(model, tmp_path: Path, monkeypatch) -> None:
    motion, read = lcm(tmp_path), []
    forward = PictureEncoder.forward
    monkeypatch.setattr(
        PictureEncoder, "forward", lambda self, x, *more: (read.append(x.shape[0]), forward(self, x, *more))[1]
    )
    sample(slid(animated(model, motion), 1), frames=14, steps=2)
    assert read == [1]


def shown(model: Patcher, motion: loader.LoadedMotion, steps: int = 1, **settings: Any) -> list[Tensor]:
    """Predictions of a short clip."""
    return predictions(animated(model, motion, "use existing", **settings), frames=4, steps=steps)


def test_effect_and_ranges(model, tmp_path: Path) -> None:
    plain = predictions(model.clone(), frames=4)
    for motion in (pia(tmp_path), lcm(tmp_path)):
        late = shown(model, motion, 2, start_percent=0.5)
        assert torch.equal(shown(model, motion, effect=0.0)[0], plain[0])
        assert torch.equal(late[0], plain[0])
        assert not torch.equal(late[-1], plain[-1])
        assert relative_error(shown(model, motion)[0], plain[0]) > 1e-2
    assert relative_error(shown(model, lcm(tmp_path), effect=1e-4)[0], plain[0]) < 1e-2


def test_the_picture_has_a_range_of_its_own(model, tmp_path: Path) -> None:
    without, early, late, always = (
        shown(model, lcm(tmp_path, **how), 2)
        for how in ({"strength": 0.0}, {"end_percent": 0.3}, {"start_percent": 0.3}, {})
    )
    assert torch.equal(early[0], always[0])
    assert torch.equal(late[0], without[0])
    assert relative_error(early[-1], always[-1]) > 1e-5
    assert relative_error(late[-1], without[-1]) > 1e-5


def test_affinity_may_change_during_the_sampling(model, tmp_path: Path) -> None:
    half = shown(model, pia(tmp_path, affinity=0.5), 2)
    keyframed = keyed(Keyframe(0.0, MotionValue(0.5)), Keyframe(0.5, MotionValue(1.0)))
    found = shown(model, pia(tmp_path, affinity=keyframed), 2)
    assert relative_error(found[0], half[0]) < 1e-6
    assert relative_error(found[-1], half[-1]) > 1e-5


def test_pictures_of_each_frame(model, tmp_path: Path) -> None:
    """AnimateLCM-I2V takes a clip as well; equal pictures are one picture, and the last one repeats."""
    clip = latents(3)
    first = shown(model, lcm(tmp_path, latents=clip[:1]))[0]
    same = shown(model, lcm(tmp_path, latents=clip[:1].expand(4, -1, -1, -1)))[0]
    assert relative_error(same, first) < 1e-5
    for drift in (0.0, 0.3):
        few, full = (shown(model, lcm(tmp_path, latents=each, drift=drift))[0] for each in (clip, clip[[0, 1, 2, 2]]))
        assert torch.equal(few, full)
        assert relative_error(few, first) > 1e-3


@pytest.mark.parametrize("size", [6, 10])
def test_sizes_that_do_not_halve(model, tmp_path: Path, size: int) -> None:
    for motion in (pia(tmp_path), lcm(tmp_path)):
        assert bool(sample(animated(model, motion), 4, 1, size=size).isfinite().all())


def test_nothing_is_left_behind(model, tmp_path: Path) -> None:
    plain = predictions(model.clone(), frames=4)[0]
    one = animated(model, pia(tmp_path), "use existing")
    both = animated(one, lcm(tmp_path))
    first = predictions(both, frames=4)[0]
    assert relative_error(first, predictions(one, frames=4)[0]) > 1e-3
    assert torch.equal(predictions(both, frames=4)[0], first)
    assert torch.equal(predictions(model, frames=4)[0], plain)
    for patched in (model, one, both):
        patches = patched.model_options["transformer_options"].get("patches", {})
        assert sum(map(len, patches.values())) == (patched is not model)


def test_half_precision(tmp_path: Path) -> None:
    small = tiny_model(torch.bfloat16)
    for motion in (pia(tmp_path), pia(tmp_path, first_layer="pia"), lcm(tmp_path)):
        assert bool(sample(animated(small, motion), 4, 1).isfinite().all())
