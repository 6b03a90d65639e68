"""Efficiency's scripts: what its samplers do besides sampling, taken apart into nodes around the host's sampler."""

from collections.abc import Sequence

from .ade_context import in_windows
from .ade_models import motion_module
from .ade_sampling import beta
from .records import LIVE, UnsupportedError, Value, is_number
from .rules import Builder, Old
from .vhs import FORMATS

ANIMATE, AGAIN = "AnimateDiff Script", "HighRes-Fix Script"
SCRIPTS = (ANIMATE, AGAIN)
SAME = ("(use same)", "")
MOST_RUNS = 5
"""As many further runs as the script has."""


def scripts_of(sampler: Old) -> Sequence[Old]:
    """The scripts at a sampler in the order in which they act.

    Raises:
        UnsupportedError: one of them is not known.
    """
    at, found = sampler, list[Old]()
    while at.linked("script"):
        script = at.upstream("script")
        if script is None or script.node.type not in SCRIPTS or script in found:
            kind = "another node" if script is None else script.node.type
            raise UnsupportedError(f"script: what {kind} of Efficiency Nodes does has nodes of its own")
        sampler.builder.absorb(script.node.id)
        found.append(script)
        at = script
    return [script for script in reversed(found) if script.node.mode == LIVE]


def animated(script: Old, new: Builder, model: Value) -> Value:
    """A model with the motion module and the windows of an AnimateDiff Script."""
    animate = new.node(
        "KinemaAnimateModel",
        script,
        model=model,
        beta_schedule=beta(script.get("beta_schedule", "autoselect"), new),
    )
    new.new[animate.id].values["motion_model"] = motion_module(script, new)[0]
    return in_windows(script, new, animate[0])


def saved(script: Old, new: Builder, images: Value) -> None:
    """The clip that an AnimateDiff Script wrote."""
    format = script.get("format", "image/gif")
    new.node(
        "KinemaCombineVideo",
        script,
        images=images,
        frame_rate=script.get("frame_rate", 8),
        format=FORMATS.get(format, "h264-mp4") if isinstance(format, str) else format,
        loop_count=script.get("loop_count", 0),
        pingpong=script.get("pingpong", False),
        save_output=script.get("save_image", True),
        filename_prefix="AnimateDiff",
    )


def sampled_again(script: Old, new: Builder, sampler: Old, model: Value, latent: Value) -> Value:
    """Latents after the further, larger run of a HighRes-Fix Script.

    Raises:
        UnsupportedError: it enlarges pictures, or takes another checkpoint or a ControlNet.
    """
    kind = script.get("upscale_type", "latent")
    if kind != "latent" or script.get("hires_ckpt_name", "") not in SAME or script.get("use_controlnet", False) is True:
        raise UnsupportedError(f"script: a HighRes-Fix Script that enlarges by {kind} has nodes of its own")
    runs = script.known("iterations", 1)
    if not is_number(runs):
        raise UnsupportedError("script: iterations of HighRes-Fix Script are not known")
    for _ in range(min(max(int(runs), 1), MOST_RUNS)):
        larger = new.node(
            "LatentUpscaleBy",
            script,
            samples=latent,
            upscale_method=script.get("latent_upscaler", "nearest-exact"),
            scale_by=script.get("upscale_by", 1.25),
        )
        same = script.get("use_same_seed", True) is not False
        seed = sampler.get("seed", sampler.get("noise_seed", 0)) if same else script.get("seed", 0)
        latent = new.node(
            "KSampler",
            script,
            model=model,
            seed=seed,
            steps=script.get("hires_steps", 12),
            denoise=script.get("denoise", 0.56),
            latent_image=larger[0],
            **{name: sampler[name] for name in ("cfg", "sampler_name", "scheduler", "positive", "negative")},
        )[0]
    return latent
