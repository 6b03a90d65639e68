"""The arguments of ffmpeg for a format and what a person chose about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .codecs import CODECS, Codec
from .settings import BY_QUALITY, SOFTWARE, USUAL

BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
TO_BT709 = "scale=out_color_matrix=bt709:out_range=tv"
PALETTE_LOOK = "scale=w='min(iw,256)':h=-1:flags=neighbor"
"""Colours are chosen on a small copy of a picture."""
PNG_LEVELS = {"fast": "1", "small": "9"}
PRORES = ("proxy", "lt", "standard", "hq", "4444", "4444xq")
VAAPI_DEVICE = "/dev/dri/renderD128"


@dataclass(frozen=True)
class Wanted:
    """How a clip is to be encoded."""

    quality: int = 75
    loop_count: int = 0
    alpha: bool = False
    """Whether the pictures have any."""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoding:
    """What ffmpeg is told."""

    arguments: tuple[str, ...]
    encoder: str
    filters: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    """What comes before all inputs."""
    deep: bool = False
    """Whether the frames are to be given in 16 bits a colour."""
    plays_in_browser: bool = True
    palette: str | None = None
    """How to make one palette for the whole clip beforehand."""
    lost: tuple[str, ...] = ()
    """Sentences about what cannot be kept."""


def encoding_for(codec: Codec, wanted: Wanted) -> Encoding:
    """What to tell ffmpeg.

    Args:
        wanted: its settings are complete, as `settled` gives them, or empty for the usual ones.
    """
    chosen = {setting.name: setting.choices[0] for setting in codec.settings} | dict(wanted.settings)
    made = _special(codec, replace(wanted, settings=chosen))
    return replace(made, plays_in_browser=made.plays_in_browser and codec.plays_in_browser)


def _special(codec: Codec, wanted: Wanted) -> Encoding:
    if codec.name == "gif":
        return _gif(codec, wanted)
    if codec.name in ("webp", "apng", "png-sequence", "ffv1-mov"):
        return _lossless(codec, wanted)
    if codec.name == "prores-mov":
        return _prores(codec, wanted)
    return _video(codec, wanted)


def _video(codec: Codec, wanted: Wanted) -> Encoding:
    chosen = wanted.settings
    if chosen.get("encoder", SOFTWARE) != SOFTWARE:
        return _hardware(codec, wanted)
    deep, sparse = chosen["depth"] != "8-bit", chosen.get("colours", "4:2:0") == "4:2:0"
    pixels = f"yuv{'420' if sparse else '444'}p{'10le' if deep else ''}"
    lost: tuple[str, ...] = ()
    if wanted.alpha and codec.pixels_alpha:
        if deep or not sparse:
            lost = (f"With transparency the file is {codec.name} in 8-bit and 4:2:0.",)
        pixels, deep = codec.pixels_alpha, False
    speed = {
        "libx264": ("-preset", chosen.get("preset", "")),
        "libx265": ("-preset", chosen.get("preset", ""), "-x265-params", "log-level=error"),
        "libvpx-vp9": ("-cpu-used", chosen.get("speed", "")),
        "libsvtav1": ("-preset", chosen.get("speed", ""), "-svtav1-params", "lp=0"),
    }[codec.encoder]
    arguments = ("-c:v", codec.encoder, *codec.options, *speed, "-pix_fmt", pixels, "-crf", str(_factor(codec, wanted)))
    plays = codec.name != "h264-mp4" or pixels == "yuv420p"
    return Encoding((*arguments, *BT709), codec.encoder, (TO_BT709,), deep=deep, plays_in_browser=plays, lost=lost)


def _hardware(codec: Codec, wanted: Wanted) -> Encoding:
    """An encoder of the graphics card; all know 4:2:0, and all but H.264's 10 bits."""
    name = wanted.settings["encoder"]
    maker = name.rpartition("_")[2]
    deep = wanted.settings["depth"] != "8-bit" and codec.name != "h264-mp4"
    plain = wanted.settings.get("colours", "4:2:0") == "4:2:0" and deep == (wanted.settings["depth"] != "8-bit")
    pixels = "p010le" if deep else "yuv420p" if maker in ("nvenc", "videotoolbox") else "nv12"
    factor = str(_factor(codec, wanted))
    how = {
        "nvenc": ("-rc", "vbr", "-cq", factor, "-b:v", "0"),
        "qsv": ("-global_quality", factor),
        "amf": ("-rc", "cqp", "-qp_i", factor, "-qp_p", factor),
        "videotoolbox": ("-q:v", str(max(1, wanted.quality))),
        "vaapi": ("-rc_mode", "CQP", "-global_quality", factor),
    }[maker]
    filters = (TO_BT709, f"format={pixels}", *(("hwupload",) if maker == "vaapi" else ()))
    fixed = () if maker == "vaapi" else ("-pix_fmt", pixels)
    return Encoding(
        ("-c:v", name, *codec.options, *fixed, *how, *BT709),
        name,
        filters,
        ("-vaapi_device", VAAPI_DEVICE) if maker == "vaapi" else (),
        deep,
        lost=() if plain else (f"{name} wrote the file in {'10' if deep else '8'}-bit and 4:2:0, all it can.",),
    )


def _factor(codec: Codec, wanted: Wanted) -> int:
    asked = wanted.settings.get("crf", BY_QUALITY)
    assert codec.crf is not None
    low, high = codec.crf
    return round(low + (high - low) * wanted.quality / 100) if asked == BY_QUALITY else int(asked)


def _prores(codec: Codec, wanted: Wanted) -> Encoding:
    asked = wanted.settings["profile"]
    number = PRORES.index(asked) if asked != BY_QUALITY else 4 if wanted.alpha else min(3, wanted.quality // 25)
    alpha = wanted.alpha and number >= 4
    pixels = codec.pixels_alpha if alpha else "yuv444p10le" if number >= 4 else codec.pixels
    lost = (f"The file has no transparency: ProRes {asked} has none.",) if wanted.alpha and not alpha else ()
    arguments = ("-c:v", codec.encoder, *codec.options, "-pix_fmt", str(pixels), "-profile:v", str(number), *BT709)
    return Encoding(arguments, codec.encoder, (TO_BT709,), deep=True, lost=lost)


def _lossless(codec: Codec, wanted: Wanted) -> Encoding:
    chosen = wanted.settings
    pixels = codec.pixels_alpha if wanted.alpha else codec.pixels
    depth = chosen.get("depth", "8-bit").removesuffix("-bit")
    if depth != "8":
        planar = f"gbr{'a' if wanted.alpha else ''}p{depth}le"
        pixels = planar if codec.encoder == "ffv1" else "rgba64be" if wanted.alpha else "rgb48be"
    how: tuple[str, ...] = ()
    if codec.name == "webp":
        lossless = {"lossless": True, "lossy": False}.get(chosen["compression"], wanted.quality == 100)
        how = ("-loop", str(wanted.loop_count))
        how += ("-lossless", "1") if lossless else ("-q:v", str(min(wanted.quality, 100)))
    elif chosen.get("compression", USUAL) != USUAL:
        how = ("-compression_level", PNG_LEVELS[chosen["compression"]])
    if codec.name == "apng":
        how += ("-plays", str(wanted.loop_count))
    arguments = ("-c:v", codec.encoder, *codec.options, "-pix_fmt", str(pixels), *how)
    return Encoding(arguments, codec.encoder, deep=depth != "8")


def _gif(codec: Codec, wanted: Wanted) -> Encoding:
    chosen = wanted.settings
    # ffmpeg counts repetitions after the first play, -1 for none
    loops = str(wanted.loop_count - 1 if wanted.loop_count != 1 else -1) if wanted.loop_count else "0"
    arguments = ("-c:v", codec.encoder, *codec.options, "-pix_fmt", codec.pixels, "-loop", loops)
    make = f"palettegen=max_colors={chosen['palette_size']}:reserve_transparent=1:stats_mode="
    dither = f"dither={chosen['dither']}" + (":bayer_scale=5" if chosen["dither"] == "bayer" else "")
    if chosen["palette"] == "whole clip":
        use = f"paletteuse={dither}:diff_mode=rectangle"
        return Encoding(arguments, codec.encoder, (use,), palette=f"{PALETTE_LOOK},{make}full")
    # one pass does and no frame waits for another
    each = f"split[seen][drawn];[seen]{PALETTE_LOOK},{make}single[palette];[drawn][palette]paletteuse=new=1:{dither}"
    return Encoding(arguments, codec.encoder, (each,))


PREVIEW_SIZE = "scale='max(2,2*trunc(min(768,iw)/2))':-2:flags=bicubic"


def preview() -> list[str]:
    """Arguments for the small mp4 that browsers play in place of another format."""
    made = encoding_for(CODECS["h264-mp4"], Wanted(70, settings={"preset": "veryfast"}))
    return ["-vf", ",".join((PREVIEW_SIZE, *made.filters)), *made.arguments]
