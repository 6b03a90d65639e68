"""A file is that file alone: no list, pattern or name makes reading open another one, or the network."""

import contextlib
import ctypes
import os
import shutil
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import count_frames, read_frames
from kinema.nodes.host.video.read import VideoFramesError

IN_OPEN, O_NONBLOCK = 0x20, 0o4000
ENDINGS = ("mp4", "m3u8", "txt", "ts", "mkv", "mpd", "sdp", "ffconcat")


class Listener:
    """A web server nobody must call."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def called(self) -> bool:
        """Whether anybody did."""
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class Watch:
    """Tells whether a file was opened, where the system can tell."""

    def __init__(self, path: Path) -> None:
        self._handle = -1
        if sys.platform == "linux":
            libc = ctypes.CDLL(None)
            self._handle = libc.inotify_init1(O_NONBLOCK)
            libc.inotify_add_watch(self._handle, os.fsencode(path), IN_OPEN)

    def opened(self) -> bool:
        """Whether it was since the last time."""
        try:
            return self._handle >= 0 and bool(os.read(self._handle, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)


class Bait:
    """A folder with a clip that nobody asks for, and a server that nobody must call."""

    def __init__(self, folder: Path, clip: Path) -> None:
        self.folder = folder
        self.names = ("secret.mp4", "secret.ts", "secret.png", "0.png", "1.png")
        for name in self.names:
            shutil.copy(clip.with_name("still.png" if name.endswith("png") else "b-frames.ts"), folder / name)
        shutil.copy(clip, folder / "secret.mp4")
        self.watches = {name: Watch(folder / name) for name in self.names}
        self.listener = Listener()

    @property
    def address(self) -> str:
        """Where the server listens."""
        return f"127.0.0.1:{self.listener.port}"

    def taken(self) -> list[str]:
        """What of it was touched."""
        opened = [name for name, watch in self.watches.items() if watch.opened()]
        return opened + ["network"] * self.listener.called()

    def close(self) -> None:
        self.listener.close()
        for watch in self.watches.values():
            watch.close()


@pytest.fixture
def bait(tmp_path: Path, zoo: dict[str, Path]) -> Iterator[Bait]:
    bait = Bait(tmp_path, zoo["h264.mp4"])
    yield bait
    bait.close()


def refused(bait: Bait, source: object) -> None:
    for read in (read_frames, count_frames):
        with pytest.raises(VideoFramesError):
            read(InputImpl.VideoFromFile(source), Choice(count=2), 0, 0)  # type: ignore[arg-type]
        assert bait.taken() == []


def manifest(address: str) -> str:
    segment = '<SegmentTemplate media="{0}" initialization="{0}" startNumber="1" timescale="1" duration="9"/>'
    shape = '<Representation id="1" bandwidth="9" width="64" height="48" codecs="avc1.640028">'
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4" contentType="video">'
        f"{shape}{segment.format(address)}</Representation></AdaptationSet></Period></MPD>"
    )


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"
LISTS: dict[str, Callable[[str], str]] = {
    "hls": HLS.format,
    "hls with a key": lambda address: HLS.format(address).replace(
        "#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n#EXTINF'
    ),
    "hls with a map": lambda address: HLS.format(address).replace("#EXTINF", f'#EXT-X-MAP:URI="{address}"\n#EXTINF'),
    "hls of lists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n{}\n".format,
    "concat": "ffconcat version 1.0\nfile '{}'\n".format,
    "dash": manifest,
    "sdp": lambda address: (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {address.rsplit(':')[-1]} RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n"
    ),
    "playlist": "[playlist]\nFile1={}\nNumberOfEntries=1\n".format,
    "plain": "{}\n".format,
    "quicktime": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{}"/>'.format,
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_other_files(bait: Bait, name: str) -> None:
    folder = bait.folder
    addresses = [
        *("secret.mp4", "secret.ts", str(folder / "secret.ts"), f"file:{folder / 'secret.ts'}"),
        *(f"http://{bait.address}/x.ts", f"tcp://{bait.address}", f"rtsp://{bait.address}/x"),
        f"concat:{folder / 'secret.ts'}",
        f"subfile,,start,0,end,0,,:{folder / 'secret.ts'}",
        f"crypto+file:{folder / 'secret.ts'}",
        "data:video/mp2t;base64,AAAA",
    ]
    for place, address in enumerate(addresses):
        text = LISTS[name](address)
        path = folder / f"list.{ENDINGS[place % len(ENDINGS)]}"
        for ending in {"mp4", path.suffix[1:]}:
            path = folder / f"list.{ending}"
            path.write_text(text)
            refused(bait, str(path))
            path.unlink()
        refused(bait, BytesIO(text.encode()))


def test_names_that_mean_something_to_ffmpeg(bait: Bait, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bait.folder)
    secret = bait.folder / "secret.mp4"
    for name in (
        *(f"http://{bait.address}/x.mp4", f"https://{bait.address}/x.mp4", f"tcp://{bait.address}"),
        *(f"rtsp://{bait.address}/x", f"rtmp://{bait.address}/x", f"ftp://{bait.address}/x.mp4"),
        *(f"hls+http://{bait.address}/x.m3u8", f"async:http://{bait.address}/x", f"cache:http://{bait.address}/x"),
        *(f"concat:{secret}|{secret}", f"subfile,,start,0,end,0,,:{secret}", f"crypto:{secret}", f"file:{secret}"),
        *(f"async:{secret}", f"cache:{secret}", f"concatf:{secret}", "pipe:", "pipe:0", "fd:", "-"),
        *(f"{bait.folder}/%d.png", "%d.png", "*.png", "?.png", "%01d.png"),
        *("data:video/mp4;base64,AAAA", "testsrc", "lavfi:testsrc", "/dev/video0", "/dev/stdin"),
    ):
        refused(bait, name)


def test_such_names_are_files_if_they_are_there(tmp_path: Path, zoo: dict[str, Path]) -> None:
    for name in (
        "100%d.mp4",
        "a%03d.mp4",
        "*.mp4",
        "?.gif",
        "concat:x.mp4",
        "-.mp4",
        "a b'c\".mp4",
        "ü→.mp4",
        "#?&=.mp4",
    ):
        if sys.platform == "win32" and set(name) & set('*?:"'):
            continue
        source = zoo[{"png": "still.png", "gif": "plain.gif"}.get(name[-3:], "h264.mp4")]
        shutil.copy(source, tmp_path / name)
        found = read_frames(InputImpl.VideoFromFile(str(tmp_path / name)), Choice(count=1), 0, 0)
        assert found.images.shape == (1, 48, 64, 3)


def reference(address: str) -> bytes:
    """QuickTime's data reference to another file, in place of "the data is here"."""
    alias = address.encode() + b"\0"
    entry = struct.pack(">I4sI", 12 + len(alias), b"url ", 0) + alias
    return struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry


def test_a_movie_whose_pictures_are_elsewhere(bait: Bait, zoo: dict[str, Path]) -> None:
    here = struct.pack(">I4sII", 28, b"dref", 0, 1) + struct.pack(">I4sI", 12, b"url ", 1)
    data = zoo["silent.mp4"].read_bytes()
    assert data.count(here) == 1
    for address in (f"file://{bait.folder}/secret.mp4", "secret.mp4", f"http://{bait.address}/x.mp4"):
        path = bait.folder / "reference.mov"
        changed = data.replace(here, reference(address))
        grown = len(changed) - len(data)
        for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            at = changed.index(box) - 4
            changed = (
                changed[:at] + struct.pack(">I", struct.unpack_from(">I", changed, at)[0] + grown) + changed[at + 4 :]
            )
        path.write_bytes(changed)
        with contextlib.suppress(VideoFramesError):
            read_frames(InputImpl.VideoFromFile(str(path)), Choice(count=2), 0, 0)
        assert bait.taken() == []


def test_the_bait_is_noticed(bait: Bait) -> None:
    """What the tests above rest on."""
    read_frames(InputImpl.VideoFromFile(str(bait.folder / "secret.ts")), Choice(count=1), 0, 0)
    with socket.create_connection(("127.0.0.1", bait.listener.port)):
        assert bait.taken() == (["secret.ts", "network"] if sys.platform == "linux" else ["network"])
