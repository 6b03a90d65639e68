"""The file formats a clip can be saved in, as data."""

from dataclasses import dataclass

from . import settings
from .settings import Setting


@dataclass(frozen=True)
class Codec:
    """One file format."""

    name: str
    extension: str
    encoder: str
    """ffmpeg's name of the encoder."""
    options: tuple[str, ...] = ()
    pixels: str = "yuv420p"
    pixels_alpha: str | None = None
    """Pixel format when the pictures have alpha, None if the format cannot keep it."""
    crf: tuple[int, int] | None = None
    """Constant rate factor at quality 0 and 100."""
    multiple: tuple[int, int] = (1, 1)
    """What width and height have to be a multiple of."""
    audio: tuple[str, ...] | None = None
    """Encoder options for sound, None if the format has no sound."""
    tags: str | None = "container"
    """How the workflow is stored: container tags, or parts of the file written afterwards ("png", "webp", "gif")."""
    plays_in_browser: bool = True
    still: bool = False
    """Shown as a picture (gif, webp, apng) rather than as a video."""
    sequence: bool = False
    """A folder with one picture a frame."""
    fastest: int | None = None
    """Frames a second beyond which browsers play it too slowly: they take delays of 10 ms and less for 100 ms."""
    settings: tuple[Setting, ...] = ()
    """What a person may choose about it."""


AAC, OPUS, PCM = ("-c:a", "aac", "-b:a", "192k"), ("-c:a", "libopus", "-b:a", "160k"), ("-c:a", "pcm_s16le")
MOV = ("-movflags", "+faststart+use_metadata_tags")
H264 = ("h264_nvenc", "h264_qsv", "h264_amf", "h264_videotoolbox", "h264_vaapi")
HEVC = ("hevc_nvenc", "hevc_qsv", "hevc_amf", "hevc_videotoolbox", "hevc_vaapi")
AV1 = ("av1_nvenc", "av1_qsv", "av1_amf", "av1_vaapi")
_LIKE_H264 = (settings.TRUE_COLOUR, settings.COLOURS, settings.PRESET, settings.rate_factor(51))
_LIKE_PNG = (settings.PICTURE_DEPTH, settings.PNG_SIZE)
CODECS = {
    codec.name: codec
    for codec in (
        Codec(
            "h264-mp4",
            "mp4",
            "libx264",
            MOV,
            crf=(45, 10),
            multiple=(2, 2),
            audio=AAC,
            settings=(settings.encoder(*H264), *_LIKE_H264),
        ),
        Codec(
            "h265-mp4",
            "mp4",
            "libx265",
            (*MOV, "-tag:v", "hvc1"),
            crf=(45, 14),
            multiple=(2, 2),
            audio=AAC,
            plays_in_browser=False,
            settings=(settings.encoder(*HEVC), *_LIKE_H264),
        ),
        Codec(
            "vp9-webm",
            "webm",
            "libvpx-vp9",
            ("-b:v", "0", "-row-mt", "1"),
            pixels_alpha="yuva420p",
            crf=(60, 7),
            multiple=(2, 2),
            audio=OPUS,
            settings=(settings.TRUE_COLOUR, settings.COLOURS, settings.VP9_SPEED, settings.rate_factor(63)),
        ),
        Codec(
            "av1-webm",
            "webm",
            "libsvtav1",
            crf=(60, 10),
            multiple=(2, 2),
            audio=OPUS,
            settings=(settings.encoder(*AV1), settings.TEN_BITS, settings.AV1_SPEED, settings.rate_factor(63)),
        ),
        Codec(
            "prores-mov",
            "mov",
            "prores_ks",
            ("-movflags", "use_metadata_tags", "-vendor", "apl0"),
            pixels="yuv422p10le",
            pixels_alpha="yuva444p10le",
            multiple=(2, 1),
            audio=PCM,
            plays_in_browser=False,
            settings=(settings.PROFILE,),
        ),
        Codec(
            "ffv1-mov",
            "mov",
            "ffv1",
            ("-movflags", "use_metadata_tags", "-level", "3", "-slicecrc", "1"),
            pixels="bgr0",
            pixels_alpha="bgra",
            audio=PCM,
            plays_in_browser=False,
            settings=(settings.LOSSLESS_DEPTH,),
        ),
        Codec(
            "gif",
            "gif",
            "gif",
            pixels="pal8",
            pixels_alpha="pal8",
            tags="gif",
            still=True,
            # it counts in hundredths of a second
            fastest=50,
            settings=(settings.PALETTE, settings.PALETTE_SIZE, settings.DITHER),
        ),
        Codec(
            "webp",
            "webp",
            "libwebp",
            pixels="bgra",
            pixels_alpha="bgra",
            tags="webp",
            still=True,
            fastest=90,
            settings=(settings.WEBP_KIND,),
        ),
        Codec(
            "apng",
            "png",
            "apng",
            ("-f", "apng"),
            pixels="rgb24",
            pixels_alpha="rgba",
            tags="png",
            still=True,
            fastest=90,
            settings=_LIKE_PNG,
        ),
        Codec(
            "png-sequence",
            "png",
            "png",
            ("-f", "image2"),
            pixels="rgb24",
            pixels_alpha="rgba",
            tags="png",
            plays_in_browser=False,
            sequence=True,
            settings=_LIKE_PNG,
        ),
    )
}
