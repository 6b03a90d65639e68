"""Clips of every container, and the ways in which they arrive damaged."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import torch
from kinema.motion.video import CODECS, Clip, Job, Sound, write_video

OTHERS = {
    "ts": [],
    "mkv": [],
    "avi": ["-c:v", "mpeg4", "-c:a", "pcm_s16le"],
    "flv": ["-c:v", "flv", "-c:a", "aac"],
    "mpg": ["-r", "25", "-c:v", "mpeg2video", "-c:a", "mp2"],
    "ogv": ["-c:v", "libtheora", "-c:a", "libvorbis"],
    "wmv": [],
    "mxf": ["-r", "25", "-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"],
    "mjpeg": ["-c:v", "mjpeg", "-an"],
    "h264": ["-c:v", "libx264", "-an"],
}
"""More endings people have, and ffmpeg's options for them."""


def write_clips(folder: Path) -> list[Path]:
    """One small clip of each container this machine can write, with sound where it has any."""
    images = torch.rand(10, 1, 1, 4, generator=torch.Generator().manual_seed(1)).expand(10, 32, 48, 4)
    sound = Sound(torch.sin(torch.arange(48000) / 20).expand(2, -1), 48000)
    found = []
    for codec in CODECS.values():
        if not codec.sequence and codec.name != "av1-webm":
            path = folder / f"{codec.name}.{codec.extension}"
            write_video(Job(Clip(images, 8.0, sound=sound), codec, path, tags={"workflow": "{}"}))
            found.append(path)
    for ending, options in OTHERS.items():
        path = folder / f"other.{ending}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(folder / "h264-mp4.mp4"), *options]
        if subprocess.run([*command, str(path)], capture_output=True).returncode == 0:
            found.append(path)
    return found


def damage(data: bytes, seed: int) -> bytes:
    """Some bytes changed, cut out, doubled or cut off, most of them in the headers."""
    random = np.random.default_rng(seed)
    found = bytearray(data)
    for _ in range(int(random.integers(1, 12))):
        reach = int(random.choice([64, 600, len(found)]))
        at = int(random.integers(0, max(1, min(reach, len(found)))))
        at = len(found) - 1 - at if random.random() < 0.25 else at
        kind = random.integers(0, 8)
        if kind < 4:
            found[at : at + 1] = bytes([int(random.integers(0, 256))])
        elif kind < 6:
            word = [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xc3\x28\xa0\xa1"][
                int(random.integers(5))
            ]
            found[at : at + 4] = word
        elif kind == 6:
            del found[at : at + int(random.integers(1, 40))]
        else:
            found[at:at] = found[max(0, at - 30) : at]
    if random.random() < 0.2:
        del found[int(random.integers(0, len(found) + 1)) :]
    return bytes(found)
