"""Files are whole, sized right, tagged, and gone when anything fails."""

import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from kinema.motion.video import CODECS, Clip, Codec, Job, Sound, VideoError, process, write_video

TAGS = {"prompt": json.dumps({"1": {"class_type": 'a "b"; c=d # e\\f'}}), "workflow": json.dumps({"nodes": ["ü"]})}
VIDEOS = [codec for codec in CODECS.values() if not codec.still and not codec.sequence]


def frames(count: int = 12, height: int = 48, width: int = 64, channels: int = 3) -> torch.Tensor:
    """A bar that moves to the right over a gradient."""
    x = torch.linspace(0, 1, width).expand(count, height, width)
    moving = (torch.arange(width)[None, None] - 5 * torch.arange(count)[:, None, None]).abs() < 4
    layers = [x, moving.expand(count, height, width).float(), 1 - x, x][:channels]
    return torch.stack(layers, dim=-1)


def save(folder: Path, codec: Codec, images: torch.Tensor, **options) -> Path:
    clip = {key: options.pop(key) for key in ("pingpong", "sound", "frame_rate") if key in options}
    path = folder / ("sequence" if codec.sequence else f"clip.{codec.extension}")
    write_video(Job(Clip(images, **{"frame_rate": 8.0, **clip}), codec, path, **options))
    assert [entry.name for entry in folder.iterdir() if entry.name.startswith(".")] == []
    return path


def ffmpeg(*arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def decode(path: Path, height: int, width: int, pixels: str = "rgb24") -> np.ndarray:
    channels = {"rgb24": 3, "rgba": 4}[pixels]
    source = str(path / "%05d.png") if path.is_dir() else str(path)
    # decoding alpha of vp9 needs the library's own decoder
    decoder = ["-c:v", "libvpx-vp9"] if path.suffix == ".webm" and channels == 4 else []
    raw = ffmpeg(*decoder, "-i", source, "-f", "rawvideo", "-pix_fmt", pixels, "-fps_mode", "passthrough", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, channels)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_every_format_keeps_the_pictures(tmp_path: Path, codec: Codec) -> None:
    if codec.name == "webp":
        pytest.importorskip("PIL.Image")
    images = frames()
    path = save(tmp_path, codec, images, quality=90)
    found = webp_frames(path) if codec.name == "webp" else decode(path, 48, 64)
    assert len(found) == 12
    tolerance = 0 if codec.name in ("ffv1-mov", "apng", "png-sequence") else 8
    wanted = images.mul(255).round().numpy()
    assert np.abs(found.astype(float) - wanted).mean() <= tolerance
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], "one file per save"


def webp_frames(path: Path, mode: str = "RGB") -> np.ndarray:
    from PIL import Image, ImageSequence

    with Image.open(path) as picture:
        return np.stack([np.asarray(frame.convert(mode)) for frame in ImageSequence.Iterator(picture)])


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_odd_sizes_are_padded_by_repeating_the_edge(tmp_path: Path, codec: Codec) -> None:
    images = frames(4, 33, 35)
    path = save(tmp_path, codec, images, quality=100)
    grown = (33 + -33 % codec.multiple[1], 35 + -35 % codec.multiple[0])
    found = webp_frames(path) if codec.name == "webp" else decode(path, *grown)
    assert found.shape[1:3] == grown
    if grown[1] > 35:
        assert np.abs(found[:, :, 35].astype(int) - found[:, :, 34]).mean() < 8


@pytest.mark.parametrize(
    "codec", [codec for codec in CODECS.values() if codec.pixels_alpha], ids=lambda codec: codec.name
)
def test_transparency(tmp_path: Path, codec: Codec) -> None:
    images = frames(4, channels=4)
    images[..., 3] = (torch.arange(64) < 32).float()
    path = save(tmp_path, codec, images)
    found = webp_frames(path, "RGBA") if codec.name == "webp" else decode(path, 48, 64, "rgba")
    assert found[..., :24, 3].min() > 200
    assert found[..., 40:, 3].max() < 55


@pytest.mark.parametrize(
    "codec", [codec for codec in CODECS.values() if not codec.pixels_alpha], ids=lambda codec: codec.name
)
def test_formats_without_transparency_take_rgba(tmp_path: Path, codec: Codec) -> None:
    assert len(decode(save(tmp_path, codec, frames(4, channels=4)), 48, 64)) == 4


@pytest.mark.parametrize("codec", VIDEOS, ids=lambda codec: codec.name)
def test_workflow_tags(tmp_path: Path, codec: Codec) -> None:
    text = ffmpeg("-i", str(save(tmp_path, codec, frames(), tags=TAGS)), "-f", "ffmetadata", "-").decode()
    unescaped = text.replace("\\=", "=").replace("\\;", ";").replace("\\#", "#").replace("\\\\", "\\")
    for value in TAGS.values():
        assert value in unescaped


def test_large_workflows_fit(tmp_path: Path) -> None:
    tags = {"workflow": json.dumps({"text": "x" * 3_000_000})}
    assert save(tmp_path, CODECS["h264-mp4"], frames(), tags=tags).stat().st_size > 3_000_000


@pytest.mark.parametrize("name", ["apng", "png-sequence", "webp"])
@pytest.mark.parametrize("quality", [75, 100])
def test_picture_tags(tmp_path: Path, name: str, quality: int) -> None:
    images = pytest.importorskip("PIL.Image")
    for count, channels in ((3, 3), (1, 3), (1, 4)):
        folder = tmp_path / f"{count}-{channels}"
        folder.mkdir()
        path = save(folder, CODECS[name], frames(count, channels=channels), quality=quality, tags=TAGS)
        with images.open(path / "00001.png" if path.is_dir() else path) as picture:
            assert np.asarray(picture.convert("RGB")).shape == (48, 64, 3)
            if name == "webp":
                assert sorted(picture.getexif().values()) == [f"{key}:{value}" for key, value in sorted(TAGS.items())]
            else:
                assert {key: picture.info[key] for key in TAGS} == TAGS


@pytest.mark.parametrize("codec", VIDEOS, ids=lambda codec: codec.name)
def test_sound_is_cut_to_the_frames(tmp_path: Path, codec: Codec) -> None:
    tone = torch.sin(torch.arange(44100 * 5) / 44100 * 440 * 2 * torch.pi)
    path = save(tmp_path, codec, frames(16), sound=Sound(tone.repeat(2, 1), 44100))
    raw = np.frombuffer(ffmpeg("-i", str(path), "-f", "f32le", "-ar", "44100", "-ac", "1", "-"), np.float32)
    assert len(raw) / 44100 == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(raw[:44100]))
    assert abs(int(spectrum.argmax()) - 440) <= 2


def test_frame_rate_and_pingpong(tmp_path: Path) -> None:
    path = save(tmp_path, CODECS["ffv1-mov"], frames(4), pingpong=True, frame_rate=23.976)
    found = decode(path, 48, 64)
    assert len(found) == 6
    assert np.array_equal(found[4], found[2])
    assert np.array_equal(found[5], found[1])
    assert b"23.98" in subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True).stderr


class Lazy:
    """Frames that are made when they are asked for, with a note of what was asked."""

    def __init__(self, images: torch.Tensor) -> None:
        self.shape = images.shape
        self.asked: list[tuple[int, int]] = []
        self._images = images

    def __getitem__(self, part: slice) -> torch.Tensor:
        self.asked.append((part.start, part.stop))
        return self._images[part].clone()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 12])
@pytest.mark.parametrize("at_once", [1, 3, 4, 5, 100])
@pytest.mark.parametrize("pingpong", [False, True])
def test_parts_give_the_same_frames(count: int, at_once: int, pingpong: bool) -> None:
    images, codec = frames(count, 8, 8), CODECS["ffv1-mov"]
    lazy = Lazy(images)
    clip = Clip(lazy, 8.0, pingpong, at_once=at_once)
    found = list(clip.frames(codec))
    order = [*range(count), *(range(count - 2, 0, -1) if pingpong else ())]
    assert np.array_equal(np.stack(found), (images[order] * 255).round().numpy().astype(np.uint8))
    assert len(found) == len(clip)
    parts = -(-count // at_once)
    assert lazy.asked[:parts] == [(start, start + at_once) for start in range(0, count, at_once)]
    assert len(lazy.asked) <= 2 * parts


def test_gif_asks_for_frames_once_for_the_colours_and_once_for_the_pictures(tmp_path: Path) -> None:
    lazy = Lazy(frames(8))
    write_video(Job(Clip(lazy, 8.0, True, at_once=4), CODECS["gif"], tmp_path / "clip.gif"))
    assert len(decode(tmp_path / "clip.gif", 48, 64)) == 14
    assert [start for start, _ in lazy.asked] == [0, 4, 0, 4, 4, 0]


def test_one_frame(tmp_path: Path) -> None:
    for codec in CODECS.values():
        folder = tmp_path / codec.name
        folder.mkdir()
        assert save(folder, codec, frames(1), pingpong=True, tags=TAGS).exists()


@pytest.mark.parametrize(("loops", "wanted"), [(0, 0), (1, None), (3, 2)])
def test_gif_loop_count(tmp_path: Path, loops: int, wanted: int | None) -> None:
    data = save(tmp_path, CODECS["gif"], frames(3), loop_count=loops).read_bytes()
    at = data.find(b"NETSCAPE2.0")
    assert (None if at < 0 else struct.unpack_from("<H", data, at + 13)[0]) == wanted


def test_quality_changes_the_size(tmp_path: Path) -> None:
    noise = torch.rand(8, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    sizes = []
    for quality in (20, 90):
        folder = tmp_path / str(quality)
        folder.mkdir()
        sizes.append(save(folder, CODECS["h264-mp4"], noise, quality=quality).stat().st_size)
    assert sizes[1] > 2 * sizes[0]


def test_not_a_number_becomes_black(tmp_path: Path) -> None:
    images = frames(2)
    images[0] = float("nan")
    found = decode(save(tmp_path, CODECS["ffv1-mov"], images), 48, 64)
    assert found[0].max() == 0


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        images = torch.rand(1, 256, 256, 3).expand(count, -1, -1, -1)
        tracemalloc.start()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        save(folder, CODECS["h264-mp4"], images)
        traced = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
        return traced

    peak(4)
    assert peak(300) < peak(8) + 2_000_000


def no_files_left(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def test_no_frames(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no frames"):
        save(tmp_path, CODECS["h264-mp4"], torch.zeros(0, 8, 8, 3))
    assert no_files_left(tmp_path)


def test_other_channel_counts(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="2 channels"):
        save(tmp_path, CODECS["h264-mp4"], torch.zeros(4, 8, 8, 2))
    assert no_files_left(tmp_path)


class Cancelled(BaseException):
    pass


@pytest.mark.parametrize(
    "codec", [CODECS["h264-mp4"], CODECS["gif"], CODECS["png-sequence"]], ids=lambda codec: codec.name
)
def test_cancelling_leaves_nothing(tmp_path: Path, codec: Codec) -> None:
    def cancel(done: int, _total: int) -> None:
        if done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        save(tmp_path, codec, frames(), progress=cancel)
    assert no_files_left(tmp_path)


def test_encoder_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"clip\.mp4 was not saved: ffmpeg cannot encode 20000x2 as h264-mp4"):
        save(tmp_path, CODECS["h264-mp4"], torch.zeros(1, 2, 20000, 3))
    assert no_files_left(tmp_path)


def fake_ffmpeg(folder: Path, body: str) -> str:
    script = folder / "ffmpeg"
    script.write_text(f"#!{sys.executable}\n{body}")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print(' V..... libx265 another one')", "has no encoder libx264"),
        ("raise SystemExit(1)", "ffmpeg cannot be run"),
    ],
)
def test_missing_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str) -> None:
    tools, target = tmp_path / "tools", tmp_path / "out"
    tools.mkdir()
    target.mkdir()
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tools, body))
    with pytest.raises(VideoError, match=message):
        save(target, CODECS["h264-mp4"], frames())
    assert no_files_left(target)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def limited(*arguments, **options):
        def limit() -> None:
            # a write beyond the limit then fails with an error instead of a signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        return popen(*arguments, **options, preexec_fn=limit, restore_signals=False)

    monkeypatch.setattr(process.subprocess, "Popen", limited)
    noise = torch.rand(8, 128, 128, 3)
    with pytest.raises(VideoError, match=r"clip\.mov was not saved: the disk .* is full"):
        save(tmp_path, CODECS["ffv1-mov"], noise)
    assert no_files_left(tmp_path)


PATTERNS = [CODECS[name] for name in ("h264-mp4", "gif", "webp", "apng", "png-sequence")]


@pytest.mark.parametrize("codec", PATTERNS, ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "name", ["50%d", "n%03dn", "-y", "a:b 'c' \"d\"", "*?[x]", "🎬" * 40, "file,x|y", "%", "a\udcffb"]
)
def test_names_are_names(tmp_path: Path, codec: Codec, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}_{codec.extension}"
    sound = Sound(torch.zeros(1, 8000), 8000)
    saved = write_video(Job(Clip(frames(2, 8, 8), 8.0, sound=sound), codec, path, tags=TAGS))
    assert saved.left_out == ()
    assert saved.path == path
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    if codec.sequence:
        assert sorted(os.listdir(path)) == ["00001.png", "00002.png"]


@pytest.mark.parametrize("codec", [CODECS["h264-mp4"], CODECS["png-sequence"]], ids=lambda codec: codec.name)
def test_a_saved_clip_is_never_replaced(tmp_path: Path, codec: Codec) -> None:
    path = save(tmp_path, codec, frames(2))
    before = sorted((item, item.stat().st_mtime_ns) for item in tmp_path.rglob("*"))
    with pytest.raises(VideoError, match="the name is taken"):
        write_video(Job(Clip(frames(4), 8.0), codec, path))
    assert sorted((item, item.stat().st_mtime_ns) for item in tmp_path.rglob("*")) == before
    others = [path, tmp_path / "another"]
    assert write_video(Job(Clip(frames(4), 8.0), codec, path, other_paths=others)).path == others[1]


KEYS = {
    "": "1", "日本": "2", "a\nb": "3", "x" * 100: "4", "\ud800": "5", "[STREAM]": "6", "=;#\\": "7", "nul": "a\0b",
    "timecode": "no time", "creation_time": "never", " a": "8", "huge": "y" * (65 << 20), "workflow": '{"kept": 1}',
}  # fmt: skip


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_tags_that_cannot_be_written_are_left_out(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / f"clip.{codec.extension}"
    saved = write_video(Job(Clip(frames(2), 8.0), codec, path, tags=KEYS))
    assert saved.path == path
    if codec.tags is not None:
        assert any("'huge'" in sentence for sentence in saved.left_out)
        data = b"".join(file.read_bytes() for file in (path.iterdir() if path.is_dir() else [path]))
        assert b'{"kept": 1}' in data or any("does not hold the workflow." in words for words in saved.left_out)


def test_sound_that_cannot_be_encoded_is_left_out(tmp_path: Path) -> None:
    sound = Sound(torch.zeros(60, 8000), 8000)
    saved = write_video(Job(Clip(frames(4), 8.0, sound=sound), CODECS["h264-mp4"], tmp_path / "x.mp4"))
    assert len(decode(saved.path, 48, 64)) == 4
    assert saved.left_out[0].startswith("The file has no sound")


def test_a_clip_outlives_its_preview(tmp_path: Path) -> None:
    nowhere = tmp_path / "gone" / "preview.mp4"
    saved = write_video(Job(Clip(frames(4), 8.0), CODECS["prores-mov"], tmp_path / "x.mov", preview=nowhere))
    assert saved.path.exists()
    assert saved.preview is None
    assert "is saved" in saved.left_out[0]


@pytest.mark.parametrize(
    ("name", "rate", "least"),
    [("gif", 60, 20), ("gif", 1000, 20), ("gif", 30, 20), ("webp", 120, 11), ("apng", 120, 11)],
)
def test_no_delay_that_browsers_stretch(tmp_path: Path, name: str, rate: float, least: int) -> None:
    from PIL import Image, ImageSequence

    path = save(tmp_path, CODECS[name], frames(60), frame_rate=rate)
    with Image.open(path) as picture:
        delays = []
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            delays.append(frame.info["duration"])
    assert min(delays) >= least
    assert sum(delays) == pytest.approx(60_000 / rate, abs=25), "as long as the clip"


def test_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="No such file or directory"):
        save(tmp_path / "gone", CODECS["h264-mp4"], frames())


def test_preview_beside_formats_browsers_cannot_play(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    save(folder, CODECS["prores-mov"], frames(6, 49, 1001), preview=tmp_path / "preview.mp4")
    assert decode(tmp_path / "preview.mp4", 38, 768).shape[0] == 6
    assert os.listdir(folder) == ["clip.mov"]
