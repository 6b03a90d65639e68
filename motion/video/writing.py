"""Stream frames into a video file through one ffmpeg process.

Frames are asked for a few at a time and written one by one, so memory does not grow with the clip. The file is written
under another name in the same folder and renamed when ffmpeg has succeeded: a final name always means a whole file.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Protocol

import imageio_ffmpeg
import numpy as np
import torch
from torch import Tensor

from .codecs import PREVIEW, PREVIEW_FILTER, TO_BT709, Codec
from .tags import tag_png, tag_webp

PIXELS = {3: "rgb24", 4: "rgba"}
"""ffmpeg's names for what frames are, by their channels."""


class VideoError(RuntimeError):
    """A clip could not be written; the message says why, and nothing is left behind."""


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
    """Final file, or folder for a sequence; must not exist yet."""
    quality: int = 75
    loop_count: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    preview: Path | None = None
    """A small mp4 beside the real file, for formats browsers cannot play."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Called after every frame; may raise to cancel."""


def write_video(job: Job) -> None:
    """Write a clip.

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
        # a folder in the same place, so that the rename at the end cannot cross file systems
        with _cleaned(tempfile.mkdtemp(prefix=".kinema-", dir=job.path.parent)) as work:
            _write_into(job, work)
    except OSError as error:
        raise VideoError(_explain(f"{error.strerror}", job, "the file system refused")) from error


def _write_into(job: Job, work: Path) -> None:
    finished = work / ("frames" if job.codec.sequence else job.path.name)
    target = finished
    if job.codec.sequence:
        finished.mkdir()
        target = finished / "%05d.png"
    _encode(job, work, target)
    _tag(job, finished)
    os.rename(finished, job.path)
    if job.preview is not None:
        shutil.move(work / "preview.mp4", job.preview)


@functools.cache
def encoders(executable: str) -> frozenset[str]:
    """Names of the encoders an ffmpeg binary offers."""
    listing = subprocess.run([executable, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True)
    return frozenset(line.split()[1] for line in listing.stdout.splitlines() if len(line.split()) > 1)


def check_encoder(codec: Codec) -> str:
    """The ffmpeg binary to use.

    Raises:
        VideoError: there is none, or it lacks the codec's encoder.
    """
    try:
        executable = imageio_ffmpeg.get_ffmpeg_exe()
        known = encoders(executable)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise VideoError(
            f"ffmpeg cannot be run ({error}). Reinstall it with `pip install --force-reinstall imageio-ffmpeg`, or "
            "point IMAGEIO_FFMPEG_EXE to a working ffmpeg."
        ) from error
    if codec.encoder not in known:
        raise VideoError(
            f"{executable} has no encoder {codec.encoder}, which {codec.name} needs. Choose another format, or unset "
            "IMAGEIO_FFMPEG_EXE to use the ffmpeg that comes with imageio-ffmpeg."
        )
    return executable


def _encode(job: Job, work: Path, target: Path) -> None:
    if job.codec.name != "gif":
        _run(job, [*_outputs(job, work, target)], work)
        return
    # one palette for the whole clip needs a pass of its own; a one-pass graph would hold every frame in memory
    palette = work / "palette.png"
    forwards = replace(job, clip=replace(job.clip, pingpong=False))
    _run(forwards, ["-vf", "palettegen=stats_mode=full:reserve_transparent=1", "-update", "1", str(palette)], work)
    arguments = job.codec.arguments(job.quality, job.loop_count, _has_alpha(job))
    graph = ["-i", str(palette), "-lavfi", "paletteuse=dither=sierra2_4a"]
    _run(job, [*graph, *arguments, "-pix_fmt", "pal8", str(target)], work)


def _outputs(job: Job, work: Path, target: Path) -> Iterator[str]:
    clip, codec = job.clip, job.codec
    inputs = 1
    if clip.sound is not None and codec.audio is not None:
        yield from ("-f", "f32le", "-ar", str(clip.sound.rate), "-ac", str(clip.sound.samples.shape[0]))
        yield from ("-i", str(_write_sound(clip.sound, work / "sound.f32")))
        inputs += 1
    if job.tags and codec.tags == "container":
        yield from ("-f", "ffmetadata", "-i", str(_write_tags(job.tags, work / "tags.txt")))
        inputs += 1
    yield from ("-map", "0:v")
    if codec.pixels.startswith("yuv"):
        yield from ("-vf", TO_BT709)
    yield from codec.arguments(job.quality, job.loop_count, _has_alpha(job))
    if clip.sound is not None and codec.audio is not None:
        yield from ("-map", "1:a", *codec.audio, "-t", f"{len(clip) / clip.frame_rate:.6f}")
    if job.tags and codec.tags == "container":
        yield from ("-map_metadata", str(inputs - 1))
    yield str(target)
    if job.preview is not None:
        yield from ("-map", "0:v", "-vf", PREVIEW_FILTER + TO_BT709, *PREVIEW.arguments(70, 0, False))
        yield from ("-preset", "veryfast", str(work / "preview.mp4"))


def _run(job: Job, outputs: list[str], work: Path) -> None:
    frames = job.clip.frames(job.codec)
    first = next(frames)
    height, width, channels = first.shape
    source = ["-f", "rawvideo", "-pix_fmt", PIXELS[channels], "-s", f"{width}x{height}"]
    command = [check_encoder(job.codec), "-hide_banner", "-loglevel", "error", "-y", *source]
    command += ["-r", f"{job.clip.frame_rate:.6f}", "-i", "pipe:0", *outputs]
    with (work / "log.txt").open("w+b") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
        assert process.stdin is not None
        try:
            _feed(process.stdin, first, frames, job)
            code = process.wait()
        except BrokenPipeError:
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        reasons = log.read().decode("utf-8", "replace").strip()
    if code != 0:
        size = f"{width}x{height}"
        raise VideoError(_explain(reasons, job, f"ffmpeg cannot encode {size} as {job.codec.name}"))


def _feed(pipe: IO[bytes], first: np.ndarray, rest: Iterator[np.ndarray], job: Job) -> None:
    total = len(job.clip)
    pipe.write(first.data)
    job.progress(1, total)
    for done, frame in enumerate(rest, start=2):
        pipe.write(frame.data)
        job.progress(done, total)
    pipe.close()


def _explain(reasons: str, job: Job, what: str) -> str:
    if "No space left on device" in reasons or "File too large" in reasons:
        return (
            f"{job.path.name} was not saved: the disk that holds {job.path.parent} is full. Free some space and queue "
            "again."
        )
    reason = reasons.splitlines()[0] if reasons else "no reason given"
    return f"{job.path.name} was not saved: {what} ({reason})."


def _write_sound(sound: Sound, path: Path) -> Path:
    with path.open("wb") as file:
        for part in sound.samples.split(1 << 20, dim=1):
            file.write(np.ascontiguousarray(torch.nan_to_num(part.float()).t().cpu().numpy()).data)
    return path


def _write_tags(tags: Mapping[str, str], path: Path) -> Path:
    lines = [";FFMETADATA1"]
    escapes = str.maketrans({letter: "\\" + letter for letter in "=;#\\\n"})
    lines += [f"{key.translate(escapes)}={text.translate(escapes)}" for key, text in tags.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _tag(job: Job, finished: Path) -> None:
    if not job.tags:
        return
    if job.codec.tags == "webp":
        tag_webp(finished, job.tags, *reversed(job.clip.images.shape[1:3]))
    elif job.codec.tags == "png":
        for file in sorted(finished.iterdir()) if job.codec.sequence else [finished]:
            tag_png(file, job.tags)


def _has_alpha(job: Job) -> bool:
    return job.clip.images.shape[3] == 4


class _cleaned:  # noqa: N801 (used like a function)
    """A work folder that is gone afterwards, whatever happened, interrupts included."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def __enter__(self) -> Path:
        return self.folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
