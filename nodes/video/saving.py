"""The inputs of every node that saves a clip, and what it does with them."""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from comfy_api.latest import io

from ...motion.video import CODECS, Clip, Job, Pictures, Sound, VideoError, check_encoder, expand_prefix, write_video
from ..host import folders, video
from ..host.notices import notice
from ..inputs import FRAME_RATE, LEAST_FRAME_RATE, MOST_FRAME_RATE, frame_rate_input

BOTH_WAYS = "Play forwards, then backwards."
FORMAT, QUALITY, PREFIX = "h264-mp4", 75, "video/kinema"


def saving_inputs(pingpong: str = BOTH_WAYS) -> list[io.Input]:
    """What a person chooses about the file.

    Args:
        pingpong: the tooltip of that input.
    """
    return [
        frame_rate_input("Frames per second. AnimateDiff is trained on 8."),
        io.Combo.Input(
            "format",
            options=list(CODECS),
            default=FORMAT,
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
            tooltip="Sound, cut to the length of the frames. gif, webp, apng and png have none.",
        ),
    ]


def video_output() -> io.Output:
    """The saved clip on a wire."""
    return io.Video.Output("video", display_name="video", tooltip="The saved clip, for nodes that take a VIDEO.")


def saving_problem(frame_rate: float | None, filename_prefix: str | None, format: str | None) -> str | None:
    """What is wrong with settings, None if nothing is; a setting that is not known yet is None too."""
    if frame_rate is not None and not LEAST_FRAME_RATE <= frame_rate <= MOST_FRAME_RATE:
        return (
            f"frame_rate is {frame_rate}; it must be between {LEAST_FRAME_RATE:g} and {MOST_FRAME_RATE:g} frames "
            "per second."
        )
    if format is not None and format not in CODECS:
        return f"format {format!r} is unknown. Choose one of: {', '.join(CODECS)}."
    problem = None if filename_prefix is None else folders.check_prefix(filename_prefix)
    if problem is not None:
        return f"{problem}."
    try:
        if format is not None:
            check_encoder(CODECS[format])
    except VideoError as error:
        return str(error)
    return None


def save_clip(
    hidden: Any,
    images: Pictures,
    frame_rate: float = FRAME_RATE,
    format: str = FORMAT,
    quality: int = QUALITY,
    loop_count: int = 0,
    pingpong: bool = False,
    filename_prefix: str = PREFIX,
    save_output: bool = True,
    audio: Any = None,
    at_once: int = 1,
) -> io.NodeOutput:
    """Write the file, then show it.

    Args:
        hidden: the prompt and the workflow of the node.
        at_once: how many frames to ask ``images`` for together.

    Raises:
        VideoError: settings that cannot work, or a file that could not be written.
    """
    problem = saving_problem(frame_rate, None, format)
    if problem is not None:
        raise VideoError(problem)
    codec = CODECS[format]
    extra = hidden.extra_pnginfo
    workflow = extra.get("workflow") if isinstance(extra, Mapping) else None
    prefix = expand_prefix(filename_prefix, hidden.prompt, workflow, datetime.now())
    height, width = images.shape[1:3]
    place = folders.save_path(prefix, not save_output, width, height)
    paths = place.paths("" if codec.sequence else f".{codec.extension}")
    side = None if codec.plays_in_browser else f"kinema-preview-{uuid4().hex}.mp4"
    saved = write_video(
        Job(
            Clip(images, frame_rate, pingpong, _sound(audio), at_once),
            codec,
            next(paths),
            quality,
            loop_count,
            video.workflow_tags(hidden.prompt, extra),
            None if side is None else Path(folders.temporary_folder()) / side,
            video.progress_reporter(),
            paths,
        )
    )
    if saved.left_out:
        notice(" ".join(saved.left_out))
    if codec.fastest is not None and frame_rate > codec.fastest:
        notice(f"Browsers play {format} at {codec.fastest} frames a second at most, so it has that many.", logging.INFO)
    readable = None if codec.still or codec.sequence else saved.path
    return io.NodeOutput(
        video.video_value(readable, images, audio, frame_rate),
        ui=video.preview(codec, saved.path.name, place.subfolder, place.kind, saved.preview and saved.preview.name),
    )


def _sound(audio: Any) -> Sound | None:
    """The first clip of an AUDIO batch.

    Raises:
        VideoError: the value is not what the host calls AUDIO.
    """
    if audio is None:
        return None
    waveform, rate = audio.get("waveform"), audio.get("sample_rate", 0)
    if waveform is None or waveform.ndim != 3 or 0 in waveform.shape or int(rate) <= 0:
        raise VideoError("The audio is empty or malformed: expected a waveform of (batch, channels, samples).")
    return Sound(waveform[0], int(rate))
