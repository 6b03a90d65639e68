"""Patches of other nodes that cannot do with windows, told before the sampling."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from comfy.patcher_extension import WrappersMP

from ....motion.windows import WindowError
from .closures import leaves_to, name_of, rebinds

GUIDANCES = ("sampler_post_cfg_function", "sampler_pre_cfg_function")
"""Lists of functions that the host calls with the prediction of the whole clip."""
GUIDANCE = ("sampler_cfg_function", "sampler_calc_cond_batch_function")
"""The same, one function each."""
CALLS = (WrappersMP.CALC_COND_BATCH, WrappersMP.APPLY_MODEL, WrappersMP.DIFFUSION_MODEL)
"""Wrappers that see one window at a time."""
SINGLE_PICTURES = ("TemporalScoreRescaling", "RenormCFG")
"""Nodes of the host that fail on every latent of more than one picture."""


def check_patches(model_options: Mapping[str, Any], frames: int) -> None:
    """Stop on patches that keep something of a call of the model that nobody else can tell them for a clip.

    Raises:
        WindowError: there is one, or one takes single pictures only.
    """
    options = model_options["transformer_options"]
    guidances = list(guidance_functions(model_options))
    for name in map(name_of, guidances):
        if frames > 1 and name in SINGLE_PICTURES:
            raise WindowError(f"{name} works on single pictures only and fails on a clip. Take it out of the workflow.")
    around = [each for type in CALLS for each in _wrappers(options, type)]
    if "model_function_wrapper" in model_options:
        around.append(model_options["model_function_wrapper"])
    inside = [patch for patches in options.get("patches", {}).values() for patch in patches]
    keeping = [each for each in around if rebinds(each)] + [each for each in inside if leaves_to(each, guidances)]
    if keeping:
        raise WindowError(
            f"{name_of(keeping[0])} keeps what it saw in one call of the model for a later one, which with Sliding "
            "Context holds other frames. Take it out of the workflow, or make a clip that fits in one window."
        )


def guidance_functions(model_options: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    """What the host calls with the prediction of the whole clip."""
    for name in GUIDANCES:
        yield from model_options.get(name, ())
    yield from (model_options[name] for name in GUIDANCE if name in model_options)


def _wrappers(options: Mapping[str, Any], type: str) -> Iterator[Any]:
    for listed in options.get("wrappers", {}).get(type, {}).values():
        yield from listed
