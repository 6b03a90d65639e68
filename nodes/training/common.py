"""What every node that trains asks for and gives."""

from typing import Any

from comfy_api.latest import io, ui

from ...motion.training import TrainingError
from ..host.clips import TrainingClips
from ..host.notices import notice
from ..host.training import Learnt, name_problem
from ..inputs import TrainingClipsType, TrainingSettingsType

CATEGORY = "Kinema/training"
MOST_STEPS = 1_000_000
MOST_CLIPS = 256
MOST_SEED = 0xFFFFFFFFFFFFFFFF


def clips_input(tooltip: str) -> Any:
    """The clips."""
    return TrainingClipsType.Input("training_clips", tooltip=tooltip)


def training_inputs(prefix: str, folder: str, steps: int, batch_size: int, learning_rate: float = 1e-4) -> list[Any]:
    """How long and how fast, and where the file goes.

    Args:
        prefix: of the file.
        folder: the model folder, for people.
    """
    return [
        io.String.Input(
            "filename_prefix",
            default=prefix,
            tooltip=f"Name of the file in models/{folder}; a number is added. A folder may stand before it, as in "
            f"mine/{prefix}.",
            optional=True,
        ),
        io.Int.Input(
            "steps",
            default=steps,
            min=1,
            max=MOST_STEPS,
            tooltip="Changes of the weights. Stopped before, it goes on where it was when it is queued again.",
            optional=True,
        ),
        io.Float.Input(
            "learning_rate",
            default=learning_rate,
            min=1e-8,
            max=1.0,
            step=1e-6,
            round=1e-8,
            tooltip="How much a step changes. Lower it if the loss rises, or becomes no number.",
            optional=True,
        ),
        io.Int.Input(
            "batch_size",
            default=batch_size,
            min=1,
            max=MOST_CLIPS,
            tooltip="Clips in a step. More need more memory; accumulation in Training Settings does not.",
            optional=True,
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=MOST_SEED,
            control_after_generate=False,
            tooltip="Everything that is drawn. The same seed, clips and settings learn the same again.",
            optional=True,
        ),
    ]


def settings_input() -> Any:
    """The rest, from a node of its own."""
    return TrainingSettingsType.Input(
        "settings", optional=True, tooltip="From Training Settings: optimizer, precision, memory, previews and more."
    )


def training_outputs() -> list[Any]:
    """What all of them give."""
    return [
        io.Image.Output("curve", display_name="loss_curve", tooltip="The losses, and frames of the last preview."),
        io.String.Output("file", display_name="file", tooltip="Where the file is."),
        io.String.Output("report", display_name="report", tooltip="What was learnt, and how well on held-out clips."),
    ]


class TrainingNode(io.ComfyNode):
    """A node whose training ends in a file."""

    @classmethod
    def validate_inputs(cls, filename_prefix: str | None = None) -> bool | str:
        """Answer a name that cannot be one before anything runs."""
        problem = None if filename_prefix is None else name_problem(filename_prefix)
        return problem or True


def as_output(node: type[io.ComfyNode], first: Any, learnt: Learnt, *more: Any) -> io.NodeOutput:
    """What the node gives, its losses shown on it.

    Args:
        first: the first output.
        more: those behind it.
    """
    notice(learnt.told.partition("\n")[0])
    shown = ui.PreviewImage(learnt.picture, cls=node)
    return io.NodeOutput(first, *more, learnt.picture, str(learnt.path), learnt.told, ui=shown)


def check_frames(clips: TrainingClips, least: int, what: str) -> None:
    """Refuse clips with too few frames to learn motion from.

    Raises:
        TrainingError: they have fewer.
    """
    if clips.frames >= least:
        return
    raise TrainingError(
        f"The clips have {clips.frames} frame{'s' * (clips.frames > 1)}, and {what} is learnt from {least} or more. "
        "Set frames of Load Clips to 16."
    )
