"""One picture file of every kind, against what Pillow itself or the values written say."""

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from kinema.nodes.host.video import stills
from PIL import Image, ImageOps

WIDE, HIGH = 41, 37


def read(path: Path, size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Colours and mask of a file in a size."""
    if size is None:
        header = stills.read_header(str(path))
        size = header.width, header.height
    picture = np.full((size[1], size[0], 3), np.nan, np.float32)
    mask = np.zeros((size[1], size[0]), np.float32)
    stills.write_still(str(path), picture, mask)
    assert np.isfinite(picture).all()
    assert min(picture.min(), mask.min()) >= 0
    assert max(picture.max(), mask.max()) <= 1
    return picture, mask


def noise(channels: int, most: int = 255, size: tuple[int, int] = (WIDE, HIGH)) -> np.ndarray:
    kind = np.uint8 if most == 255 else np.uint16
    return np.random.default_rng(3).integers(0, most + 1, (size[1], size[0], channels)).astype(kind)


def png16(values: np.ndarray, *extra: bytes) -> bytes:
    """A PNG with 16 bits in each colour, which Pillow does not write."""
    high, wide, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", wide, high, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = (b"IHDR" + head, *extra, b"IDAT" + zlib.compress(rows), b"IEND")
    parts = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["png", "bmp", "tif", "tga", "ppm", "webp", "jp2"])
def test_colours_are_those_of_the_file(tmp_path: Path, kind: str) -> None:
    values = noise(3)
    lossless: dict[str, Any] = {"webp": {"lossless": True}, "jp2": {"irreversible": False}}
    Image.fromarray(values).save(tmp_path / f"a.{kind}", **lossless.get(kind, {}))
    picture, mask = read(tmp_path / f"a.{kind}")
    assert np.array_equal(picture, (values / np.float32(255)).astype(np.float32))
    assert not mask.any()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("kind", ["png", "tif", "jpg", "gif", "webp"])
def test_modes_are_as_pillow_converts_them(tmp_path: Path, mode: str, kind: str) -> None:
    source = Image.fromarray(noise(4), "RGBA").convert("RGB" if mode not in ("LA", "PA", "RGBA") else "RGBA")
    try:
        source.convert(mode).save(tmp_path / f"a.{kind}")
    except (OSError, ValueError, KeyError):
        return  # there are no such files
    picture, mask = read(tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as image:
        expected = np.asarray(image.convert("RGBA"), np.float32) / 255
        has_opacity = image.has_transparency_data
    assert np.abs(picture - expected[..., :3]).max() < 1e-6
    assert np.abs(mask - (1 - expected[..., 3])).max() < 1e-6 if has_opacity else not mask.any()


def test_a_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.fromarray(noise(3)).quantize(16)
    image.save(tmp_path / "a.png", transparency=3)
    picture, mask = read(tmp_path / "a.png")
    assert np.array_equal(mask, (np.asarray(image) == 3).astype(np.float32))
    assert np.abs(picture - np.asarray(image.convert("RGB"), np.float32) / 255).max() < 1e-6


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_kept(tmp_path: Path, channels: int) -> None:
    values = noise(channels, 65535)
    (tmp_path / "a.png").write_bytes(png16(values))
    picture, mask = read(tmp_path / "a.png")
    expected = values / 65535
    assert np.abs(picture - (expected[..., :3] if channels > 2 else expected[..., :1])).max() < 1e-6
    assert np.abs(mask - (1 - expected[..., -1])).max() < 1e-6 if channels in (2, 4) else not mask.any()


def test_a_transparent_grey_of_sixteen_bits(tmp_path: Path) -> None:
    values = np.arange(WIDE * HIGH, dtype=np.uint16).reshape(HIGH, WIDE, 1) * 40
    (tmp_path / "a.png").write_bytes(png16(values, b"tRNS" + struct.pack(">H", 400)))
    picture, mask = read(tmp_path / "a.png")
    assert np.abs(picture - values / 65535).max() < 1e-6
    assert np.array_equal(mask, (values[..., 0] == 400).astype(np.float32))


@pytest.mark.parametrize("layout", ["rgb48le", "rgba64le", "gray16le"])
def test_sixteen_bits_of_tiff_are_kept(tmp_path: Path, layout: str) -> None:
    channels = {"rgb48le": 3, "rgba64le": 4, "gray16le": 1}[layout]
    values = noise(channels, 65535)
    with av.open(str(tmp_path / "a.tif"), "w", format="image2") as container:
        stream = container.add_stream("tiff", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, layout
        frame = av.VideoFrame.from_ndarray(values if channels > 1 else values[..., 0], format=layout)
        container.mux([*stream.encode(frame), *stream.encode()])
    picture, mask = read(tmp_path / "a.tif")
    expected = values / 65535
    assert np.abs(picture - expected[..., :3]).max() < 1e-6
    assert np.abs(mask - (1 - expected[..., -1])).max() < 1e-6 if channels == 4 else not mask.any()


def test_grey_and_floats_of_tiff(tmp_path: Path) -> None:
    values = noise(1, 65535)[..., 0]
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.abs(read(tmp_path / "a.tif")[0] - values[..., None] / 65535).max() < 1e-6
    floats = (values / 32768 - 0.5).astype(np.float32)
    floats[0, 0], floats[0, 1] = np.nan, np.inf
    Image.fromarray(floats).save(tmp_path / "b.tif")
    expected = np.clip(np.nan_to_num(floats), 0, 1)[..., None]
    assert np.abs(read(tmp_path / "b.tif")[0] - expected).max() < 1e-6


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_pictures_are_upright(tmp_path: Path, kind: str, turned: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    options: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
    Image.fromarray(noise(3)).save(tmp_path / f"a.{kind}", exif=exif, **options)
    picture, _ = read(tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image), np.float32) / 255
    assert picture.shape == expected.shape == ((HIGH, WIDE, 3) if turned < 5 else (WIDE, HIGH, 3))
    assert np.abs(picture - expected).max() < 1e-6


def test_the_first_picture_of_what_moves(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (WIDE, HIGH), colour) for colour in ("red", "lime", "blue")]
    for kind in ("gif", "png", "webp"):
        options: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
        frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:], duration=100, **options)
        picture, _ = read(tmp_path / f"a.{kind}")
        assert np.array_equal(picture[0, 0], [1, 0, 0])
        assert stills.read_header(str(tmp_path / f"a.{kind}")).moves
    frames[0].save(tmp_path / "still.png")
    assert not stills.read_header(str(tmp_path / "still.png")).moves


def test_another_shape_is_cropped_in_its_middle(tmp_path: Path) -> None:
    values = np.zeros((40, 80, 4), np.uint8)
    values[:, 20:60, 0] = 255
    values[:, 20:60, 3] = 255
    Image.fromarray(values).save(tmp_path / "a.png")
    picture, mask = read(tmp_path / "a.png", (20, 20))
    assert np.array_equal(picture, np.broadcast_to(np.array([1, 0, 0], np.float32), (20, 20, 3)))
    assert not mask.any()


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(noise(3)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read(tmp_path / "a.jpg")[0].shape == (HIGH, WIDE, 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "it is empty"), (b"no picture", "it is no picture"), (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is no picture")],
)
def test_what_is_no_picture(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(stills.StillError, match=says):
        stills.read_header(str(tmp_path / "a.png"))


@pytest.mark.parametrize("side", [12000, 30000, 2**31 - 1])
def test_a_small_file_that_claims_to_be_huge(tmp_path: Path, side: int) -> None:
    file = bytearray(png16(noise(3, 65535)))
    file[16:24] = struct.pack(">II", side, side)
    file[29:33] = struct.pack(">I", zlib.crc32(bytes(file[12:29])))
    (tmp_path / "a.png").write_bytes(file)
    with pytest.raises(stills.StillError, match="make it smaller"):
        stills.read_header(str(tmp_path / "a.png"))


def test_two_hundred_mutated_pictures_are_read_or_refused_in_words(tmp_path: Path) -> None:
    sources: list[bytes] = [png16(noise(3, 65535)), png16(noise(4, 65535))]
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "TGA", "AVIF", "JPEG2000", "PPM"):
        with io.BytesIO() as file:
            Image.fromarray(noise(3)).save(file, kind)
            sources.append(file.getvalue())
    draw, told = random.Random(11), []
    path = tmp_path / "a.png"
    for number in range(240):
        content = bytearray(sources[number % len(sources)])
        if number % 5 == 0:
            del content[draw.randrange(len(content)) :]
        for _ in range(draw.choice((1, 4, 40))):
            if content:
                content[draw.randrange(min(len(content), draw.choice((64, len(content)))))] = draw.randrange(256)
        path.write_bytes(content)
        try:
            header = stills.read_header(str(path))
            read(path, (min(header.width, 64), min(header.height, 64)))
        except stills.StillError as error:
            told.append(str(error))
    assert 40 < len(told) < 240
    assert all(told)


def test_what_is_written_are_arrays_of_the_host(tmp_path: Path) -> None:
    """Threads write into tensors that the host made in its inference mode."""
    Image.fromarray(noise(4)).save(tmp_path / "a.png")
    with torch.inference_mode():
        images, masks = torch.empty(1, 20, 20, 3), torch.zeros(1, 20, 20)
        arrays = images.numpy(), masks.numpy()
    stills.write_still(str(tmp_path / "a.png"), arrays[0][0], arrays[1][0])
    assert images.isfinite().all()
    assert masks.any()
