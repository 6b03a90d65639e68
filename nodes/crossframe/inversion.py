"""DDIM Invert."""

from typing import Any

from comfy_api.latest import io

from ..host import crossframe
from ..host.notices import progress

MOST_STEPS = 1000
USUAL = "ddim_uniform"
NOTHING = object()
"""What is not connected; the host gives None for what is."""


class DdimInvert(io.ComfyNode):
    """A clip in, the noise from which a sampler makes it out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaDdimInvert",
            display_name="DDIM Invert",
            category="Kinema/crossframe",
            description="Finds the noise from which this model makes a given clip. Sampled from it with another "
            "prompt, the clip keeps its composition and its motion.",
            search_aliases=[
                "ddim inversion",
                "inversion",
                "unsampler",
                "unsample",
                "latent to noise",
                "invert latent",
                "video editing",
            ],
            inputs=[
                io.Model.Input(
                    "model", tooltip="The model that samples afterwards, with Apply Tune-A-Video or Animate Model."
                ),
                io.Conditioning.Input("positive", tooltip="The empty prompt, or a description of the clip as it is."),
                io.Latent.Input("latents", tooltip="The frames of the clip, from Encode Frames."),
                io.Int.Input(
                    "steps",
                    default=50,
                    min=1,
                    max=MOST_STEPS,
                    tooltip="As many as the sampler takes. More come closer to the clip.",
                    optional=True,
                ),
                io.Combo.Input(
                    "scheduler",
                    options=list(crossframe.SCHEDULERS),
                    default=USUAL,
                    tooltip="The one that the sampler has.",
                    optional=True,
                ),
                io.Float.Input(
                    "cfg",
                    default=1.0,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    tooltip="Keep it at 1: the way back is less exact with more. Other values need a negative prompt.",
                    advanced=True,
                    optional=True,
                ),
                io.Boolean.Input(
                    "check",
                    default=True,
                    tooltip="Sample back once and report how far the clip is from the one that came in. Takes as long "
                    "again.",
                    optional=True,
                ),
                io.Conditioning.Input("negative", tooltip="For a cfg other than 1.", optional=True),
            ],
            outputs=[
                io.Latent.Output(
                    "inverted",
                    display_name="latents",
                    tooltip="The noise of the clip, for a sampler that adds none: KSampler (Advanced) with add_noise "
                    "at disable, SamplerCustom with add_noise off.",
                ),
                io.String.Output("report", display_name="report", tooltip="What was done, and how exact it is."),
                io.Sigmas.Output("sigmas", display_name="sigmas", tooltip="The noise levels, for SamplerCustom."),
            ],
        )

    @classmethod
    def validate_inputs(cls, cfg: float | None = 1.0, negative: Any = NOTHING) -> bool | str:
        """Answer guidance away from nothing before anything runs."""
        return _guidance_problem(cfg, negative is NOTHING) or True

    @classmethod
    def execute(
        cls,
        model: Any,
        positive: Any,
        latents: dict[str, Any],
        steps: int = 50,
        scheduler: str = USUAL,
        cfg: float = 1.0,
        check: bool = True,
        negative: Any = None,
    ) -> io.NodeOutput:
        """Sample backwards, and forwards again to compare."""
        problem = _guidance_problem(cfg, negative is None)
        if problem is not None:
            raise ValueError(problem)
        way = crossframe.Way(steps, scheduler, cfg, positive, positive if negative is None else negative)
        found = crossframe.invert(model, latents, way, check)
        if found.error is not None:
            progress(f"Sampled back, the clip differs by {found.error:.2%}.")
        return io.NodeOutput({**latents, "samples": found.latents}, crossframe.told(way, found), found.sigmas)


def _guidance_problem(cfg: float | None, alone: bool) -> str | None:
    """What is wrong with a strength of guidance, None if nothing is or it is not known yet.

    Args:
        alone: whether there is no negative prompt.
    """
    if cfg is None or cfg == 1.0 or not alone:
        return None
    return f"cfg is {cfg:g}, which needs a negative prompt. Connect negative, or set cfg to 1."
