"""Noise schedules on a model patcher."""

from types import SimpleNamespace

from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import V_PREDICTION, ModelSamplingDiscrete, rescale_zero_terminal_snr_sigmas
from comfy_extras.nodes_model_advanced import LCM, ModelSamplingDiscreteDistilled

from ....motion.sampling import SCHEDULES, distilled, zero_terminal


def set_beta_schedule(model: ModelPatcher, name: str) -> None:
    """Patch a schedule onto a clone, keeping the kind of prediction (eps, v, LCM, ...) the model already has.

    Raises:
        ValueError: the model does not use discrete noise levels, as every Stable Diffusion model does.
    """
    current = model.get_model_object("model_sampling")
    if not isinstance(current, ModelSamplingDiscrete):
        raise ValueError(
            f"The beta schedule {name!r} needs a Stable Diffusion 1.5 or SDXL model; this model samples with "
            f"{type(current).__name__}. Choose 'use existing' or another checkpoint."
        )
    schedule = SCHEDULES[name]
    sampling = type(current)
    if schedule.lcm_timesteps is not None:
        sampling = type("ModelSamplingLCM", (_Distilled[schedule.lcm_timesteps], LCM), {})
    zsnr = bool(getattr(current, "zsnr", False))
    settings = dict(getattr(model.model.model_config, "sampling_settings", None) or {})
    patched = sampling(SimpleNamespace(sampling_settings=settings), zsnr=zsnr)
    sigmas = schedule.sigmas()
    if zsnr:
        sigmas = rescale_zero_terminal_snr_sigmas(sigmas)
    # by attribute: the host loads its own node files under other module names, so its classes are not ours
    lcm_timesteps = getattr(patched, "original_timesteps", None)
    if lcm_timesteps is not None:
        sigmas = distilled(sigmas, lcm_timesteps)
    patched.set_sigmas(sigmas)
    model.add_object_patch("model_sampling", patched)


def set_zero_terminal(model: ModelPatcher, name: str) -> None:
    """Patch v-prediction with a zero terminal signal-to-noise ratio onto a clone (arXiv 2305.08891).

    Args:
        name: the schedule that is rescaled, a key of `SCHEDULES`.
    """
    patched = type("ModelSamplingZeroTerminal", (ModelSamplingDiscrete, V_PREDICTION), {})(zsnr=True)
    patched.set_sigmas(zero_terminal(SCHEDULES[name].sigmas()))
    model.add_object_patch("model_sampling", patched)


class _Distilled100(ModelSamplingDiscreteDistilled):
    original_timesteps = 100


class _Distilled200(ModelSamplingDiscreteDistilled):
    original_timesteps = 200


_Distilled = {50: ModelSamplingDiscreteDistilled, 100: _Distilled100, 200: _Distilled200}
