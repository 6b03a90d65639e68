"""Stream frames into a video file through one ffmpeg process.

Frames are asked for a few at a time and written one by one, so memory does not grow with the clip. The file is written
in a work folder beside its final place and moved when ffmpeg has succeeded: a final name always means a whole file.
"""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .codecs import PREVIEW, PREVIEW_FILTER, TO_BT709, Codec
from .process import VideoError, check_encoder, run
from .publish import publish
from .tags import TAGGERS, writable
from .work import work_folder

PIXELS = {3: "rgb24", 4: "rgba"}
"""ffmpeg's names for what frames are, by their channels."""


FRAMES, PREVIEW_FILE = "frames", "preview.mp4"
FULL = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space on the disk")
"""What systems say when there is no room."""
LEAST_FREE_BYTES = 1 << 20
"""With less free than this a failure is taken for a full disk, whatever was said."""


class DiskFullError(VideoError):
    """There is no room for the clip."""


@dataclass(frozen=True)
class Sound:
    """Audio for a clip: (channels, samples) float32 and the sample rate in Hz."""

    samples: Tensor
    rate: int


class Pictures(Protocol):
    """Frames, (frames, height, width, 3 or 4) in 0..1, as a tensor or as something that makes them when asked."""

    @property
    def shape(self) -> Sequence[int]:
        """The four sizes."""
        ...

    def __getitem__(self, part: slice, /) -> Tensor:
        """Some frames that follow one another."""
        ...


@dataclass(frozen=True)
class Clip:
    """Frames to write, and how to play them."""

    images: Pictures
    frame_rate: float
    pingpong: bool = False
    sound: Sound | None = None
    at_once: int = 1
    """How many frames to ask ``images`` for together."""

    def __len__(self) -> int:
        count = self.images.shape[0]
        return 2 * count - 2 if self.pingpong and count > 2 else count

    def frames(self, codec: Codec) -> Iterator[np.ndarray]:
        """Frames as contiguous uint8 arrays, edges replicated up to the size the codec needs."""
        height, width = self.images.shape[1:3]
        grow = ((0, -height % codec.multiple[1]), (0, -width % codec.multiple[0]), (0, 0))
        for start, numbers in self._parts():
            part = self.images[start : start + self.at_once]
            for number in numbers:
                image = torch.nan_to_num(part[number - start].float()).mul(255.0).round_().clamp_(0, 255)
                array = image.to("cpu", torch.uint8).numpy()
                yield np.ascontiguousarray(np.pad(array, grow, mode="edge") if any(map(any, grow)) else array)
            del part  # so that the next one is made when this one is gone

    def _parts(self) -> Iterator[tuple[int, range]]:
        """Where each part starts and which frames of it to show, in order."""
        count = self.images.shape[0]
        starts = range(0, count, self.at_once)
        for start in starts:
            yield start, range(start, min(start + self.at_once, count))
        # on the way back parts are asked for once more, because keeping them would take more memory the longer the clip
        for start in reversed(starts) if self.pingpong else ():
            shown = range(max(start, 1), min(start + self.at_once, count - 1))
            if shown:
                yield start, shown[::-1]


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
    left_out += _encode_what_can_be(replace(job, tags=tags), work)
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
    if job.clip.sound is not None and job.codec.audio is not None:
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
    if job.codec.name != "gif":
        _run(job, [*_outputs(job, work, target)], work)
        return
    # one palette for the whole clip needs a pass of its own; a one-pass graph would hold every frame in memory
    forwards = replace(job, clip=replace(job.clip, pingpong=False))
    _run(forwards, ["-vf", "palettegen=stats_mode=full:reserve_transparent=1", "-update", "1", "palette.png"], work)
    arguments = job.codec.arguments(job.quality, job.loop_count, _has_alpha(job))
    steps = [*_slower(job), "null"]
    graph = ["-i", "palette.png", "-lavfi", f"[0:v]{','.join(steps)}[f];[f][1:v]paletteuse=dither=sierra2_4a"]
    _run(job, [*graph, *arguments, "-pix_fmt", "pal8", target], work)


def _slower(job: Job) -> list[str]:
    """The filter for clips that are faster than viewers play the format."""
    fastest = job.codec.fastest
    return [] if fastest is None or job.clip.frame_rate <= fastest else [f"fps={fastest}"]


def _outputs(job: Job, work: Path, target: str) -> Iterator[str]:
    clip, codec = job.clip, job.codec
    inputs = 1
    if clip.sound is not None and codec.audio is not None:
        yield from ("-f", "f32le", "-ar", str(clip.sound.rate), "-ac", str(clip.sound.samples.shape[0]))
        yield from ("-i", _write_sound(clip.sound, work / "sound.f32").name)
        inputs += 1
    if job.tags and codec.tags == "container":
        yield from ("-f", "ffmetadata", "-i", _write_tags(job.tags, work / "tags.txt").name)
        inputs += 1
    yield from ("-map", "0:v")
    filters = [*_slower(job), *([TO_BT709] if codec.pixels.startswith("yuv") else [])]
    if filters:
        yield from ("-vf", ",".join(filters))
    yield from codec.arguments(job.quality, job.loop_count, _has_alpha(job))
    if clip.sound is not None and codec.audio is not None:
        yield from ("-map", "1:a", *codec.audio, "-t", f"{len(clip) / clip.frame_rate:.6f}")
    if job.tags and codec.tags == "container":
        yield from ("-map_metadata", str(inputs - 1))
    yield target
    if job.preview is not None:
        yield from ("-map", "0:v", "-vf", PREVIEW_FILTER + TO_BT709, *PREVIEW.arguments(70, 0, False))
        yield from ("-preset", "veryfast", PREVIEW_FILE)


def _run(job: Job, outputs: list[str], work: Path) -> None:
    frames = job.clip.frames(job.codec)
    first = next(frames)
    height, width, channels = first.shape
    source = ["-f", "rawvideo", "-pix_fmt", PIXELS[channels], "-s", f"{width}x{height}"]
    command = [check_encoder(job.codec), "-hide_banner", "-loglevel", "error", "-y", *source]
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


def _write_sound(sound: Sound, path: Path) -> Path:
    with path.open("wb") as file:
        for part in sound.samples.split(1 << 20, dim=1):
            file.write(np.ascontiguousarray(torch.nan_to_num(part.float()).t().cpu().numpy()).data)
    return path


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


def _has_alpha(job: Job) -> bool:
    return job.clip.images.shape[3] == 4
