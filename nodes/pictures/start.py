"""Start From Picture, Inject Picture."""

from typing import Any

from comfy_api.latest import io

from ..host import sampling
from ..host.sampling import PictureOverTime, picture_latents
from ..inputs import as_value, percent_problem, strength_input, strength_problem

MOST_STEPS = 100


def _model_and_picture() -> list[io.Input]:
    return [
        io.Model.Input("model", tooltip="The model, before or after Animate Model."),
        io.Latent.Input(
            "picture",
            tooltip="From VAE Encode, in the size of the clip: one picture, or one for each frame.",
        ),
    ]


class StartFromPicture(io.ComfyNode):
    """MODEL in, MODEL whose clips begin from a picture out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaStartFromPicture",
            display_name="Start From Picture",
            category="Kinema/pictures",
            description="Mixes a picture into the noise a clip starts from, more in some frames than in others, so "
            "that the clip takes over its colours and layout.",
            search_aliases=["init image", "latent power", "image to video", "start frame", "img2vid"],
            inputs=[
                *_model_and_picture(),
                strength_input(
                    "strength",
                    "How much of the noise the picture replaces. 0.02 to 0.1 is usual; 1 is no noise at all. A Motion "
                    "Value gives each frame its own, for example falling after the first.",
                    low=0.0,
                    high=1.0,
                    default=0.05,
                ),
            ],
            outputs=[
                io.Model.Output("started", display_name="model", tooltip="For Animate Model or a sampler."),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: Any = 0.05) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return strength_problem("strength", strength, low=0.0, high=1.0) or True

    @classmethod
    def execute(cls, model: Any, picture: Any, strength: Any = 0.05) -> io.NodeOutput:
        """Set it on a clone of the model."""
        value = as_value("strength", strength, low=0.0, high=1.0)
        if value.keyframes:
            raise ValueError(
                "strength comes from a Motion Keyframe, which changes during the sampling; this one is needed once, at "
                "its start. Connect a Motion Value."
            )
        return io.NodeOutput(sampling.set_start(model, PictureOverTime(picture_latents(picture), value)))


class InjectPicture(io.ComfyNode):
    """MODEL in, MODEL into whose clips a picture is put while they are sampled out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaInjectPicture",
            display_name="Inject Picture",
            category="Kinema/pictures",
            description="Puts a picture into a clip while it is sampled: what the model has predicted by then becomes "
            "the picture, with the noise of that moment over it. Chain several for several pictures.",
            search_aliases=["noised image injection", "image injection", "noised image to inject", "keyframe image"],
            inputs=[
                *_model_and_picture(),
                strength_input(
                    "strength",
                    "1 puts the picture in place of the clip, 0.5 half of it. A Motion Value chooses frames, a mask "
                    "a part of the picture.",
                    low=0.0,
                    high=1.0,
                ),
                io.Float.Input(
                    "start_percent",
                    default=0.1,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    optional=True,
                    tooltip="Part of the sampling after which the picture is put in. Later keeps more of the picture.",
                ),
                io.Int.Input(
                    "steps",
                    default=1,
                    min=1,
                    max=MOST_STEPS,
                    optional=True,
                    advanced=True,
                    tooltip="At how many steps in a row. More holds the clip at the picture for longer.",
                ),
            ],
            outputs=[
                io.Model.Output("injected", display_name="model", tooltip="For Animate Model or a sampler."),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: Any = 1.0, start_percent: float | None = 0.1) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength, low=0.0, high=1.0)
        return problem or percent_problem("start_percent", start_percent) or True

    @classmethod
    def execute(
        cls, model: Any, picture: Any, strength: Any = 1.0, start_percent: float = 0.1, steps: int = 1
    ) -> io.NodeOutput:
        """Set it on a clone of the model."""
        problem = percent_problem("start_percent", start_percent)
        if problem is not None:
            raise ValueError(problem)
        over_time = PictureOverTime(picture_latents(picture), as_value("strength", strength, low=0.0, high=1.0))
        return io.NodeOutput(sampling.inject(model, sampling.Injection(over_time, start_percent, steps)))
