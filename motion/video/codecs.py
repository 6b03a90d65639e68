"""The file formats a clip can be saved in, as data for the ffmpeg command line."""

from dataclasses import dataclass

BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
TO_BT709 = "scale=out_color_matrix=bt709:out_range=tv"


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
    """How the workflow is stored: container tags, or chunks written afterwards ("png", "webp")."""
    plays_in_browser: bool = True
    still: bool = False
    """Shown as a picture (gif, webp, apng) rather than as a video."""
    sequence: bool = False
    """A folder with one picture a frame."""
    fastest: int | None = None
    """Frames a second beyond which browsers play it too slowly: they take delays of 10 ms and less for 100 ms."""

    def arguments(self, quality: int, loop_count: int, alpha: bool) -> list[str]:
        """Encoder arguments.

        Args:
            quality: 0 to 100.
            loop_count: how often the clip plays, 0 for ever (gif, webp, apng).
        """
        pixels = self.pixels_alpha if alpha and self.pixels_alpha else self.pixels
        options = ["-c:v", self.encoder, *self.options, "-pix_fmt", pixels]
        if self.crf is not None:
            low, high = self.crf
            options += ["-crf", str(round(low + (high - low) * quality / 100))]
        if self.pixels.startswith("yuv"):
            options += BT709
        return options + self._special(quality, loop_count, alpha)

    def _special(self, quality: int, loop_count: int, alpha: bool) -> list[str]:
        if self.name == "prores-mov":
            profile = 4 if alpha else min(3, quality // 25)
            return ["-profile:v", str(profile)]
        if self.name == "gif":
            # ffmpeg counts repetitions after the first play, -1 for none
            return ["-loop", str(loop_count - 1 if loop_count != 1 else -1) if loop_count else "0"]
        if self.name == "webp":
            lossless = ["-lossless", "1"] if quality == 100 else ["-q:v", str(quality)]
            return ["-loop", str(loop_count), *lossless]
        if self.name == "apng":
            return ["-plays", str(loop_count)]
        return []


AAC, OPUS, PCM = ("-c:a", "aac", "-b:a", "192k"), ("-c:a", "libopus", "-b:a", "160k"), ("-c:a", "pcm_s16le")
MOV = ("-movflags", "+faststart+use_metadata_tags")
CODECS = {
    codec.name: codec
    for codec in (
        Codec("h264-mp4", "mp4", "libx264", MOV, crf=(45, 10), multiple=(2, 2), audio=AAC),
        Codec(
            "h265-mp4",
            "mp4",
            "libx265",
            (*MOV, "-tag:v", "hvc1", "-x265-params", "log-level=error"),
            crf=(45, 14),
            multiple=(2, 2),
            audio=AAC,
            plays_in_browser=False,
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
        ),
        Codec(
            "av1-webm",
            "webm",
            "libsvtav1",
            ("-preset", "6", "-svtav1-params", "lp=0"),
            pixels="yuv420p10le",
            crf=(60, 10),
            multiple=(2, 2),
            audio=OPUS,
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
        ),
        # a gif counts in hundredths of a second
        Codec("gif", "gif", "gif", pixels="pal8", pixels_alpha="pal8", tags=None, still=True, fastest=50),
        Codec(
            "webp",
            "webp",
            "libwebp",
            pixels="bgra",
            pixels_alpha="bgra",
            tags="webp",
            still=True,
            fastest=90,
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
        ),
    )
}
PREVIEW = CODECS["h264-mp4"]
PREVIEW_FILTER = "scale='max(2,2*trunc(min(768,iw)/2))':-2:flags=bicubic,"
