"""Training Settings."""

from typing import Any

from comfy_api.latest import io

from ...motion.sampling import SCHEDULES
from ...motion.training import EPSILON, OPTIMISERS, PRECISIONS, PREDICTIONS, RATE_SCHEDULES, optimiser_problem
from ..host.training import AUTO, Options
from ..inputs import TrainingSettingsType
from .common import CATEGORY, MOST_STEPS

DEFAULTS = Options()
FIELDS = {
    "optimizer": "optimiser",
    "lr_schedule": "rate_schedule",
    "max_grad_norm": "clip_norm",
    "ema": "average",
    "gradient_checkpointing": "checkpointing",
    "beta_schedule": "schedule",
    "zero_terminal_snr": "zero_snr",
    "min_snr_gamma": "gamma",
    "noise_offset": "offset",
    "caption_dropout": "dropout",
}
"""Inputs that are called something else inside."""


def _steps(name: str, tooltip: str, least: int = 1) -> Any:
    return io.Int.Input(
        name,
        default=getattr(DEFAULTS, FIELDS.get(name, name)),
        min=least,
        max=MOST_STEPS,
        tooltip=tooltip,
        optional=True,
    )


def _part(name: str, tooltip: str, most: float = 1.0, step: float = 0.01) -> Any:
    default = getattr(DEFAULTS, FIELDS.get(name, name))
    return io.Float.Input(
        name, default=default, min=0.0, max=most, step=step, round=1e-6, tooltip=tooltip, optional=True
    )


class TrainingSettings(io.ComfyNode):
    """How a training goes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainingSettings",
            display_name="Training Settings",
            category=CATEGORY,
            description="What the nodes that train have in common: optimizer, precision, memory, loss, previews and "
            "checkpoints. As it is, it trains as AnimateDiff's authors did.",
            search_aliases=[
                "optimizer",
                "adamw",
                "prodigy",
                "gradient checkpointing",
                "min snr",
                "ema",
                "lr scheduler",
            ],
            inputs=[
                io.Combo.Input(
                    "optimizer",
                    options=list(OPTIMISERS),
                    default=DEFAULTS.optimiser,
                    optional=True,
                    tooltip="adamw is what the authors used. 8-bit needs the package bitsandbytes, lion lion-pytorch, "
                    "prodigy prodigyopt (with a learning rate of 1).",
                ),
                _part("weight_decay", "How strongly weights are pulled to zero."),
                io.Combo.Input(
                    "lr_schedule",
                    options=list(RATE_SCHEDULES),
                    default=DEFAULTS.rate_schedule,
                    optional=True,
                    tooltip="Whether the learning rate stays, or falls to nothing at the last step.",
                ),
                _steps("warmup", "Steps in which the learning rate rises to what it is.", 0),
                _steps("accumulation", "Batches to a step: as good as a larger batch, without its memory."),
                _part("max_grad_norm", "Gradients longer than this are shortened. 0 leaves them.", 1000.0),
                _part(
                    "ema",
                    "Saves a running average of the weights, of which this part stays at each step, for "
                    "example 0.999. 0 saves the weights themselves.",
                    0.99999,
                    0.001,
                ),
                io.Combo.Input(
                    "precision",
                    options=[AUTO, *PRECISIONS],
                    default=AUTO,
                    optional=True,
                    tooltip="What the image model computes in. What is learnt is always fp32. auto is bf16 where the "
                    "device has it, else fp32.",
                ),
                io.Boolean.Input(
                    "gradient_checkpointing",
                    default=True,
                    optional=True,
                    tooltip="Needs much less memory, and a third more time.",
                ),
                io.Combo.Input(
                    "beta_schedule",
                    options=[AUTO, *SCHEDULES],
                    default=AUTO,
                    optional=True,
                    tooltip="The noise levels. auto: those of the motion module, and Stable Diffusion's for a domain "
                    "adapter.",
                ),
                io.Combo.Input(
                    "prediction",
                    options=[AUTO, *PREDICTIONS],
                    default=AUTO,
                    optional=True,
                    tooltip="What the image model predicts: the noise (epsilon), or v. auto is what ComfyUI takes the "
                    "checkpoint for.",
                ),
                io.Boolean.Input(
                    "zero_terminal_snr",
                    default=False,
                    optional=True,
                    tooltip="The last noise level has no signal left. Needs prediction v.",
                ),
                _part(
                    "min_snr_gamma",
                    "Weighs timesteps by min-SNR with this gamma, usually 5. 0: all alike.",
                    100.0,
                    0.1,
                ),
                _part(
                    "noise_offset",
                    "Noise that is the same all over a clip, so that very dark and bright ones are "
                    "learnt, for example 0.05.",
                ),
                _part("caption_dropout", "Part of the captions that are left out, which cfg needs."),
                _steps("save_every", "Steps from one checkpoint to the next. It goes on from the last one."),
                _steps("validate_every", "Steps from one look at the held-out clips to the next."),
                _steps("preview_every", "Steps from one preview clip to the next. 0 makes none.", 0),
                _steps(
                    "file_every", "Also saves a file after every so many steps, to choose from. 0: only the last.", 0
                ),
                io.String.Input(
                    "license",
                    default="",
                    optional=True,
                    tooltip="Written into the file, for example CC-BY-4.0.",
                ),
            ],
            outputs=[TrainingSettingsType.Output("settings", tooltip="For a node that trains.")],
        )

    @classmethod
    def validate_inputs(
        cls,
        optimizer: str = DEFAULTS.optimiser,
        zero_terminal_snr: bool = False,
        prediction: str = DEFAULTS.prediction,
    ) -> bool | str:
        """Answer settings that cannot work, alone or together, before anything runs."""
        problem = optimiser_problem(optimizer) if optimizer in OPTIMISERS else None
        if problem is not None:
            return problem
        if zero_terminal_snr and prediction == EPSILON:
            return "zero_terminal_snr leaves nothing to learn where the noise is predicted. Set prediction to v."
        return True

    @classmethod
    def execute(cls, **settings: Any) -> io.NodeOutput:
        """Put them into a record."""
        return io.NodeOutput(Options(**{FIELDS.get(name, name): value for name, value in settings.items()}))
