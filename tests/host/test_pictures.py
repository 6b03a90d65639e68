"""PIA and AnimateLCM-I2V in the host's sampling: every call of the UNet equals the plain implementation."""

from pathlib import Path
from typing import Any

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models
import comfy.t2i_adapter.adapter
import pytest
import torch
from comfy.patcher_extension import WrappersMP
from kinema.motion.lcm_picture import PictureEncoder
from kinema.motion.pia import affinities
from kinema.motion.values import Keyframe, MotionValue
from kinema.nodes.host import loader, runtime
from torch import Tensor

from tests import reference
from tests.harness.layouts import motion_module, position_table, tensor

from .models import CHANNELS, UNET, Patcher, animated, relative_error, sample, tiny_model, tiny_state
from .pictured import LCM, PIA, SCALE, latents, lcm, load, pia
from .test_values import keyed, predictions
from .test_windows import slid


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
        picture: either ``affinity`` of every frame and ``latent``, or ``features`` of every frame.
    """
    x, step, context, _, numbers, _ = call
    parts = []
    for start in range(0, len(x), length):
        clip, frames = x[start : start + length], [numbers[(start + n) % len(numbers)] for n in range(length)]
        if "affinity" in picture:
            amount = picture["affinity"][frames][:, None, None, None].expand(-1, 1, *clip.shape[2:])
            clip = torch.cat([clip, amount, picture["latent"].expand(length, -1, -1, -1)], dim=1)
        features = [feature[frames] for feature in picture.get("features", ())]
        clip = clip.transpose(0, 1)[None]
        text = context[start : start + 1]
        pooled = "affinity" in picture
        parts.append(reference.unet(clip, step, text, state, motion, pool_resnets=pooled, features=features)[0])
    return torch.cat(parts, dim=1).transpose(0, 1)


def widened(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The image model with PIA's channels behind its own."""
    first = "input_blocks.0.0.weight"
    return state | {first: torch.cat([state[first], PIA["conv_in.weight"][:, 4:]], dim=1)}


WINDOWS = [(8, None, 8), (14, 1, 8), (14, 2, 8)]
"""Frames, windows in a call (None for no windows), frames that see one another."""


@pytest.mark.parametrize(("frames", "at_once", "length"), WINDOWS)
def test_pia(model, tmp_path: Path, frames: int, at_once: int | None, length: int) -> None:
    amounts = [1.0 - 0.03 * n for n in range(frames)]
    motion = pia(tmp_path, frame=-3, affinity=amounts)
    preset = affinities("animation, large motion", frames, frames - 3)
    affinity = torch.tensor(preset) * torch.tensor(amounts)
    found = calls(model, motion, at_once, frames=frames)
    assert len(found) == (1 if at_once is None else 2 // at_once)
    for call in found:
        plain = wanted(call, length, widened(tiny_state()), PIA, affinity=affinity, latent=latents() * SCALE)
        assert relative_error(call[3], plain) <= 1e-4
        assert relative_error(wanted(call, length, tiny_state(), PIA), plain) > 1e-2


@pytest.mark.parametrize(("frames", "at_once", "length"), WINDOWS)
def test_animatelcm_i2v(model, tmp_path: Path, frames: int, at_once: int | None, length: int) -> None:
    drift = 0.5 if at_once else 0.0
    amounts = torch.linspace(0.5, 1.5, frames)
    found = calls(model, lcm(tmp_path, amounts.tolist(), drift=drift), at_once, frames=frames)
    table = drift * position_table(frames, CHANNELS[0])[0]
    encoded = reference.picture_encoder(latents() * SCALE, LCM, table)
    features = [feature * amounts[:, None, None, None] for feature in encoded]
    # the file has no position tables: they are the sinusoidal ones, 64 rows long
    moving = motion_module(CHANNELS, positions=64)
    for call in found:
        plain = wanted(call, length, tiny_state(), moving, features=features)
        assert relative_error(call[3], plain) <= 1e-4
        assert relative_error(wanted(call, length, tiny_state(), moving), plain) > 1e-2


def test_conditionings_apart(model, tmp_path: Path) -> None:
    """As a host short of memory samples them."""
    apart = model.clone()
    apart.add_object_patch("memory_required", lambda *_, **__: 1e18)
    for motion in (pia(tmp_path), lcm(tmp_path)):
        assert [call[5] for call in calls(apart, motion)] == [1, 1]
        assert [call[5] for call in calls(model, motion)] == [2]
        both = [sample(animated(patcher, motion, "use existing")) for patcher in (model, apart)]
        assert relative_error(both[1], both[0]) < 1e-5


def test_pia_beside_the_channels_of_an_inpainting_model(tmp_path: Path) -> None:
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
    (call,) = calls(inpainting, pia(tmp_path))
    assert call[0].shape[1] == 9
    affinity = torch.tensor(affinities("animation, large motion", 8, 0))
    state = dict(base.diffusion_model.state_dict())
    plain = wanted(call, 8, widened(state), PIA, affinity=affinity, latent=latents() * SCALE)
    assert relative_error(call[3], plain) <= 1e-4


def test_encoder_is_a_t2i_adapter(tmp_path: Path) -> None:
    """The host's own, which reads a latent if nothing is unshuffled first."""
    theirs = comfy.t2i_adapter.adapter.Adapter(
        channels=list(CHANNELS), nums_rb=2, cin=4, ksize=1, sk=True, use_conv=False, xl=False
    )
    theirs.unshuffle = torch.nn.Identity()
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
    sample(slid(animated(model, motion), 1), frames=20, steps=3)
    assert read == [1]


def test_effect_and_ranges(model, tmp_path: Path) -> None:
    plain = predictions(model.clone())
    for motion in (pia(tmp_path), lcm(tmp_path)):
        full = predictions(animated(model, motion, "use existing"))
        none = predictions(animated(model, motion, "use existing", effect=0.0), steps=1)
        late = predictions(animated(model, motion, "use existing", start_percent=0.5))
        assert torch.equal(none[0], plain[0])
        assert torch.equal(late[0], plain[0])
        assert not torch.equal(late[-1], plain[-1])
        assert relative_error(full[0], plain[0]) > 1e-2
    faint = predictions(animated(model, lcm(tmp_path), "use existing", effect=1e-4), steps=1)
    assert relative_error(faint[0], plain[0]) < 1e-2


def test_the_picture_has_a_range_of_its_own(model, tmp_path: Path) -> None:
    without, early, late, always = (
        predictions(animated(model, lcm(tmp_path, **how), "use existing"))
        for how in ({"strength": 0.0}, {"end_percent": 0.3}, {"start_percent": 0.3}, {})
    )
    assert torch.equal(early[0], always[0])
    assert torch.equal(late[0], without[0])
    assert relative_error(early[-1], always[-1]) > 1e-5
    assert relative_error(late[-1], without[-1]) > 1e-5


def test_affinity_over_places_and_steps(model, tmp_path: Path) -> None:
    """A mask that is the same everywhere is its number, and a keyframe is the value that follows it."""
    wanted = predictions(animated(model, pia(tmp_path, affinity=0.5), "use existing"), steps=2)
    full = predictions(animated(model, pia(tmp_path), "use existing"), steps=2)
    assert relative_error(wanted[0], full[0]) > 1e-3
    mask = torch.full((1, 3, 5), 0.5)
    found = predictions(animated(model, pia(tmp_path, affinity=mask), "use existing"), steps=2)
    assert relative_error(found[-1], wanted[-1]) < 1e-5
    left = predictions(animated(model, pia(tmp_path, affinity=(torch.arange(8) < 4).float()[None, None]), "auto"))
    assert relative_error(left[0], full[0]) > 1e-3
    keyframed = keyed(Keyframe(0.0, MotionValue(0.5)), Keyframe(0.5, MotionValue(1.0)))
    found = predictions(animated(model, pia(tmp_path, affinity=keyframed), "use existing"), steps=2)
    assert relative_error(found[0], wanted[0]) < 1e-6
    assert relative_error(found[-1], wanted[-1]) > 1e-5


def test_pictures_of_each_frame(model, tmp_path: Path) -> None:
    """AnimateLCM-I2V takes a clip as well; equal pictures are one picture, and the last one repeats."""
    clip = latents(6)
    same = predictions(animated(model, lcm(tmp_path, latents=clip[:1].expand(8, -1, -1, -1)), "use existing"))[0]
    assert relative_error(same, predictions(animated(model, lcm(tmp_path, latents=clip[:1]), "use existing"))[0]) < 1e-5
    short = predictions(animated(model, lcm(tmp_path, latents=clip), "use existing"))[0]
    whole = torch.cat([clip, clip[-1:].expand(2, -1, -1, -1)])
    for drift in (0.0, 0.3):
        short, full = (
            predictions(animated(model, lcm(tmp_path, latents=each, drift=drift), "use existing"))[0]
            for each in (clip, whole)
        )
        assert torch.equal(short, full)
    assert relative_error(short, same) > 1e-3


@pytest.mark.parametrize("size", [6, 10])
def test_sizes_that_do_not_halve(model, tmp_path: Path, size: int) -> None:
    for motion in (pia(tmp_path), lcm(tmp_path)):
        assert bool(sample(animated(model, motion), size=size).isfinite().all())


def test_nothing_is_left_behind(model, tmp_path: Path) -> None:
    plain = sample(model.clone())
    both = animated(animated(model, pia(tmp_path), "use existing"), lcm(tmp_path))
    assert len(both.model_options["transformer_options"]["patches"][runtime.PICTURE_PATCH]) == 1
    first = sample(both)
    assert torch.equal(sample(both), first)
    assert relative_error(first, sample(animated(model, pia(tmp_path), "use existing"))) > 1e-3
    assert torch.equal(sample(model), plain)
    assert runtime.PICTURE_PATCH not in model.model_options["transformer_options"].get("patches", {})


def test_half_precision(tmp_path: Path) -> None:
    small = tiny_model(torch.bfloat16)
    for motion in (pia(tmp_path), lcm(tmp_path)):
        assert bool(sample(animated(small, motion)).isfinite().all())
