"""Animate Model together with everything else people put on a model."""

import logging
from fractions import Fraction
from pathlib import Path
from typing import Any

import comfy.hooks
import comfy.model_management
import comfy.samplers
import pytest
import torch
from comfy.context_windows import ContextFuseMethods, ContextSchedules
from kinema.motion.sampling import SCHEDULES, distilled
from kinema.nodes.host.animate.checks import ClipError
from kinema.nodes.host.sampling.schedule import set_beta_schedule
from kinema.nodes.host.temporal.fit import AnimateError

from tests.harness.seeded.layouts import SDXL
from tests.papers.error import relative_error

from ..models import Patcher, animated, conds, sample, tiny_model, tiny_motion

assert Fraction  # the host's own types use it


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def sigmas(model: Patcher) -> torch.Tensor:
    return model.get_model_object("model_sampling").sigmas


@pytest.mark.parametrize("name", SCHEDULES)
def test_beta_schedules(model, name: str) -> None:
    patched = model.clone()
    set_beta_schedule(patched, name)
    wanted = SCHEDULES[name].sigmas()
    if SCHEDULES[name].lcm_timesteps:
        wanted = distilled(wanted, SCHEDULES[name].lcm_timesteps)
    assert torch.allclose(sigmas(patched), wanted.float(), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("lcm sqrt_linear (AnimateLCM)", [25.1, 10.2, 4.56, 2.28, 1.24, 0.60, 0.0]),
        ("lcm sqrt_linear (AnimateLCM-I2V)", [41.7, 14.2, 5.76, 2.64, 1.34, 0.63, 0.0]),
    ],
)
def test_animatelcm_takes_the_steps_of_its_authors(model, name: str, wanted: list[float]) -> None:
    patched = model.clone()
    set_beta_schedule(patched, name)
    taught = patched.get_model_object("model_sampling")
    steps = comfy.samplers.calculate_sigmas(taught, "simple", 6)
    assert steps.tolist() == pytest.approx(wanted, rel=5e-3)
    # the model is told the timestep that belongs to each noise level, not its number among those it was taught
    ladder = SCHEDULES[name].sigmas().float()
    assert [float(ladder[int(taught.timestep(sigma))]) for sigma in steps[:-1]] == pytest.approx(steps[:-1].tolist())


def test_auto_takes_the_trained_schedule_and_existing_keeps(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    assert float(sigmas(animated(model, motion))[-1]) == pytest.approx(25.146, rel=1e-3)
    assert float(sigmas(animated(model, motion, "use existing"))[-1]) == pytest.approx(14.615, rel=1e-3)


@pytest.mark.parametrize("kind", ["lcm", "v_prediction", "eps"])
def test_schedule_keeps_the_prediction(model, tmp_path: Path, kind: str) -> None:
    from comfy_extras.nodes_model_advanced import ModelSamplingDiscrete

    (patched,) = ModelSamplingDiscrete().patch(model, kind, zsnr=False)
    before = patched.get_model_object("model_sampling")
    after = animated(patched, tiny_motion(tmp_path)).get_model_object("model_sampling")
    assert after.calculate_denoised.__func__ is before.calculate_denoised.__func__
    assert len(after.sigmas) == len(before.sigmas)
    assert float(after.sigmas[-1]) == pytest.approx(25.146, rel=1e-3)


def test_zero_terminal_snr_is_kept(model, tmp_path: Path) -> None:
    from comfy_extras.nodes_model_advanced import ModelSamplingDiscrete

    (patched,) = ModelSamplingDiscrete().patch(model, "v_prediction", zsnr=True)
    assert float(sigmas(animated(patched, tiny_motion(tmp_path)))[-1]) > 1000


def test_flow_models_are_refused_a_schedule(model) -> None:
    flow = model.clone()
    flow.add_object_patch("model_sampling", torch.nn.Identity())
    with pytest.raises(ValueError, match="needs a Stable Diffusion 1.5 or SDXL model"):
        set_beta_schedule(flow, "sqrt")


def test_effect_zero_is_the_plain_model(model, tmp_path: Path) -> None:
    silent = animated(model, tiny_motion(tmp_path), "use existing", effect=0.0)
    assert torch.equal(sample(silent), sample(model))


def test_scale_and_effect_matter(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    settings: list[dict[str, Any]] = [{}, {"scale": 1.5}, {"effect": 0.5}]
    found = [sample(animated(model, motion, **options)) for options in settings]
    assert relative_error(found[1], found[0]) > 1e-3
    assert relative_error(found[2], found[0]) > 1e-3


def test_start_and_end_percent(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    full, plain = animated(model, motion, "use existing"), model

    def predictions(patcher: Patcher) -> list[torch.Tensor]:
        seen: list[torch.Tensor] = []
        sample(patcher, steps=4, callback=lambda _step, x0, *_: seen.append(x0.clone()))
        return seen

    late = predictions(animated(model, motion, "use existing", start_percent=0.5))
    early = predictions(animated(model, motion, "use existing", end_percent=0.5))
    never, always = predictions(plain), predictions(full)
    assert torch.equal(late[0], never[0])
    assert not torch.equal(late[-1], never[-1])
    assert torch.equal(early[0], always[0])
    assert not torch.equal(early[-1], always[-1])


def test_chaining_two_motion_models(model, tmp_path: Path) -> None:
    first, second = tiny_motion(tmp_path, "v2", seed=1), tiny_motion(tmp_path, "v3", seed=2)
    both = animated(animated(model, first, "use existing"), second, "use existing")
    silent = tiny_motion(tmp_path, "v2", zero_output=True)
    assert torch.equal(
        sample(animated(animated(model, first, "use existing"), silent, "use existing")),
        sample(animated(model, first, "use existing")),
    )
    assert not torch.allclose(sample(both), sample(animated(model, first, "use existing")), atol=1e-2)


@pytest.mark.parametrize("sampler", ["euler_ancestral", "dpmpp_2m", "dpmpp_sde", "heun", "lcm", "ddim", "uni_pc"])
def test_any_sampler(model, tmp_path: Path, sampler: str) -> None:
    found = sample(animated(model, tiny_motion(tmp_path)), sampler=sampler)
    assert bool(found.isfinite().all())


def v3_node(module: str, name: str, *arguments: Any) -> Any:
    """Run a node of the host, whichever way it is written."""
    node = getattr(__import__(f"comfy_extras.{module}", fromlist=[name]), name)
    found = node.execute(*arguments) if hasattr(node, "execute") else getattr(node(), node.FUNCTION)(*arguments)
    return getattr(found, "result", found)[0]


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("nodes_freelunch", "FreeU_V2", (1.3, 1.4, 0.9, 0.2)),
        ("nodes_pag", "PerturbedAttentionGuidance", (3.0,)),
        ("nodes_model_advanced", "RescaleCFG", (0.7,)),
        ("nodes_sag", "SelfAttentionGuidance", (0.5, 2.0)),
        ("nodes_hypertile", "HyperTile", (256, 2, 0, False)),
        ("nodes_tomesd", "TomePatchModel", (0.3,)),
    ],
)
@pytest.mark.parametrize("after", [True, False])
def test_other_model_patches(
    model, tmp_path: Path, module: str, name: str, arguments: tuple[Any, ...], after: bool
) -> None:
    motion = tiny_motion(tmp_path)
    silent = tiny_motion(tmp_path, zero_output=True)

    def both(which: Any) -> Patcher:
        if after:
            return v3_node(module, name, animated(model, which, "use existing"), *arguments)
        return animated(v3_node(module, name, model, *arguments), which, "use existing")

    def run(patcher: Patcher) -> torch.Tensor:
        torch.manual_seed(0)
        # a middle block of four places: guidance by attention has nothing to do in one
        return sample(patcher, frames=4, steps=1, size=12)

    patched = run(v3_node(module, name, model, *arguments))
    assert torch.equal(run(both(silent)), patched), "the other patch acts as it does alone"
    assert relative_error(run(both(motion)), patched) > 1e-3


def test_pre_cfg_functions_run(model, tmp_path: Path) -> None:
    calls = []
    patched = animated(model, tiny_motion(tmp_path))
    patched.set_model_sampler_pre_cfg_function(lambda args: calls.append(len(args["conds_out"])) or args["conds_out"])
    sample(patched)
    assert calls == [2, 2]


def test_lora_hooks_with_keyframes(model, tmp_path: Path) -> None:
    weights = dict(model.model.named_parameters())
    name = "diffusion_model.output_blocks.2.0.in_layers.2.weight"
    patched = animated(model, tiny_motion(tmp_path))
    plain = sample(patched)
    hook = comfy.hooks.WeightHook(strength_model=1.0)
    hook.weights = {name: ("diff", (0.5 * weights[name].detach().clone(),))}
    hook.need_weight_init = False
    group = comfy.hooks.HookGroup()
    group.add(hook)
    positive, negative = conds()
    hooked = comfy.hooks.set_hooks_for_conditioning(positive, group)
    assert relative_error(sample(patched, positive=hooked, negative=negative), plain) > 1e-4
    assert torch.equal(sample(patched), plain)


@pytest.mark.parametrize("schedule", [ContextSchedules.STATIC_STANDARD, ContextSchedules.UNIFORM_STANDARD])
def test_host_context_windows(model, tmp_path: Path, schedule: str) -> None:
    """Windows of 16 frames over a clip longer than the position table."""
    from comfy_extras.nodes_context_windows import ContextWindowsManualNode

    motion = tiny_motion(tmp_path)
    seen: list[dict[str, Any]] = []

    def windowed(which: Any) -> Patcher:
        patched = ContextWindowsManualNode.execute(
            animated(model, which, "use existing"),
            context_length=16,
            context_overlap=4,
            context_schedule=schedule,
            context_stride=1,
            closed_loop=False,
            fuse_method=ContextFuseMethods.PYRAMID,
            dim=0,
            freenoise=False,
            causal_window_fix=False,
        ).result[0]
        patched.set_model_attn2_patch(lambda q, k, v, options: (seen.append(options["ad_params"]), (q, k, v))[1])
        return patched

    found = sample(windowed(motion), frames=40)
    assert bool(found.isfinite().all())
    assert {entry["full_length"] for entry in seen} == {40}
    assert all(len(entry["sub_idxs"]) == 16 == entry["context_length"] for entry in seen)
    assert not torch.equal(found, sample(windowed(tiny_motion(tmp_path, zero_output=True)), frames=40))


def test_regional_conditioning(model, tmp_path: Path) -> None:
    positive, negative = conds()
    area = [[positive[0][0], {"area": (4, 8, 0, 0), "strength": 1.0}], positive[0]]
    assert bool(sample(animated(model, tiny_motion(tmp_path)), positive=area, negative=negative).isfinite().all())


def test_another_pack_on_the_same_layers(model, tmp_path: Path) -> None:
    """The host calls one handler a layer; ours passes on to whoever else registered, before or after."""
    from kinema.nodes.host.animate.animate import ResBlock
    from kinema.nodes.host.temporal.runtime import PATCH

    calls: list[str] = []

    def theirs(layer: Any, x: torch.Tensor, emb: torch.Tensor, *_: Any) -> torch.Tensor:
        calls.append("theirs")
        return layer(x, emb)

    motion = tiny_motion(tmp_path)
    wanted = sample(animated(model, motion))
    other = model.clone()
    other.set_model_patch((ResBlock, theirs), PATCH)
    assert torch.equal(sample(animated(other, motion)), wanted)
    first = len(calls)
    other = animated(model, motion)
    other.set_model_patch((ResBlock, theirs), PATCH)
    assert torch.equal(sample(other), wanted)
    assert len(calls) == 2 * first > 0


@pytest.mark.parametrize("frames", [1, 3, 7])
def test_short_clips_run_and_say_so(model, tmp_path: Path, caplog, frames: int) -> None:
    caplog.set_level(logging.WARNING)
    assert bool(sample(animated(model, tiny_motion(tmp_path)), frames=frames).isfinite().all())
    assert "Set the batch size of the empty latent to 16" in caplog.text


def test_eight_frames_say_nothing(model, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.WARNING)
    sample(animated(model, tiny_motion(tmp_path)))
    assert "Kinema" not in caplog.text


@pytest.mark.parametrize(("version", "limit"), [("v1", 24), ("v2", 32), ("v3", 32)])
def test_clips_beyond_the_position_table_stop_before_sampling(model, tmp_path: Path, version: str, limit: int) -> None:
    patched = animated(model, tiny_motion(tmp_path, version))
    steps: list[int] = []
    with pytest.raises(
        ClipError, match=rf"at most {limit} frames at once, but {limit + 1} were asked for.*Sliding Context"
    ):
        sample(patched, frames=limit + 1, callback=lambda step, *_: steps.append(step))
    assert steps == []
    assert sample(patched, frames=limit, steps=1).shape[0] == limit


def test_other_base_models_are_refused(model, tmp_path: Path) -> None:
    wide = tiny_motion(tmp_path, "v3", channels=SDXL)
    with pytest.raises(
        AnimateError, match=r"\(AnimateDiff SDXL beta\) is made for SDXL, but the checkpoint is an SD1.5 model"
    ):
        animated(model, wide)
    narrow = tiny_motion(tmp_path, "v2", channels=(64, 64, 64, 64))
    with pytest.raises(AnimateError, match="of other widths"):
        animated(model, narrow)


@pytest.mark.parametrize(
    ("stored", "compute"),
    [
        (torch.float16, None),
        (torch.bfloat16, None),
        (torch.float8_e4m3fn, torch.float32),
        (torch.float16, torch.float32),
    ],
)
def test_dtypes(tmp_path: Path, stored: torch.dtype, compute: torch.dtype | None) -> None:
    """Weights of the UNet in every precision; the motion module follows what reaches it."""
    motion = tiny_motion(tmp_path)
    wanted = sample(animated(tiny_model(), motion), cfg=1.0)
    found = sample(animated(tiny_model(stored, compute), motion), cfg=1.0)
    assert bool(found.isfinite().all())
    assert relative_error(found, wanted) < (0.5 if stored == torch.float8_e4m3fn else 0.1)


def test_motion_weights_in_half_precision(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    wanted = sample(animated(model, motion))
    for dtype in (torch.float16, torch.bfloat16, torch.float8_e4m3fn):
        motion.model.to(dtype)
        assert relative_error(sample(animated(model, motion)), wanted) < 0.6
        motion = tiny_motion(tmp_path)


def test_partly_loaded_motion_model(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    patched = animated(model, motion, "use existing")
    wanted = sample(patched)
    (attached,) = patched.get_additional_models_with_key("kinema.motion")
    comfy.model_management.unload_all_models()
    attached.load(torch.device("cpu"), lowvram_model_memory=200_000)
    assert torch.equal(sample(patched), wanted)


@pytest.mark.parametrize("state", ["LOW_VRAM", "NO_VRAM", "NORMAL_VRAM"])
def test_memory_modes(model, tmp_path: Path, monkeypatch, state: str) -> None:
    """What --lowvram and --novram switch on; the host refuses those options together with --cpu."""
    patched = animated(model, tiny_motion(tmp_path), "use existing")
    wanted = sample(patched)
    comfy.model_management.unload_all_models()
    monkeypatch.setattr(comfy.model_management, "vram_state", comfy.model_management.VRAMState[state])
    monkeypatch.setattr(comfy.model_management, "is_device_cpu", lambda _device: False)
    (attached,) = patched.get_additional_models_with_key("kinema.motion")
    streamed: list[bool] = []
    found = sample(patched, callback=lambda *_: streamed.append(attached.model.model_lowvram))
    assert torch.equal(found, wanted)
    assert all(streamed) == (state == "NO_VRAM")
    comfy.model_management.unload_all_models()
    assert torch.equal(sample(model), sample(model.clone()))


def test_compiled(model, tmp_path: Path) -> None:
    from comfy_extras.nodes_torch_compile import TorchCompileModel

    patched = animated(model, tiny_motion(tmp_path), "use existing")
    wanted = sample(patched)
    with torch.inference_mode():
        compiled = TorchCompileModel.execute(patched, "eager").result[0]
    assert relative_error(sample(compiled), wanted) < 1e-5
    assert relative_error(sample(compiled, frames=12), sample(patched, frames=12)) < 1e-5


def test_reload_for_other_devices(model, tmp_path: Path) -> None:
    """Multi-GPU runs and non-dynamic delegates ask the patcher how to make itself again."""
    motion = tiny_motion(tmp_path)
    make, arguments = motion.loaded.patcher.cached_patcher_init
    again = make(*arguments, disable_dynamic=True)
    assert again.model is not motion.model
    for (name, ours), (other, theirs) in zip(
        motion.model.named_parameters(), again.model.named_parameters(), strict=True
    ):
        assert name == other
        assert torch.equal(ours, theirs)
    clone = motion.loaded.patcher.deepclone_multigpu()
    assert clone.model is not motion.model
