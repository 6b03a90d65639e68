"""Clip Noise and Noise Layer."""

from typing import Any

from comfy_api.latest import io

from ...motion.sampling import KINDS, LARGEST_WEIGHT, METHODS, SEEDINGS, SEEDS, ClipNoise, NoiseError, NoiseLayer
from ...motion.sampling import NoiseOptions as Options
from ..host import sampling
from ..inputs import MOST_FRAMES, NoiseLayersType, as_mask, frames_input

LARGEST_OFFSET = 2**53 - 1
"""The largest number a browser keeps exactly."""


def noise_inputs(seed_offset: int) -> list[io.Input]:
    """How noise is drawn and arranged; ``seed_offset`` is the usual one."""
    return [
        io.Combo.Input(
            "noise_type",
            options=list(KINDS),
            default="default",
            tooltip="default: each frame its own. constant: all frames that of the first. empty: none. "
            "repeated_context: the first context_length frames over and over. FreeNoise: after context_length frames "
            "those before come again, shuffled; for long clips with context windows.",
            optional=True,
        ),
        io.Combo.Input(
            "seeding",
            options=list(SEEDINGS),
            default="comfy",
            tooltip="comfy draws the whole clip from one seed. auto1111 draws each frame from a seed of its own, the "
            "next number for the next frame.",
            optional=True,
        ),
        frames_input("Frames of noise to skip at the start.", "batch_offset", default=0, least=0),
        io.Int.Input(
            "seed_offset",
            default=seed_offset,
            min=-LARGEST_OFFSET,
            max=LARGEST_OFFSET,
            tooltip="Added to the seed of the sampler.",
            optional=True,
        ),
    ]


def context_inputs() -> list[io.Input]:
    """The windows that repeated noise follows."""
    return [
        frames_input(
            "For repeated_context and FreeNoise: frames of a context window, as in the context options.",
            "context_length",
            advanced=True,
        ),
        frames_input(
            "For FreeNoise: frames shared by neighbouring windows, as in the context options.",
            "context_overlap",
            default=4,
            least=0,
            most=MOST_FRAMES - 1,
            advanced=True,
        ),
    ]


def noise_problem(noise_type: str | None, length: int | None, overlap: int | None) -> str | None:
    """What is wrong with settings; None if nothing is, or if one comes over a wire and is not known yet."""
    if noise_type is None or length is None or overlap is None:
        return None
    try:
        Options(noise_type, context_length=length, context_overlap=overlap)
    except NoiseError as error:
        return str(error)
    return None


class MakeClipNoise(io.ComfyNode):
    """MODEL in, MODEL that samples from other noise out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaClipNoise",
            display_name="Clip Noise",
            category="Kinema/sampling",
            description="Chooses the noise a clip starts from, whichever sampler node follows. With adding noise "
            "switched off in the sampler it does nothing.",
            search_aliases=["sample settings", "freenoise", "noise type", "constant noise", "seed gen", "batch offset"],
            inputs=[
                io.Model.Input("model", tooltip="The model, before or after Animate Model."),
                *noise_inputs(seed_offset=0),
                *context_inputs(),
                NoiseLayersType.Input(
                    "noise_layers", optional=True, tooltip="More noise over this one, from Noise Layer."
                ),
            ],
            outputs=[
                io.Model.Output(
                    "noised",
                    display_name="model",
                    tooltip="The model, sampling from this noise. Of several Clip Noise in a row the last one counts.",
                )
            ],
        )

    @classmethod
    def validate_inputs(
        cls, noise_type: str | None = None, context_length: int | None = None, context_overlap: int | None = None
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return noise_problem(noise_type, context_length, context_overlap) or True

    @classmethod
    def execute(
        cls,
        model: Any,
        noise_type: str = "default",
        seeding: str = "comfy",
        batch_offset: int = 0,
        seed_offset: int = 0,
        context_length: int = 16,
        context_overlap: int = 4,
        noise_layers: tuple[NoiseLayer, ...] = (),
    ) -> io.NodeOutput:
        """Put the noise on a clone of the model."""
        options = Options(noise_type, seeding, batch_offset, seed_offset, context_length, context_overlap)
        return io.NodeOutput(sampling.set_clip_noise(model, ClipNoise(options, tuple(noise_layers))))


class MakeNoiseLayer(io.ComfyNode):
    """Noise over the noise of Clip Noise."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaNoiseLayer",
            display_name="Noise Layer",
            category="Kinema/sampling",
            description="More noise to go over that of Clip Noise, in the whole picture or where a mask says.",
            search_aliases=["noise layers", "mixed noise", "noise mask", "add noise", "replace noise"],
            inputs=[
                *noise_inputs(seed_offset=1),
                io.Combo.Input(
                    "method",
                    options=list(METHODS),
                    default="normalized_sum",
                    tooltip="normalized_sum mixes both and keeps the strength of the noise. replace fades from one to "
                    "the other. add puts it on top. add_weighted also takes away from what is under it, see balance.",
                    optional=True,
                ),
                io.Float.Input(
                    "weight",
                    default=0.5,
                    min=0.0,
                    max=LARGEST_WEIGHT,
                    step=0.01,
                    tooltip="How much of the layer: 0 is none, 1 is the layer alone. Above 1 only with add and "
                    "add_weighted.",
                    optional=True,
                ),
                *context_inputs(),
                io.Float.Input(
                    "balance",
                    default=1.0,
                    min=0.0,
                    max=LARGEST_WEIGHT,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="For add_weighted: weight times balance is taken away from what is under the layer.",
                ),
                io.Int.Input(
                    "seed_override",
                    default=-1,
                    min=-1,
                    max=SEEDS - 1,
                    advanced=True,
                    optional=True,
                    tooltip="A seed of its own, the same whatever the sampler has. -1 takes the sampler's. seed_offset "
                    "is added to either.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the layer is: one mask for the whole clip or one for each frame. White is all of "
                    "the weight, black none.",
                ),
                NoiseLayersType.Input(
                    "previous_noise_layers",
                    optional=True,
                    tooltip="Another Noise Layer, to go over this one afterwards.",
                ),
            ],
            outputs=[
                NoiseLayersType.Output(
                    "noise_layers",
                    display_name="noise_layers",
                    tooltip="For Clip Noise, or for previous_noise_layers of another Noise Layer.",
                )
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        noise_type: str | None = None,
        context_length: int | None = None,
        context_overlap: int | None = None,
        method: str | None = None,
        weight: float | None = None,
        balance: float | None = 1.0,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = noise_problem(noise_type, context_length, context_overlap)
        if problem is None and method is not None and weight is not None and balance is not None:
            try:
                NoiseLayer(method=method, weight=weight, balance=balance)
            except NoiseError as error:
                return str(error)
        return problem or True

    @classmethod
    def execute(
        cls,
        noise_type: str = "default",
        seeding: str = "comfy",
        batch_offset: int = 0,
        seed_offset: int = 1,
        method: str = "normalized_sum",
        weight: float = 0.5,
        context_length: int = 16,
        context_overlap: int = 4,
        balance: float = 1.0,
        seed_override: int = -1,
        mask: Any = None,
        previous_noise_layers: tuple[NoiseLayer, ...] = (),
    ) -> io.NodeOutput:
        """Put the layer under those that are there."""
        layer = NoiseLayer(
            Options(noise_type, seeding, batch_offset, seed_offset, context_length, context_overlap),
            method,
            weight,
            balance,
            None if seed_override < 0 else seed_override,
            None if mask is None else as_mask("mask", mask),
        )
        return io.NodeOutput((layer, *previous_noise_layers))
