"""Stream frames into a video file through one ffmpeg process.

Frames are asked for a few at a time and written one by one, so memory does not grow with the clip. The file is written
in a work folder beside its final place and moved when ffmpeg has succeeded: a final name always means a whole file.
"""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..disk import publish, work_folder
from .clip import PIXELS, Clip
from .codecs import Codec
from .encoding import Encoding, Wanted, encoding_for, preview
from .process import VideoError, check_encoder, run
from .sounds import write_sound
from .tags import TAGGERS, writable

FRAMES, PREVIEW_FILE, PALETTE_FILE, WHOLE_FILE = "frames", "preview.mp4", "palette.png", "whole.nut"
FULL = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space on the disk")
"""What systems say when there is no room."""
PIECE_BYTES = 1 << 20
LEAST_FREE_BYTES = 1 << 20
"""With less free than this a failure is taken for a full disk, whatever was said."""


class DiskFullError(VideoError):
    """There is no room for the clip."""


@dataclass(frozen=True)
class Job:
    """One save: what to write, where, and whom to tell about progress."""

    clip: Clip
    codec: Codec
    path: Path
    """Final file, or folder for a sequence."""
    quality: int = 75
    loop_count: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    preview: Path | None = None
    """A small mp4 beside the real file, for formats browsers cannot play."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Called after every frame; may raise to cancel."""
    other_paths: Iterable[Path] = ()
    """Names to take, one after the other, if something has the first one when the clip is done."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the format, as `settled` gives them; the usual ones if empty."""

    @property
    def encoding(self) -> Encoding:
        """What ffmpeg is told about the pictures."""
        has_alpha = self.clip.images.shape[3] == 4
        return encoding_for(self.codec, Wanted(self.quality, self.loop_count, has_alpha, self.settings))

    @property
    def has_sound(self) -> bool:
        """Whether there is sound and the format takes it."""
        return self.clip.heard is not None and self.codec.audio is not None


@dataclass(frozen=True)
class Saved:
    """A clip that was written."""

    path: Path
    preview: Path | None = None
    left_out: tuple[str, ...] = ()
    """Sentences about what the file does not hold, because it could not be written."""


def write_video(job: Job) -> Saved:
    """Write a clip. Nothing that exists is replaced.

    Raises:
        VideoError: no frames, missing encoder, full disk, or anything else ffmpeg reports.
    """
    check_encoder(job.codec)
    shape = job.clip.images.shape
    if len(shape) != 4 or min(shape[:3]) == 0:
        raise VideoError("There are no frames to save: the image batch is empty.")
    if shape[3] not in PIXELS:
        raise VideoError(f"The frames have {shape[3]} channels; only RGB (3) and RGBA (4) can be saved.")
    try:
        # in the same place, so that the move at the end cannot cross file systems
        with work_folder(job.path.parent) as work:
            return _write_into(job, work)
    except OSError as error:
        raise _failure(f"{error.strerror}", job, "the file system refused") from error


def _write_into(job: Job, work: Path) -> Saved:
    tags, unwritten = writable(job.tags, job.codec.tags)
    left_out = [f"{key!r} of the workflow is not in the file, which cannot hold it." for key in unwritten]
    left_out += [*job.encoding.lost, *_encode_what_can_be(replace(job, tags=tags), work)]
    finished = work / _file(job.codec)
    left_out += _tag(replace(job, tags=tags), finished)
    path = publish(finished, itertools.chain((job.path,), job.other_paths))
    if job.preview is None:
        return Saved(path, None, tuple(left_out))
    try:
        shutil.move(work / PREVIEW_FILE, job.preview)
    except OSError as error:
        return Saved(path, None, (*left_out, f"{path.name} is saved, but it cannot be shown ({error.strerror})."))
    return Saved(path, job.preview, tuple(left_out))


def _file(codec: Codec) -> str:
    return FRAMES if codec.sequence else f"clip.{codec.extension}"


def _encode_what_can_be(job: Job, work: Path) -> list[str]:
    """Encode; if that fails, without what may be the cause and is not the pictures.

    Returns:
        Sentences about what was left out.
    """
    first: VideoError | None = None
    attempts = [(job, "")]
    if job.tags and job.codec.tags == "container":
        attempts.append((replace(job, tags={}), "The file does not hold the workflow"))
    if job.has_sound:
        silent = replace(job, tags={}, clip=replace(job.clip, sound=None))
        attempts.append((silent, "The file has no sound and does not hold the workflow"))
    for attempt, words in attempts:
        try:
            _encode(attempt, work)
        except DiskFullError:
            raise
        except VideoError as error:
            first = first or error
        else:
            return [f"{words}. {first}"] if first else []
    assert first is not None
    raise first


def _encode(job: Job, work: Path) -> None:
    shutil.rmtree(work / FRAMES, ignore_errors=True)
    if job.codec.sequence:
        (work / FRAMES).mkdir()
    target = f"{FRAMES}/%05d.png" if job.codec.sequence else _file(job.codec)
    if job.encoding.palette is None:
        _run(job, [*_outputs(job, work, target)], work)
    else:
        _run(job, [*_looked_at(job)], work)
        _run_again(job, target, work)


def _slower(job: Job) -> list[str]:
    """The filter for clips that are faster than viewers play the format."""
    fastest = job.codec.fastest
    return [] if fastest is None or job.clip.frame_rate <= fastest else [f"fps={fastest}"]


def _outputs(job: Job, work: Path, target: str) -> Iterator[str]:
    clip, codec = job.clip, job.codec
    inputs = 1
    length = len(clip) / clip.frame_rate
    if clip.heard is not None and codec.audio is not None:
        sound = write_sound(clip.heard, work / "sound.f32", length, clip.ending)
        yield from ("-f", "f32le", "-ar", str(clip.heard.rate), "-ac", str(clip.heard.channels), "-i", sound.name)
        inputs += 1
    if job.tags and codec.tags == "container":
        yield from ("-f", "ffmetadata", "-i", _write_tags(job.tags, work / "tags.txt").name)
        inputs += 1
    yield from ("-map", "0:v")
    filters = (*_slower(job), *job.encoding.filters)
    if filters:
        yield from ("-vf", ",".join(filters))
    yield from job.encoding.arguments
    if job.has_sound:
        yield from ("-map", "1:a", *(codec.audio or ()), "-t", f"{length:.6f}")
    if job.tags and codec.tags == "container":
        yield from ("-map_metadata", str(inputs - 1))
    yield target
    if job.preview is not None:
        yield from ("-map", "0:v", *preview(), PREVIEW_FILE)


def _looked_at(job: Job) -> Iterator[str]:
    """One palette for all frames, and the frames, to be read once more."""
    slower = _slower(job)
    yield from ("-map", "0:v", "-vf", ",".join((*slower, job.encoding.palette or "")), "-update", "1", PALETTE_FILE)
    yield from ("-map", "0:v", *(("-vf", slower[0]) if slower else ()))
    yield from ("-c:v", "ffv1", "-level", "3", "-pix_fmt", "bgra", "-f", "nut", WHOLE_FILE)


def _run_again(job: Job, target: str, work: Path) -> None:
    """Write the frames that were kept; through the pipe, so that ffmpeg ends with this process."""
    command = [check_encoder(job.codec), "-hide_banner", "-loglevel", "error", "-y", "-f", "nut", "-i", "pipe:0"]
    command += ["-i", PALETTE_FILE, "-lavfi", f"[0:v][1:v]{','.join(job.encoding.filters)}"]
    code, reasons = run([*command, *job.encoding.arguments, target], _pieces(work / WHOLE_FILE), work)
    if code != 0:
        raise _failure(reasons, job, f"ffmpeg cannot encode it as {job.codec.name}")


def _pieces(path: Path) -> Iterator[np.ndarray]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield np.frombuffer(piece, np.uint8)


def _run(job: Job, outputs: list[str], work: Path) -> None:
    made = job.encoding
    frames = job.clip.frames(job.codec, made.deep)
    first = next(frames)
    height, width, channels = first.shape
    source = ["-f", "rawvideo", "-pix_fmt", PIXELS[channels][made.deep], "-s", f"{width}x{height}"]
    command = [check_encoder(job.codec), "-hide_banner", "-loglevel", "error", "-y", *made.device, *source]
    command += ["-r", f"{job.clip.frame_rate:.6f}", "-i", "pipe:0", *outputs]
    code, reasons = run(command, _told(itertools.chain((first,), frames), job), work)
    if code != 0:
        raise _failure(reasons, job, f"ffmpeg cannot encode {width}x{height} as {job.codec.name}")


def _told(frames: Iterable[np.ndarray], job: Job) -> Iterator[np.ndarray]:
    """Frames, with word of each one after it was taken."""
    total = len(job.clip)
    for done, frame in enumerate(frames, start=1):
        yield frame
        job.progress(done, total)


def _failure(reasons: str, job: Job, what: str) -> VideoError:
    with contextlib.suppress(OSError):
        if shutil.disk_usage(job.path.parent).free < LEAST_FREE_BYTES:
            reasons = FULL[0]
    if any(words in reasons for words in FULL):
        return DiskFullError(
            f"{job.path.name} was not saved: the disk that holds {job.path.parent} is full. Free some space and queue "
            "again."
        )
    reason = next((line for line in reasons.splitlines() if "[info]" not in line), "no reason given")
    return VideoError(f"{job.path.name} was not saved: {what} ({reason}).")


def _write_tags(tags: Mapping[str, str], path: Path) -> Path:
    lines = [";FFMETADATA1"]
    escapes = str.maketrans({letter: "\\" + letter for letter in "=;#\\\n"})
    lines += [f"{key.translate(escapes)}={text.translate(escapes)}" for key, text in tags.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
    return path


def _tag(job: Job, finished: Path) -> list[str]:
    """Tag picture files; where there is no room for a copy the clip stays as it is.

    Returns:
        Sentences about what was left out.
    """
    tagger = TAGGERS.get(job.codec.tags or "")
    if not job.tags or tagger is None:
        return []
    try:
        for file in sorted(finished.iterdir()) if job.codec.sequence else [finished]:
            tagger(file, job.tags, *reversed(job.clip.images.shape[1:3]))
    except OSError as error:
        return [f"The file does not hold the workflow ({error.strerror})."]
    return []
