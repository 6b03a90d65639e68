"""Clips as other programs write them: clocks, orientations, pixels, transparency, colours."""

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from comfy_api.latest import InputImpl, Types
from kinema.motion.video import CODECS, Choice, Clip, Job, Sound, write_video
from kinema.nodes.host.video.read import VideoFrames, read_frames

RATE = 48000
FLASH, BEEP = "eq=brightness='if(between(t,1,1.15),1,-1)':eval=frame", "if(between(t,1,1.15),sin(6000*t),0)"


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def read(video: Any, choice: Choice | None = None, width: int = 0, height: int = 0) -> VideoFrames:
    video = InputImpl.VideoFromFile(str(video)) if isinstance(video, Path) else video
    return read_frames(video, choice or Choice(), width, height)


def beep(found: VideoFrames) -> float:
    """When the sound starts, in seconds."""
    assert found.sound is not None
    return float((found.sound["waveform"][0, 0].abs() > 0.1).nonzero()[0]) / found.sound["sample_rate"]


def flash(found: VideoFrames) -> float:
    """When the picture turns white, in seconds."""
    return float((found.images.mean((1, 2, 3)) > 0.5).nonzero()[0]) / found.rate


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 20 a second, which flash and beep at 1.0."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:s=64x48:r=20:d=2,{FLASH}", "-f", "lavfi", "-i", f"aevalsrc='{BEEP}':d=2"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", path),
    )
    return path


CLOCKS = {
    "plain.mp4": [],
    "stream.ts": [],
    "later.mkv": ["-output_ts_offset", "5"],
    "later.mp4": ["-output_ts_offset", "5"],
    "later.ts": ["-output_ts_offset", "500"],
    "later.mov": ["-output_ts_offset", "5"],
    "plain.avi": ["-c:v", "mpeg4", "-c:a", "pcm_s16le"],
    "plain.mpg": ["-r", "25", "-c:v", "mpeg2video", "-c:a", "mp2"],
    "plain.flv": [],
}


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("rate", [0.0, 20.0])
def test_sound_and_picture_have_one_clock(tmp_path: Path, clip: Path, name: str, rate: float) -> None:
    ffmpeg("-i", clip, "-c", "copy", *CLOCKS[name], tmp_path / name)
    found = read(tmp_path / name, Choice(rate))
    assert found.images.shape[0] == pytest.approx(2 * found.rate, abs=1)
    assert flash(found) == pytest.approx(1.0, abs=0.051)
    assert beep(found) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("name", CLOCKS)
def test_trimmed_on_any_clock(tmp_path: Path, clip: Path, name: str) -> None:
    ffmpeg("-i", clip, "-c", "copy", *CLOCKS[name], tmp_path / name)
    trimmed = InputImpl.VideoFromFile(str(tmp_path / name)).as_trimmed(0.5, 1.0, strict_duration=False)
    found = read(trimmed)
    assert found.images.shape[0] == pytest.approx(found.rate, abs=1)
    assert flash(found) == pytest.approx(0.5, abs=0.051)
    assert beep(found) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("name", ["x.mkv", "x.mp4", "x.ts"])
@pytest.mark.parametrize("late", ["picture", "sound"])
def test_what_sets_in_later_keeps_its_distance(tmp_path: Path, clip: Path, name: str, late: str) -> None:
    offsets = (["-itsoffset", "0.7"], []) if late == "picture" else ([], ["-itsoffset", "0.7"])
    mapped = ["-map", "0:v", "-map", "1:a", "-c", "copy"]
    ffmpeg(*offsets[0], "-i", clip, *offsets[1], "-i", clip, *mapped, tmp_path / name)
    found = read(tmp_path / name)
    wanted = -0.7 if late == "picture" else 0.7
    assert beep(found) - flash(found) == pytest.approx(wanted, abs=0.06)
    cut = read(InputImpl.VideoFromFile(str(tmp_path / name)).as_trimmed(0.1, 1.8, strict_duration=False))
    assert beep(cut) - flash(cut) == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize(
    ("options", "corner"),
    [
        ([], (0, 0)),
        (["-display_hflip"], (0, -1)),
        (["-display_vflip"], (-1, 0)),
        (["-display_rotation:v:0", "90"], (-1, 0)),
        (["-display_rotation:v:0", "-90"], (0, -1)),
        (["-display_rotation:v:0", "180"], (-1, -1)),
        (["-display_rotation:v:0", "90", "-display_hflip"], (-1, -1)),
    ],
)
def test_orientation(tmp_path: Path, options: list[str], corner: tuple[int, int]) -> None:
    """A white patch in the corner at the top left of the stored picture."""
    plain, turned = tmp_path / "plain.mp4", tmp_path / "turned.mp4"
    patch = "color=black:s=64x32:r=8:d=0.5,drawbox=0:0:16:8:white:fill"
    ffmpeg("-f", "lavfi", "-i", patch, "-c:v", "libx264", "-pix_fmt", "yuv420p", plain)
    ffmpeg(*options, "-i", plain, "-c", "copy", turned)
    upright = "90" not in "".join(options)
    for width, height in ((0, 0), (32, 32), (256, 0)):
        found = read(turned, width=width, height=height).images
        if width == 0:
            assert found.shape[1:3] == ((32, 64) if upright else (64, 32))
        bright = found[0].mean(-1)
        y, x = (int(bright.shape[axis] * (0.02 if corner[axis] == 0 else 0.97)) for axis in (0, 1))
        if width != 32:
            assert bright[y, x] > 0.9
        assert (bright > 0.5).float().mean() < 0.12


@pytest.mark.parametrize("turned", [False, True])
def test_pixels_that_are_no_squares(tmp_path: Path, turned: bool) -> None:
    wide = tmp_path / "wide.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:r=8:d=0.5,setsar=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", wide)
    path = tmp_path / "turned.mp4"
    ffmpeg(*(["-display_rotation:v:0", "90"] if turned else []), "-i", wide, "-c", "copy", path)
    assert read(path).images.shape[1:3] == ((128, 64) if turned else (64, 128))
    assert read(path, width=256).images.shape[1:3] == ((512, 256) if turned else (128, 256))
    assert read(path, width=32, height=32).images.shape[1:3] == (32, 32)


def test_circles_stay_circles(tmp_path: Path) -> None:
    """A square of 32 by 32 stored as 16 by 32, enlarged and cropped."""
    path = tmp_path / "wide.mp4"
    drawn = "color=black:s=64x64:r=8:d=0.5,drawbox=24:16:16:32:white:fill,setsar=2"
    ffmpeg("-f", "lavfi", "-i", drawn, "-c:v", "libx264", "-pix_fmt", "yuv444p", path)
    white = read(path, width=256, height=256).images[0].mean(-1) > 0.5
    assert float(white.any(0).sum()) == pytest.approx(128, abs=3)
    assert float(white.any(1).sum()) == pytest.approx(128, abs=3)


TRANSPARENT = ["vp9-webm", "prores-mov", "ffv1-mov", "apng", "webp", "gif"]


@pytest.mark.parametrize("name", TRANSPARENT)
@pytest.mark.parametrize("size", [(0, 0), (32, 24), (128, 96)])
def test_transparency_comes_back(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    images = torch.rand(6, 1, 1, 4, generator=torch.Generator().manual_seed(3)).repeat(1, 48, 64, 1)
    images[..., 3] = (torch.arange(64) < 32).float()
    path = tmp_path / f"clip.{CODECS[name].extension}"
    write_video(Job(Clip(images, 8.0), CODECS[name], path, quality=100))
    found = read(path, width=size[0], height=size[1])
    assert found.rate == pytest.approx(8.0, rel=0.01)
    assert found.mask.shape == found.images.shape[:3]
    assert found.images.shape[0] == 6
    wide = found.mask.shape[2]
    assert found.mask[..., : wide // 2 - 6].max() < 0.1
    assert found.mask[..., wide // 2 + 6 :].min() > 0.9
    shown = found.images[:, 4, 4]
    assert (shown - images[:, 0, 0, :3]).abs().max() < 0.1


def test_vp8_with_transparency(tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    source = "color=red:s=64x48:r=8:d=1,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,32),255,0)'"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libvpx", "-auto-alt-ref", "0", "-pix_fmt", "yuva420p", path)
    found = read(path)
    assert found.mask[:, :, 40:].min() > 0.9
    assert found.mask[:, :, :24].max() < 0.1


def test_opaque_clips_and_clips_in_memory(clip: Path) -> None:
    assert read(clip).mask.abs().max() == 0
    images = torch.rand(5, 8, 8, 3)
    parts = Types.VideoComponents(images=images, audio=None, frame_rate=8, alpha=torch.full((5, 8, 8, 1), 0.25))
    video = InputImpl.VideoFromComponents(parts)
    video.get_components = lambda: parts  # the host's own drops it
    found = read(video, Choice(0.0, skip=1))
    assert torch.equal(found.images, images[1:])
    assert torch.equal(found.mask, torch.full((4, 8, 8), 0.75))


@pytest.mark.parametrize(("size", "matrix"), [("1280x720", "bt709"), ("640x480", "smpte170m"), ("720x1280", "bt709")])
def test_untagged_colours_are_what_players_show(tmp_path: Path, size: str, matrix: str) -> None:
    path = tmp_path / "clip.mp4"
    drawn = f"color=0x20c040:s={size}:r=8:d=0.25,format=gbrp,scale=out_color_matrix={matrix}:out_range=tv"
    drawn += ",format=yuv420p,setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
    ffmpeg("-f", "lavfi", "-i", drawn, "-c:v", "libx264", "-crf", "5", path)
    wanted = np.array([0x20, 0xC0, 0x40]) / 255
    for width in (0, 64):
        assert np.abs(read(path, width=width).images[0, 5, 5].numpy() - wanted).max() < 0.02


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_variable_rate_keeps_its_sound(tmp_path: Path, name: str) -> None:
    """The last pictures stay longer than the others."""
    frames = "color=gray:s=32x32:r=20:d=1.2,setpts='(if(lt(N,20),N*0.05,1+(N-20)*0.25))/TB'"
    audio = ["-f", "lavfi", "-i", "sine=d=2"]
    encoder = ["-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    ffmpeg("-f", "lavfi", "-i", frames, *audio, *encoder, tmp_path / name)
    found = read(tmp_path / name)
    lasting = found.images.shape[0] / found.rate
    assert found.images.shape[0] == 24
    assert 1.75 < lasting <= 2.05
    assert found.sound is not None
    assert found.sound["waveform"].shape[2] / found.sound["sample_rate"] == pytest.approx(lasting, abs=0.03)


def test_steady_rates_stay_exact(tmp_path: Path) -> None:
    for number, rate in enumerate((8.0, 23.976, 29.97, 60.0)):
        path = tmp_path / f"{number}.mp4"
        images = torch.rand(30, 16, 16, 3)
        write_video(Job(Clip(images, rate, sound=Sound(torch.rand(1, RATE * 5), RATE)), CODECS["h264-mp4"], path))
        found = read(path, Choice(0.0, every=2))
        assert found.rate == pytest.approx(rate / 2, rel=1e-3)
        assert found.images.shape[0] == 15


def test_a_picture_far_from_the_clips_shape(tmp_path: Path) -> None:
    path = tmp_path / "thin.mov"
    write_video(Job(Clip(torch.rand(3, 2, 400, 3), 8.0), CODECS["ffv1-mov"], path))
    assert read(path, width=16, height=512).images.shape == (3, 512, 16, 3)
    assert read(path, width=512).images.shape == (3, 8, 512, 3)
    parts = Types.VideoComponents(images=torch.rand(2, 1, 300, 3), audio=None, frame_rate=8)
    assert read(InputImpl.VideoFromComponents(parts), width=8, height=512).images.shape == (2, 512, 8, 3)
