"""The inputs of every node that saves a clip."""

from comfy_api.latest import io

from ...motion.video import CODECS, CUT, ENDINGS, Setting, offered
from ..inputs import frame_rate_input

BOTH_WAYS = "Play forwards, then backwards."
RATE = "Frames per second. AnimateDiff is trained on 8."
FORMAT, QUALITY, PREFIX = "h264-mp4", 75, "video/kinema"


def saving_inputs(pingpong: str = BOTH_WAYS, frame_rate: io.Float.Input | None = None) -> list[io.Input]:
    """What a person chooses about the file.

    Args:
        pingpong: the tooltip of that input.
        frame_rate: that input, where it is another one.
    """
    return [
        frame_rate or frame_rate_input(RATE),
        io.DynamicCombo.Input(
            "format",
            options=[io.DynamicCombo.Option(name, _settings(name)) for name in CODECS],
            tooltip="h264 plays everywhere; vp9, ProRes, ffv1, gif, webp, apng and png keep transparency; ffv1 "
            "and png are lossless. Dropping the file on the canvas restores the workflow, except for gif.",
            optional=True,
        ),
        io.Int.Input(
            "quality",
            default=QUALITY,
            min=0,
            max=100,
            tooltip="0 is smallest, 100 is best. 75 looks like the original; lossless formats ignore it, webp "
            "is lossless at 100.",
            optional=True,
        ),
        io.Int.Input(
            "loop_count",
            default=0,
            min=0,
            max=100,
            tooltip="How often gif, webp and apng play; 0 is for ever. Videos ignore it.",
            optional=True,
        ),
        io.Boolean.Input("pingpong", default=False, tooltip=pingpong, optional=True),
        io.String.Input(
            "filename_prefix",
            default=PREFIX,
            tooltip="Name below the output folder. May contain %date:yyyy-MM-dd% and %Node title.widget%.",
            optional=True,
        ),
        io.Boolean.Input(
            "save_output",
            default=True,
            tooltip="Save to the output folder. Off writes to the temp folder, which the server empties.",
            optional=True,
        ),
        io.Audio.Input(
            "audio",
            optional=True,
            tooltip="Sound, cut to the length of the frames unless sound_length says otherwise. gif, webp, apng and "
            "png have none.",
        ),
    ]


def later_inputs() -> list[io.Input]:
    """Inputs that came later and go last, because saved graphs count positions."""
    return [
        io.Combo.Input(
            "sound_length",
            options=list(ENDINGS),
            default=CUT,
            tooltip="Where the sound is longer or shorter than the frames: cut it, follow it with silence, repeat it, "
            "or end the clip with it. None saves no sound.",
            optional=True,
        ),
    ]


def saving_outputs() -> list[io.Output]:
    """The saved clip on a wire, and where it is."""
    return [
        video_output(),
        io.String.Output("path", display_name="path", tooltip="The full path of the file, or of the folder of pngs."),
    ]


def video_output() -> io.Output:
    """The saved clip on a wire."""
    return io.Video.Output("video", display_name="video", tooltip="The saved clip, for nodes that take a VIDEO.")


def _settings(format: str) -> list[io.Input]:
    """The settings of a format, each a choice: their number may grow, see ``web/widgets/formats.js``."""
    return [
        io.Combo.Input(
            setting.name,
            options=_listed(format, setting),
            default=setting.choices[0],
            tooltip=setting.tooltip,
            optional=True,
            advanced=setting.advanced,
        )
        for setting in CODECS[format].settings
    ]


def _listed(format: str, setting: Setting) -> list[str]:
    """Encoders of a graphics card are only there if they work."""
    if setting.name != "encoder":
        return list(setting.choices)
    working = offered(format)
    return [choice for choice in setting.choices if choice == setting.choices[0] or choice in working]
