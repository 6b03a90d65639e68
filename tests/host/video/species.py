"""What lives in the zoo: which clips there are, how ffmpeg makes them, and what is true of them."""

import numpy as np

from .zoo import CLICK, COUNT, RATE, Specimen


def raw(rate: str, width: int = 64, height: int = 48) -> tuple[str, ...]:
    """The drawn pictures at a rate."""
    size = f"{width}x{height}"
    return "-f", "rawvideo", "-pix_fmt", "rgba", "-s", size, "-r", rate, "-i", "{in}/" + f"{width}.rgba"


RAW, ODD = raw(str(RATE)), raw(str(RATE), 63, 47)
HEARD = (*RAW, "-i", "{in}/sound.wav")
MATRIX = "scale=out_color_matrix={0}:out_range={1}:flags=accurate_rnd+full_chroma_int,format={2},setparams=range={1}"
TAGGED = MATRIX + ":colorspace={3}:color_primaries={3}:color_trc={3}"
DRAWN = ("-vf", MATRIX.format("bt601", "tv", "yuv420p"))
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "10")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:crf=10")
H264 = (*DRAWN, *X264, "-bf", "0", "-g", "6")
B_FRAMES = (*DRAWN, *X264, "-bf", "3", "-g", "12", "-x264-params", "b-adapt=0:scenecut=0")
AAC = ("-c:a", "aac", "-b:a", "96k")
COPY = ("-c", "copy")
CLICKS = CLICK / RATE
UNEVEN = tuple(n / RATE if n < 6 else 0.75 + (n - 6) * 0.5 for n in range(COUNT))
"""Half of the pictures stay four times as long."""
VARIABLE = "setpts='if(lt(N,6),N/8,0.75+(N-6)*0.5)/TB'"
SLOWER = COUNT / (UNEVEN[-1] + 1 / RATE)


def tagged(matrix: str, levels: str, pixels: str, tag: str) -> tuple[str, str]:
    """A filter that turns RGB into a kind of YUV and says so."""
    return "-vf", TAGGED.format(matrix, levels, pixels, tag)


def hdr(name: str, transfer: str) -> tuple[str, ...]:
    """Pictures of a high dynamic range in H.265."""
    form = ("-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "64x48", "-r", str(RATE), "-i", "{in}/" + name + ".rgb48")
    tags = f":colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}"
    return (*form, "-vf", MATRIX.format("bt2020", "tv", "yuv420p10le") + tags, *X265, "-tag:v", "hvc1")


def turned(name: str, options: tuple[str, ...], upright: object, size: tuple[int, int] = (48, 64)) -> Specimen:
    """A clip with a display matrix."""
    steps = ((*HEARD, *H264, *AAC), (*options, "-i", "{1}", *COPY))
    return Specimen(name, steps, upright=upright, size=size, click=CLICKS)  # type: ignore[arg-type]


PALETTE = "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse=dither=none:alpha_threshold=128"

SPECIMENS = [
    # clocks
    Specimen("h264.mp4", ((*HEARD, *H264, *AAC),), click=CLICKS),
    Specimen("silent.mp4", ((*RAW, *H264),)),
    Specimen("b-frames.mp4", ((*HEARD, *B_FRAMES, *AAC),), click=CLICKS),
    Specimen("b-frames.mkv", ((*HEARD, *B_FRAMES, *AAC),), click=CLICKS),
    Specimen("b-frames.ts", ((*HEARD, *B_FRAMES, *AAC),), click=CLICKS),
    Specimen("b-frames.avi", ((*RAW, *B_FRAMES),)),
    Specimen(
        "open-gop.mkv",
        ((*HEARD, *DRAWN, *X264, "-x264-params", "open-gop=1:keyint=6:min-keyint=6:bframes=3:b-adapt=0", *AAC),),
        click=CLICKS,
    ),
    Specimen(
        "variable.mp4",
        ((*RAW, "-vf", f"{VARIABLE},{DRAWN[1]}", "-fps_mode", "vfr", *X264, "-bf", "0"),),
        times=UNEVEN,
        rate=SLOWER,
    ),
    Specimen(
        "variable.mkv",
        ((*RAW, "-vf", f"{VARIABLE},{DRAWN[1]}", "-fps_mode", "vfr", *X264, "-bf", "2"),),
        times=UNEVEN,
        rate=SLOWER,
    ),
    Specimen(
        "edit-list.mp4",
        ((*HEARD, *H264, *AAC), ("-ss", "0.5", "-i", "{1}", *COPY)),
        numbers=tuple(range(4, COUNT)),
        click=CLICKS - 0.5,
    ),
    Specimen(
        "edit-list-b-frames.mp4",
        ((*HEARD, *B_FRAMES, *AAC), ("-ss", "0.5", "-i", "{1}", *COPY)),
        numbers=tuple(range(4, COUNT)),
        click=CLICKS - 0.5,
    ),
    Specimen(
        "offset.mp4",
        ((*HEARD, *H264, *AAC), ("-itsoffset", "0.5", "-i", "{1}", "-i", "{1}", "-map", "0:v", "-map", "1:a", *COPY)),
        click=CLICKS - 0.5,
    ),
    Specimen("late.mkv", ((*HEARD, *H264, *AAC, "-output_ts_offset", "5"),), click=CLICKS),
    Specimen("late.ts", ((*HEARD, *B_FRAMES, *AAC, "-output_ts_offset", "500"),), click=CLICKS),
    Specimen("below-zero.mp4", ((*HEARD, *B_FRAMES, *AAC, "-movflags", "negative_cts_offsets"),), click=CLICKS),
    Specimen(
        "below-zero.mkv",
        ((*HEARD, *B_FRAMES, *AAC, "-output_ts_offset", "-0.125", "-avoid_negative_ts", "disabled"),),
        # it says nothing about its first picture but that its sound starts so much before the second one
        times=(0.0, *(0.144 + place / RATE for place in range(COUNT - 1))),
        rate=COUNT / (COUNT / RATE + 0.019),
        click=CLICKS + 0.019,
    ),
    Specimen("film.mp4", ((*raw("24000/1001"), *H264),), rate=24000 / 1001),
    Specimen("ntsc.mkv", ((*raw("30000/1001"), *H264),), rate=30000 / 1001),
    Specimen("thousand.mp4", ((*raw("1000"), *H264),), rate=1000),
    Specimen("slow.mp4", ((*raw("0.5"), *H264),), rate=0.5),
    Specimen("one.mp4", ((*RAW, "-frames:v", "1", *H264),), numbers=(0,)),
    # containers
    Specimen("no-duration.mkv", ((*HEARD, *H264, *AAC, "-f", "matroska", "-live", "1"),), click=CLICKS),
    Specimen("fragments.mp4", ((*HEARD, *B_FRAMES, *AAC, "-movflags", "frag_keyframe+empty_moov"),), click=CLICKS),
    Specimen("clip.flv", ((*HEARD, *H264, *AAC),), click=CLICKS),
    Specimen(
        "two-sounds.mkv",
        ((*HEARD, "-i", "{in}/long.wav", "-map", "0", "-map", "1", "-map", "2", *H264, *AAC),),
        click=CLICKS,
    ),
    Specimen("long-sound.mp4", ((*RAW, "-i", "{in}/long.wav", *H264, *AAC),), click=CLICKS),
    Specimen("short-sound.mp4", ((*RAW, "-i", "{in}/short.wav", *H264, *AAC),), click=CLICKS),
    Specimen(
        "late-sound.mp4", ((*RAW, "-itsoffset", "0.25", "-i", "{in}/sound.wav", *H264, *AAC),), click=CLICKS + 0.25
    ),
    Specimen(
        "late-sound.mkv", ((*RAW, "-itsoffset", "0.25", "-i", "{in}/sound.wav", *H264, *AAC),), click=CLICKS + 0.25
    ),
    Specimen("words.mkv", ((*HEARD, "-i", "{in}/words.srt", *H264, *AAC, "-c:s", "srt"),), click=CLICKS),
    Specimen("words.mp4", ((*HEARD, "-i", "{in}/words.srt", *H264, *AAC, "-c:s", "mov_text"),), click=CLICKS),
    Specimen("timecode.mov", ((*HEARD, *H264, *AAC, "-timecode", "01:00:00:00"),), click=CLICKS),
    Specimen(
        "two-pictures.mkv",
        ((*HEARD, *ODD, "-map", "0", "-map", "2", "-map", "1", *H264[2:], "-pix_fmt", "yuv444p", *AAC),),
        click=CLICKS,
    ),
    Specimen(
        "cover.mp4",
        (
            (*HEARD, *H264, *AAC),
            ("-i", "{1}", "-i", "{in}/cover.png", "-map", "0", "-map", "1", *COPY, "-disposition:v:1", "attached_pic"),
        ),
        click=CLICKS,
    ),
    Specimen(
        "cover.mkv",
        (
            (*HEARD, *H264, *AAC),
            ("-i", "{1}", *COPY, "-attach", "{in}/cover.png", "-metadata:s:t", "mimetype=image/png"),
        ),
        click=CLICKS,
    ),
    # orientations
    turned("quarter.mp4", ("-display_rotation:v:0", "90"), lambda picture: np.rot90(picture, -1)),
    turned("half.mp4", ("-display_rotation:v:0", "180"), lambda picture: np.rot90(picture, 2), (64, 48)),
    turned("three-quarters.mov", ("-display_rotation:v:0", "270"), lambda picture: np.rot90(picture, 1)),
    turned("mirrored.mp4", ("-display_hflip",), lambda picture: picture[:, ::-1], (64, 48)),
    Specimen("wide-pixels.mp4", ((*RAW, "-vf", DRAWN[1] + ",setsar=2", *X264),), size=(128, 48)),
    Specimen("narrow-pixels.mkv", ((*RAW, "-vf", DRAWN[1] + ",setsar=1/2", *X264),), size=(32, 48)),
    # pixels
    Specimen("odd-444.mp4", ((*ODD, "-vf", MATRIX.format("bt601", "tv", "yuv444p"), *X264),), size=(63, 47)),
    Specimen("odd-420.webm", ((*ODD, *DRAWN, "-c:v", "libvpx-vp9", "-crf", "10", "-cpu-used", "8"),), size=(63, 47)),
    Specimen("odd.mkv", ((*ODD, *DRAWN, "-c:v", "ffv1"),), size=(63, 47)),
    Specimen("444.mp4", ((*RAW, "-vf", MATRIX.format("bt601", "tv", "yuv444p"), *X264),)),
    Specimen("422-10-bit.mp4", ((*RAW, "-vf", MATRIX.format("bt601", "tv", "yuv422p10le"), *X264),)),
    Specimen("h265.mp4", ((*RAW, *DRAWN, *X265, "-tag:v", "hvc1"),)),
    Specimen("h265-10-bit.mkv", ((*RAW, "-vf", MATRIX.format("bt601", "tv", "yuv420p10le"), *X265),)),
    Specimen("hdr-pq.mp4", (hdr("pq", "smpte2084"),)),
    Specimen("hdr-hlg.mov", (hdr("hlg", "arib-std-b67"),)),
    Specimen("full-range.mp4", ((*RAW, "-vf", MATRIX.format("bt601", "pc", "yuv420p"), *X264),)),
    Specimen("709.mp4", ((*RAW, *tagged("bt709", "tv", "yuv420p", "bt709"), *X264),)),
    Specimen("601.mp4", ((*RAW, *tagged("bt601", "tv", "yuv420p", "smpte170m"), *X264),)),
    Specimen("interlaced.mp4", ((*RAW, *DRAWN, *X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1"),)),
    # codecs
    Specimen(
        "vp8.webm",
        ((*RAW, "-pix_fmt", "yuva420p", "-c:v", "libvpx", "-auto-alt-ref", "0", "-crf", "4", "-b:v", "1M"),),
        transparent=True,
    ),
    Specimen(
        "vp9.webm",
        ((*HEARD, "-pix_fmt", "yuva420p", "-c:v", "libvpx-vp9", "-crf", "5", "-cpu-used", "8", "-c:a", "libopus"),),
        transparent=True,
        click=CLICKS,
    ),
    Specimen("av1.mp4", ((*RAW, *DRAWN, "-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10"),)),
    Specimen(
        "prores-422.mov",
        (
            (
                *HEARD,
                "-vf",
                MATRIX.format("bt601", "tv", "yuv422p10le"),
                "-c:v",
                "prores_ks",
                "-profile:v",
                "2",
                "-c:a",
                "pcm_s16le",
            ),
        ),
        click=CLICKS,
    ),
    Specimen(
        "prores-4444.mov",
        ((*RAW, "-vf", MATRIX.format("bt601", "tv", "yuva444p10le"), "-c:v", "prores_ks", "-profile:v", "4444"),),
        transparent=True,
    ),
    Specimen("ffv1.mkv", ((*RAW, *DRAWN, "-c:v", "ffv1"),)),
    Specimen("ffv1-bgra.mov", ((*RAW, "-pix_fmt", "bgra", "-c:v", "ffv1"),), transparent=True, off=0.005),
    Specimen("qtrle.mov", ((*RAW, "-c:v", "qtrle", "-pix_fmt", "argb"),), transparent=True, off=0.005),
    Specimen(
        "mjpeg.avi",
        ((*HEARD, "-vf", MATRIX.format("bt601", "pc", "yuvj420p"), "-c:v", "mjpeg", "-q:v", "2", "-c:a", "pcm_s16le"),),
        click=CLICKS,
    ),
    Specimen(
        "mpeg4.avi", ((*HEARD, *DRAWN, "-c:v", "mpeg4", "-q:v", "2", "-bf", "2", "-c:a", "libmp3lame"),), click=CLICKS
    ),
    Specimen(
        "mpeg2.ts",
        ((*raw("25"), "-i", "{in}/short.wav", *DRAWN, "-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-c:a", "mp2"),),
        rate=25,
    ),
    Specimen(
        "clip.mpg",
        ((*raw("25"), "-i", "{in}/short.wav", *DRAWN, "-c:v", "mpeg2video", "-q:v", "2", "-c:a", "mp2"),),
        rate=25,
    ),
    # pictures that move
    Specimen("plain.gif", ((*RAW, "-vf", PALETTE),), transparent=True),
    Specimen(
        "variable.gif",
        ((*RAW, "-vf", f"{VARIABLE},{PALETTE}", "-fps_mode", "vfr"),),
        times=UNEVEN,
        rate=SLOWER,
        transparent=True,
    ),
    Specimen("one.gif", ((*RAW, "-frames:v", "1", "-vf", PALETTE),), numbers=(0,), transparent=True),
    Specimen("clip.apng", ((*RAW, "-f", "apng", "-plays", "0"),), transparent=True, off=0.005),
    Specimen(
        "clip.webp", ((*RAW, "-c:v", "libwebp_anim", "-lossless", "1", "-pix_fmt", "bgra"),), transparent=True, off=0.01
    ),
    Specimen("still.png", ((*RAW, "-frames:v", "1"),), numbers=(0,), transparent=True, off=0.005),
    Specimen("still.jpg", ((*RAW, "-frames:v", "1", "-q:v", "2"),), numbers=(0,)),
    Specimen(
        "still.webp",
        ((*RAW, "-frames:v", "1", "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"),),
        numbers=(0,),
        transparent=True,
        off=0.01,
    ),
]
