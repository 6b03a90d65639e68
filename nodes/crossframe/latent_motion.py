"""Latent Motion."""

from typing import Any

from comfy_api.latest import io

from ...motion.crossframe import CameraMotion
from ..host import crossframe
from ..inputs import frames_input
from .moves import USUAL as FAR
from .moves import move_inputs

MOST_STEPS = 1000
FRAMES, LEAST_FRAMES, MOST_FRAMES = 8, 2, 4096
SCHEDULER = "ddim_uniform"
T0, T1 = 881, 941
LAST_TIMESTEP = 999


class LatentMotion(io.ComfyNode):
    """The size of a picture in, noisy frames that move out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        timestep = {"min": 1, "max": LAST_TIMESTEP, "advanced": True, "optional": True}
        return io.Schema(
            node_id="KinemaLatentMotion",
            display_name="Latent Motion",
            category="Kinema/crossframe",
            description="Begins a clip of a plain image model: samples the first frame a few steps, moves copies of it "
            "as a camera would, and gives all of them the noise from which a sampler goes on.",
            search_aliases=["text2video-zero", "text2video zero", "zero-shot video", "motion latents", "motion field"],
            inputs=[
                io.Model.Input("model", tooltip="The model that samples afterwards, from Cross-Frame Attention."),
                io.Conditioning.Input("positive", tooltip="The prompt that the sampler gets."),
                io.Conditioning.Input("negative", tooltip="The negative prompt that the sampler gets."),
                io.Latent.Input("latents", tooltip="The size of a frame, from Empty Latent Image; one is enough."),
                frames_input("How many frames the clip has.", default=FRAMES, least=LEAST_FRAMES, most=MOST_FRAMES),
                *move_inputs(),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=True,
                    tooltip="Of the noise of all frames. The first one is what a KSampler makes of the same seed.",
                    optional=True,
                ),
                io.Int.Input(
                    "steps",
                    default=50,
                    min=2,
                    max=MOST_STEPS,
                    tooltip="As many as the sampler has, those that are done here among them.",
                    optional=True,
                ),
                io.Float.Input(
                    "cfg",
                    default=7.5,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    tooltip="The strength of the prompt, as the sampler has it.",
                    optional=True,
                ),
                io.Combo.Input(
                    "scheduler",
                    options=list(crossframe.SCHEDULERS),
                    default=SCHEDULER,
                    tooltip="The one that the sampler has.",
                    advanced=True,
                    optional=True,
                ),
                io.Int.Input(
                    "t0",
                    default=T0,
                    tooltip="The timestep at which the first frame is copied and moved, of 1000 from the last to the "
                    "first step. The nearest step counts. The lower it is, the more exactly the copies move.",
                    **timestep,
                ),
                io.Int.Input(
                    "t1",
                    default=T1,
                    tooltip="The timestep from which all frames are sampled. The nearest step counts. The further it "
                    "is above t0, the more freely objects move.",
                    **timestep,
                ),
            ],
            outputs=[
                io.Latent.Output(
                    "moved",
                    display_name="latents",
                    tooltip="The noisy frames, for a sampler that adds no noise: KSampler (Advanced) with add_noise at "
                    "disable, SamplerCustom with add_noise off.",
                ),
                io.Int.Output("start", display_name="start_step", tooltip="The start_at_step of KSampler (Advanced)."),
                io.Sigmas.Output(
                    "sigmas", display_name="sigmas", tooltip="The noise levels that are left, for SamplerCustom."
                ),
                io.String.Output("report", display_name="report", tooltip="What was done, and how to go on."),
            ],
        )

    @classmethod
    def validate_inputs(cls, t0: int | None = T0, t1: int | None = T1) -> bool | str:
        """Answer timesteps in the wrong order before anything runs."""
        if t0 is None or t1 is None or t0 <= t1:
            return True
        return f"t0 is {t0}, above t1, which is {t1}. Set t0 to {t1} or lower; {T0} and {T1} are usual."

    @classmethod
    def execute(
        cls,
        model: Any,
        positive: Any,
        negative: Any,
        latents: dict[str, Any],
        frames: int = FRAMES,
        dx: float = FAR,
        dy: float = FAR,
        seed: int = 0,
        steps: int = 50,
        cfg: float = 7.5,
        scheduler: str = SCHEDULER,
        t0: int = T0,
        t1: int = T1,
    ) -> io.NodeOutput:
        """Sample the first frame and make the others of it."""
        motion = CameraMotion(dx, dy)
        way = crossframe.MotionWay(frames, motion, seed, steps, scheduler, cfg, t0, t1, positive, negative)
        found = crossframe.motion_latents(model, latents, way)
        return io.NodeOutput({"samples": found.latents}, found.start, found.sigmas, crossframe.told_motion(way, found))
