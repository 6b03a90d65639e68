"""What every node that saves a clip does with its inputs."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from comfy_api.latest import io

from ...motion.video import (
    CODECS,
    CUT,
    ENDINGS,
    Clip,
    Heard,
    Job,
    Pictures,
    SettingError,
    Sound,
    VideoError,
    Wanted,
    check_encoder,
    encoding_for,
    expand_prefix,
    hardware_problem,
    settled,
    write_video,
)
from ..host import folders, video
from ..host.notices import notice
from ..inputs import FRAME_RATE, LEAST_FRAME_RATE, MOST_FRAME_RATE
from .choices import FORMAT, PREFIX, QUALITY


def saving_problem(frame_rate: float | None, filename_prefix: str | None, format: Any) -> str | None:
    """What is wrong with settings, None if nothing is; a setting that is not known yet is None too.

    Args:
        format: its name, or what the host makes of it and its settings.
    """
    if frame_rate is not None and not LEAST_FRAME_RATE <= frame_rate <= MOST_FRAME_RATE:
        return (
            f"frame_rate is {frame_rate}; it must be between {LEAST_FRAME_RATE:g} and {MOST_FRAME_RATE:g} frames "
            "per second."
        )
    name, given = _format(format)
    if name is not None and name not in CODECS:
        return f"format {name!r} is unknown. Choose one of: {', '.join(CODECS)}."
    problem = None if filename_prefix is None else folders.check_prefix(filename_prefix)
    if problem is not None:
        return f"{problem}."
    try:
        if name is not None:
            chosen = settled(CODECS[name].settings, given, name)
            check_encoder(CODECS[name])
            return hardware_problem(name, chosen["encoder"]) if "encoder" in chosen else None
    except (VideoError, SettingError) as error:
        return str(error)
    return None


def save_clip(
    hidden: Any,
    images: Pictures,
    frame_rate: float = FRAME_RATE,
    format: Any = FORMAT,
    quality: int = QUALITY,
    loop_count: int = 0,
    pingpong: bool = False,
    filename_prefix: str = PREFIX,
    save_output: bool = True,
    audio: Any = None,
    at_once: int = 1,
    sound_length: str = CUT,
) -> io.NodeOutput:
    """Write the file, then show it.

    Args:
        hidden: the prompt and the workflow of the node.
        format: its name, or what the host makes of it and its settings.
        audio: the host's AUDIO, or sound that is read part by part.
        at_once: how many frames to ask ``images`` for together.

    Raises:
        VideoError: settings that cannot work, or a file that could not be written.
    """
    problem = saving_problem(frame_rate, None, format)
    if problem is not None:
        raise VideoError(problem)
    if sound_length not in ENDINGS:
        raise VideoError(f"sound_length is {sound_length!r}. Choose one of: {', '.join(ENDINGS)}.")
    name, given = _format(format)
    codec = CODECS[name or FORMAT]
    extra = hidden.extra_pnginfo
    workflow = extra.get("workflow") if isinstance(extra, Mapping) else None
    prefix = expand_prefix(filename_prefix, hidden.prompt, workflow, datetime.now())
    height, width = images.shape[1:3]
    place = folders.save_path(prefix, not save_output, width, height)
    paths = place.paths("" if codec.sequence else f".{codec.extension}")
    sound = _sound(audio)
    job = Job(
        Clip(images, frame_rate, pingpong, sound, at_once, sound_length),
        codec,
        next(paths),
        quality,
        loop_count,
        video.workflow_tags(hidden.prompt, extra),
        progress=video.progress_reporter(),
        other_paths=paths,
        settings=settled(codec.settings, given, codec.name),
    )
    saved = write_video(job if _plays(job) else _with_preview(job))
    if saved.left_out:
        notice(" ".join(saved.left_out))
    if codec.fastest is not None and frame_rate > codec.fastest:
        notice(
            f"Browsers play {codec.name} at {codec.fastest} frames a second at most, so it has that many.", logging.INFO
        )
    readable = None if codec.still or codec.sequence else saved.path
    return io.NodeOutput(
        video.video_value(readable, images, sound, frame_rate),
        str(saved.path),
        ui=video.preview(codec, saved.path, place.subfolder, place.kind, saved.preview and saved.preview.name),
    )


def is_deep(format: Any) -> bool:
    """Whether a format, or what the host makes of it and its settings, has more than 8 bits for a colour.

    Raises:
        SettingError: it has no such setting.
    """
    name, given = _format(format)
    codec = CODECS[name or FORMAT]
    return encoding_for(codec, Wanted(settings=settled(codec.settings, given, codec.name))).deep


def _plays(job: Job) -> bool:
    shape = job.clip.images.shape
    # what has no frames is answered by the writing
    return len(shape) != 4 or job.encoding.plays_in_browser


def _with_preview(job: Job) -> Job:
    return replace(job, preview=Path(folders.temporary_folder()) / f"kinema-preview-{uuid4().hex}.mp4")


def _format(format: Any) -> tuple[str | None, Mapping[str, Any]]:
    """The name of a format and what is chosen about it."""
    if not isinstance(format, Mapping):
        return format, {}
    return format.get("format"), {key: value for key, value in format.items() if key != "format"}


def _sound(audio: Any) -> Heard | None:
    """The first clip of an AUDIO batch.

    Raises:
        VideoError: the value is not what the host calls AUDIO.
    """
    if audio is None or not isinstance(audio, Mapping):
        return audio
    waveform, rate = audio.get("waveform"), audio.get("sample_rate", 0)
    if waveform is None or waveform.ndim != 3 or 0 in waveform.shape or int(rate) <= 0:
        raise VideoError("The audio is empty or malformed: expected a waveform of (batch, channels, samples).")
    return Sound(waveform[0], int(rate))
