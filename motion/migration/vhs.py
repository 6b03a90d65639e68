"""VideoHelperSuite: videos and pictures in and out, and batches."""

from collections.abc import Mapping, Sequence

from .records import OUTER, Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Make, Old, Rule, refused
from .targets import TARGETS

PACK = "VideoHelperSuite"
FORMATS: Mapping[str, str] = {
    "image/gif": "gif",
    "image/webp": "webp",
    "video/ffmpeg-gif": "gif",
    "video/gifski": "gif",
    "video/h264-mp4": "h264-mp4",
    "video/h265-mp4": "h265-mp4",
    "video/nvenc_h264-mp4": "h264-mp4",
    "video/nvenc_hevc-mp4": "h265-mp4",
    "video/nvenc_av1-mp4": "av1-webm",
    "video/webm": "vp9-webm",
    "video/av1-webm": "av1-webm",
    "video/ProRes": "prores-mov",
    "video/ffv1-mkv": "ffv1-mov",
    "video/8bit-png": "png-sequence",
    "video/16bit-png": "png-sequence",
}
"""What a clip is saved as there, and here."""
SAME = frozenset(
    {"image/gif", "image/webp", "video/h264-mp4", "video/h265-mp4", "video/webm", "video/av1-webm", "video/ProRes"}
)
DEPTHS: Mapping[str, str] = {"yuv420p": "8-bit", "yuv420p10le": "10-bit", "yuva420p": "8-bit"}
"""Bits of a colour by the name ffmpeg has for the pixels."""
PROFILES: Mapping[str, str] = {"proxy": "proxy", "lt": "lt", "standard": "standard", "hq": "hq", "4444": "4444"}
COMBINED = next(one for one in TARGETS["KinemaCombineVideo"].inputs if one.name == "format")
WHOLE_SOUND = 86400.0
"""Seconds that no sound is longer than."""
SOURCE = ("source_frame_rate", "source_frames", "source_duration", "source_width", "source_height")
LOADED = ("frame_rate", "frames", "duration", "width", "height")
INFOS: Mapping[str, tuple[str, ...]] = {
    "VHS_VideoInfo": SOURCE + LOADED,
    "VHS_VideoInfoSource": SOURCE,
    "VHS_VideoInfoLoaded": LOADED,
}
"""What each output of an info node is among those of Load Video Frames."""
VIDEOS = ("VHS_LoadVideo", "VHS_LoadVideoPath", "VHS_LoadVideoFFmpeg", "VHS_LoadVideoFFmpegPath")


def combine(old: Old, new: Builder) -> Sequence[Value | None]:
    """Frames to a file."""
    format = old.get("format", "image/gif")
    kind: Value = format
    if isinstance(format, str):
        kind = FORMATS.get(format, "h264-mp4")
        if format not in SAME:
            new.note(f"The format {format!r} is {kind} here.")
    # links of batch managers and VAEs have no place of their own any more
    images = old.need("images")
    vae = old["vae"]
    if isinstance(vae, Link) and _is_latent(old, images):
        images = new.node("VAEDecode", old, main=False, samples=images, vae=vae)[0]
    save = old.get("save_output", True)
    prefix = old.get("filename_prefix", "AnimateDiff")
    made = new.node(
        "KinemaCombineVideo",
        old,
        main=True,
        images=images,
        frame_rate=old.get("frame_rate", 8),
        format=kind,
        **_settings(old, format, kind),
        loop_count=old.get("loop_count", 0),
        pingpong=old.get("pingpong", False) if not isinstance(old.get("pingpong", False), str) else False,
        filename_prefix=prefix.replace("\\", "/") if isinstance(prefix, str) else prefix,
        save_output=save if isinstance(save, (bool, Link)) else True,
        audio=old["audio"],
        sound_length="shorten the clip" if old.get("trim_to_audio", False) is True else ABSENT,
    )
    _meta_batch(old, new)
    return [None] if old.node.type != "AnimateDiffCombine" else [None, made[0]]


def _is_latent(old: Old, value: Value) -> bool:
    """Whether a wire carries latents: by the type it has in a graph, by the kind of node in a prompt."""
    if not isinstance(value, Link):
        return False
    source, _ = old.graph.source(value)
    node = old.graph.nodes.get(source.node)
    if node is None:
        return False
    if 0 <= source.slot < len(node.outputs) and node.outputs[source.slot] in ("IMAGE", "LATENT"):
        return node.outputs[source.slot] == "LATENT"
    if node.type in VIDEOS:
        return isinstance(node.values.get("vae"), Link)
    return any(word in node.type for word in ("Sampler", "Latent", "VAEEncode"))


def _settings(old: Old, format: Value, kind: Value) -> dict[str, Value]:
    """What the old format was told, as settings of the new one; what it has no word for is left to its default."""
    if not isinstance(kind, str):
        return {}
    crf, profile = old.get("crf", ABSENT), str(old.get("profile", ""))
    depth = DEPTHS.get(str(old.get("pix_fmt", "")))
    told: dict[str, Value] = {
        "format.crf": f"{crf:.0f}" if is_number(crf) else ABSENT,
        "format.depth": "16-bit" if format == "video/16bit-png" else depth or ABSENT,
        "format.profile": PROFILES.get(profile, "4444xq" if profile.endswith("xq") else ABSENT),
        "format.dither": old.get("dither", ABSENT),
    }
    brought = {one.name: one for one in (COMBINED.inner or {}).get(kind, ())}
    return {
        name: value
        for name, value in told.items()
        if value is not ABSENT and name in brought and value in (brought[name].options or ())
    }


def _meta_batch(old: Old, new: Builder) -> None:
    if old.linked("meta_batch"):
        old.setting("meta_batch", "VHS_BatchManager")
        new.note(
            "The batch manager is left out: the clip runs as a whole. For clips larger than memory use Video in Pieces "
            "and Save Pieces."
        )


def load_video(old: Old, new: Builder) -> Mapping[int, Value | None]:
    """Frames from a file, their number, sound, and what an info node asks for."""
    width, height = _wanted_size(old, new)
    name = old.need("video")
    file: Value = name
    if isinstance(name, str) and old.node.type.endswith("Path"):
        file = name.replace("\\", "/").rpartition("/")[2]
        new.note(f"{name} was read where it lies. Put it into ComfyUI's input folder and choose it here.")
    made = new.node(
        "KinemaLoadVideo",
        old,
        main=True,
        file=file,
        frame_rate=old.get("force_rate", 0),
        frames=old.get("frame_load_cap", 0),
        skip_frames=old.get("skip_first_frames", 0),
        every_nth=old.get("select_every_nth", 1),
        start_time=old["start_time"],
        width=width,
        height=height,
    )
    _meta_batch(old, new)
    slots = _slots("KinemaLoadVideo")
    images: Value = made[slots["images"]]
    vae = old["vae"]
    if isinstance(vae, Link):
        images = new.node("VAEEncode", old, pixels=images, vae=vae)[0]
    second = made[slots["mask" if "FFmpeg" in old.node.type else "frames"]]
    known = {OUTER + slots[name]: made[slots[name]] for name in SOURCE + LOADED}
    return {0: images, 1: second, 2: made[slots["audio"]], **known}


def _slots(type: str) -> dict[str, int]:
    """The outputs of a node by name."""
    return {output.name: slot for slot, output in enumerate(TARGETS[type].outputs)}


def _wanted_size(old: Old, new: Builder) -> tuple[Value, Value]:
    """Width and height, 0 for what follows from the file."""
    width, height = old.get("custom_width", 0), old.get("custom_height", 0)
    mode = old.get("force_size", "Custom")
    if mode == "Disabled":
        return 0, 0
    if mode == "Custom Width":
        return width, 0
    if mode == "Custom Height":
        return 0, height
    if isinstance(mode, str) and "x" in mode:
        sides = [int(side) if side.isdecimal() else 0 for side in mode.split("x", 1)]
        return sides[0], sides[1]
    return width, height


def info(old: Old, new: Builder) -> Sequence[Value | None]:
    """What is known of a loaded clip: the outputs of Load Video itself."""
    loader = old.upstream("video_info")
    if loader is None or loader.node.type not in VIDEOS:
        raise UnsupportedError("video_info does not come from a video that is loaded here")
    slots = _slots("KinemaLoadVideo")
    return [Link(loader.node.id, OUTER + slots[name]) for name in INFOS[old.node.type]]


def load_images(old: Old, new: Builder) -> Sequence[Value | None]:
    """Frames from a folder."""
    folder = old.get("directory", "")
    if isinstance(folder, str) and old.node.type != "VHS_LoadImages":
        short = folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
        new.note(
            f"{folder or 'The folder'} was read where it lies. Put it into ComfyUI's input folder and choose it here."
        )
        folder = short
    made = new.node(
        "KinemaLoadImageSequence",
        old,
        folder=folder,
        frames=old.get("image_load_cap", 0),
        skip_frames=old.get("skip_first_images", old.get("start_index", 0)),
        every_nth=_at_least_one(old.get("select_every_nth", 1)),
    )
    _meta_batch(old, new)
    slots = _slots("KinemaLoadImageSequence")
    return [made[slots[name]] for name in ("images", "mask", "frames")]


def load_image(old: Old, new: Builder) -> Sequence[Value | None]:
    """One picture, in the size it was asked for; a list of latents where a VAE was connected."""
    name = old.get("image", "")
    if isinstance(name, str):
        short = name.replace("\\", "/").rpartition("/")[2]
        new.note(
            f"{name or 'The picture'} was read where it lies. Put it into ComfyUI's input folder and choose it here."
        )
        name = short
    loaded = new.node("LoadImage", old, image=name)
    width, height = _wanted_size(old, new)
    image: Value = loaded[0]
    if (width, height) != (0, 0):
        image = new.node(
            "ImageScale", old, image=image, upscale_method="lanczos", width=width, height=height, crop="center"
        )[0]
    vae = old["vae"]
    if isinstance(vae, Link):
        image = new.node("VAEEncode", old, pixels=image, vae=vae)[0]
    return [image, loaded[1]]


def _at_least_one(value: Value) -> Value:
    return max(1, int(value)) if is_number(value) else value


def load_audio(old: Old, new: Builder) -> Sequence[Value | None]:
    """A sound, or a part of it."""
    name = old.get("audio", old.get("audio_file", ""))
    if isinstance(name, str) and old.node.type == "VHS_LoadAudio":
        short = name.replace("\\", "/").rpartition("/")[2]
        new.note(f"{name or 'The file'} was read where it lies. Put it into ComfyUI's input folder and choose it here.")
        name = short
    sound: Value = new.node("LoadAudio", old, audio=name)[0]
    start, duration = old.get("start_time", old.get("seek_seconds", 0)), old.get("duration", 0)
    if start != 0 or duration != 0:
        length = WHOLE_SOUND if duration == 0 else duration
        sound = new.node("TrimAudioDuration", old, audio=sound, start_index=start, duration=length)[0]
    return [sound, None]


def encode(old: Old, new: Builder) -> Sequence[Value | None]:
    """Frames to latents, some at a time."""
    made = new.node(
        "KinemaEncodeFrames",
        old,
        images=old.need("pixels"),
        vae=old.need("vae"),
        frames_per_batch=old.get("per_batch", 0),
    )
    return [made[0]]


def decode(old: Old, new: Builder) -> Sequence[Value | None]:
    """Latents to frames; the host decodes as many at a time as fit."""
    return [new.node("VAEDecode", old, samples=old.need("samples"), vae=old.need("vae"))[0]]


def split(old: Old, new: Builder) -> Sequence[Value | None]:
    """A batch in two."""
    made = new.node("KinemaSplitFrames", old, batch=_batch(old), index=old.get("split_index", 0))
    if old.get("split_index", 0) == 0:
        new.note("index is 0, which leaves nothing in the first part: choose where to split.")
    return [made[0], made[1], made[2], made[3]]


def merge(old: Old, new: Builder) -> Sequence[Value | None]:
    """One batch behind the other."""
    made = new.node(
        "KinemaMergeFrames",
        old,
        first=_batch(old, "_A"),
        second=_batch(old, "_B"),
        size=SIZES.get(str(old.get("merge_strategy", "match A")), "first"),
        method=old.get("scale_method", "nearest-exact"),
        crop=old.get("crop", "disabled"),
    )
    return [made[0], made[1]]


SIZES: Mapping[str, str] = {
    "match A": "first",
    "match B": "second",
    "match smaller": "smaller",
    "match larger": "larger",
}


def repeat(old: Old, new: Builder) -> Sequence[Value | None]:
    """A batch several times."""
    made = new.node("KinemaRepeatFrames", old, batch=_batch(old), times=old.get("multiply_by", 1))
    return [made[0], made[1]]


def every_nth(old: Old, new: Builder) -> Sequence[Value | None]:
    """One frame of several."""
    skip = next((value for name, value in old.node.values.items() if name.startswith("skip_first_")), 0)
    made = new.node(
        "KinemaEveryNthFrame", old, batch=_batch(old), every_nth=old.get("select_every_nth", 1), skip_frames=skip
    )
    return [made[0], made[1]]


def select(old: Old, new: Builder) -> Sequence[Value | None]:
    """Frames by their numbers."""
    missing = "error" if old.get("err_if_missing", True) is not False else "leave_out"
    made = new.node("KinemaSelectFrames", old, batch=_batch(old), indices=old.get("indexes", "0"), out_of_range=missing)
    return [made[0]]


def count(old: Old, new: Builder) -> Sequence[Value | None]:
    """How many frames there are."""
    return [new.node("KinemaFrameInfo", old, batch=_batch(old))[0]]


def _batch(old: Old, end: str = "") -> Value:
    """What is connected, images, masks or latents."""
    for name in ("images", "image", "latents", "latent", "mask", "masks"):
        if old.linked(name + end):
            return old[name + end]
    return ABSENT


def nothing(old: Old, new: Builder) -> Sequence[Value | None]:
    """Kinema writes one file and leaves nothing to tidy up."""
    new.note("Not needed any more: a save leaves one file and nothing beside it.")
    return []


def sound_as_it_is(old: Old, new: Builder) -> Sequence[Value | None]:
    """Two kinds of sound there are one here."""
    return [old["audio"] if old.linked("audio") else old.need("vhs_audio")]


NAMES = "Combine Video writes one file and shows it; no node of ComfyUI takes the name of a written file"
REFUSED: Mapping[str, str] = {
    "VHS_SelectFilename": NAMES,
    "VHS_SelectLatest": NAMES,
    "VHS_Unbatch": "lists of batches are joined with Merge Frames, or with Rebatch Images of ComfyUI",
    "VHS_FILENAMES_STRING_MuseTalk": f"it is of MuseTalk, not of VideoHelperSuite: {NAMES}",
}


def _family(stem: str, target: str, make: Make, one: bool = False) -> tuple[Rule, ...]:
    ends = ("Latent", "Image", "Mask") if one else ("Latents", "Images", "Masks")
    return tuple(Rule(stem.format(end), PACK, (target,), make) for end in ends)


RULES = (
    Rule("VHS_VideoCombine", PACK, ("KinemaCombineVideo", "VAEDecode"), combine),
    *(Rule(id, PACK, ("KinemaLoadVideo", "VAEEncode"), load_video) for id in VIDEOS),
    *(Rule(id, PACK, ("KinemaLoadVideo",), info) for id in INFOS),
    *(Rule(id, PACK, ("KinemaLoadImageSequence",), load_images) for id in ("VHS_LoadImages", "VHS_LoadImagesPath")),
    *(
        Rule(id, PACK, ("LoadAudio", "TrimAudioDuration"), load_audio)
        for id in ("VHS_LoadAudio", "VHS_LoadAudioUpload")
    ),
    *(Rule(id, PACK, (), sound_as_it_is) for id in ("VHS_AudioToVHSAudio", "VHS_VHSAudioToAudio")),
    Rule("VHS_LoadImagePath", PACK, ("LoadImage", "ImageScale", "VAEEncode"), load_image),
    *(refused(id, PACK, why) for id, why in REFUSED.items()),
    Rule("VHS_BatchManager", PACK, (), None, "clips larger than memory: Video in Pieces"),
    Rule("VHS_PruneOutputs", PACK, (), nothing, "a save leaves one file"),
    Rule("VHS_VAEEncodeBatched", PACK, ("KinemaEncodeFrames",), encode),
    Rule("VHS_VAEDecodeBatched", PACK, ("VAEDecode",), decode),
    *_family("VHS_Split{}", "KinemaSplitFrames", split),
    *_family("VHS_Merge{}", "KinemaMergeFrames", merge),
    *_family("VHS_Duplicate{}", "KinemaRepeatFrames", repeat),
    *_family("VHS_SelectEveryNth{}", "KinemaEveryNthFrame", every_nth, one=True),
    *_family("VHS_Select{}", "KinemaSelectFrames", select),
    *_family("VHS_Get{}Count", "KinemaFrameInfo", count, one=True),
    Rule("LoadImagesFromDirectory", "Advanced-ControlNet", ("KinemaLoadImageSequence",), load_images),
    Rule("ADE_AnimateDiffCombine", "AnimateDiff-Evolved", ("KinemaCombineVideo",), combine),
    Rule("AnimateDiffCombine", "ArtVentureX AnimateDiff", ("KinemaCombineVideo",), combine),
)
