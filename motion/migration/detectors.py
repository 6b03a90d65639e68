"""controlnet_aux and its relatives: poses and depth of pictures, with the detectors that ComfyUI has itself."""

from collections.abc import Mapping, Sequence

from .around import canny
from .records import UnsupportedError, Value, is_number
from .rules import Builder, Make, Old, Rule, refused

AUX, DEPTH_ANYTHING = "controlnet_aux", "DepthAnythingV2"
POSE_FILE = "sdpose_wholebody_fp16.safetensors"
DEPTH_FILE = "depth_anything_3_mono_large.safetensors"
"""The files that ComfyUI's own templates name."""


def pose(old: Old, new: Builder) -> Sequence[Value]:
    """Keypoints of one person, drawn."""
    new.note(
        f"Poses are found by SDPose ({POSE_FILE} in models/checkpoints), at the size of the pictures, for one person "
        "unless boxes are connected to it."
    )
    loaded = new.node("CheckpointLoaderSimple", old, main=False, ckpt_name=POSE_FILE)
    found = new.node(
        "SDPoseKeypointExtractor", old, main=False, model=loaded[0], vae=loaded[2], image=old.need("image")
    )
    drawn = new.node(
        "SDPoseDrawKeypoints",
        old,
        main=True,
        keypoints=found[0],
        draw_body=old.get("detect_body", "enable") != "disable",
        draw_hands=old.get("detect_hand", "enable") != "disable",
        draw_face=old.get("detect_face", "enable") != "disable",
    )
    return [drawn[0], found[0]]


def depth(old: Old, new: Builder) -> Sequence[Value]:
    """Depth, near is white."""
    new.note(f"Depth is found by Depth Anything 3 ({DEPTH_FILE} in models/geometry_estimation).")
    image = old["images"] if old.linked("images") else old.need("image")
    old.setting("da_model", "DownloadAndLoadDepthAnythingV2Model")
    loaded = new.node("LoadDA3Model", old, main=False, model_name=DEPTH_FILE)
    found = new.node("DA3Inference", old, main=False, da3_model=loaded[0], image=image, mode="mono")
    return [new.node("DA3Render", old, main=True, da3_geometry=found[0], output="depth")[0]]


def lines(old: Old, new: Builder) -> Sequence[Value]:
    """Edges, white on black, with the one line detector that the host has."""
    new.note(f"{LINES} Other thresholds give more or fewer of them.")
    made = new.node("Canny", old, image=old.need("image"), low_threshold=0.15, high_threshold=0.4)
    return [made[0]]


def blurred(old: Old, new: Builder) -> Sequence[Value]:
    """A picture made coarse: smaller, and as large again."""
    steps = old.get("pyrUp_iters", 3)
    if not is_number(steps):
        raise UnsupportedError("pyrUp_iters comes over a wire")
    factor = 2.0 ** min(max(int(steps), 1), 6)
    small = new.node(
        "ImageScaleBy", old, main=False, image=old.need("image"), upscale_method="area", scale_by=1 / factor
    )
    made = new.node("ImageScaleBy", old, main=True, image=small[0], upscale_method="bicubic", scale_by=factor)
    return [made[0]]


LINES = "Lines are edges found by Canny, the line detector that ComfyUI has itself, at the size of the pictures."
LINE_DETECTORS = (
    "LineArtPreprocessor",
    "LineartStandardPreprocessor",
    "AnimeLineArtPreprocessor",
    "Manga2Anime_LineArt_Preprocessor",
    "AnyLineArtPreprocessor_aux",
    "HEDPreprocessor",
    "PiDiNetPreprocessor",
    "ScribblePreprocessor",
    "FakeScribblePreprocessor",
    "Scribble_XDoG_Preprocessor",
    "Scribble_PiDiNet_Preprocessor",
    "M-LSDPreprocessor",
)
DETECTORS: Mapping[str, Make] = {
    **dict.fromkeys(LINE_DETECTORS, lines),
    "CannyEdgePreprocessor": canny,
    "TilePreprocessor": blurred,
    "Zoe_DepthAnythingPreprocessor": depth,
    "MeshGraphormer-DepthMapPreprocessor": depth,
    "DWPreprocessor": pose,
    "OpenposePreprocessor": pose,
    "MiDaS-DepthMapPreprocessor": depth,
    "Zoe-DepthMapPreprocessor": depth,
    "LeReS-DepthMapPreprocessor": depth,
    "DepthAnythingPreprocessor": depth,
    "DepthAnythingV2Preprocessor": depth,
}
"""Detectors by the ids they have alone, and by the names that the one node for all of them knows."""
POSES, DEPTHS = (
    ("CheckpointLoaderSimple", "SDPoseKeypointExtractor", "SDPoseDrawKeypoints"),
    ("LoadDA3Model", "DA3Inference", "DA3Render"),
)


MADE: Mapping[Make, tuple[str, ...]] = {
    pose: POSES,
    depth: DEPTHS,
    lines: ("Canny",),
    canny: ("Canny",),
    blurred: ("ImageScaleBy",),
}
LACKING: Mapping[str, str] = {
    "OneFormer-COCO-SemSegPreprocessor": "kinds of things",
    "OneFormer-ADE20K-SemSegPreprocessor": "kinds of things",
    "UniFormer-SemSegPreprocessor": "kinds of things",
    "BAE-NormalMapPreprocessor": "normals",
    "MiDaS-NormalMapPreprocessor": "normals",
    "DensePosePreprocessor": "DensePose",
    "AnimalPosePreprocessor": "animals",
    "InpaintPreprocessor": "what ControlNets for inpainting see",
    "ColorPreprocessor": "colours",
    "SAMPreprocessor": "segments",
    "MediaPipe-FaceMeshPreprocessor": "the colours of face meshes that ControlNets were trained with",
}


def any_of_them(old: Old, new: Builder) -> Sequence[Value]:
    """The node that has every detector: the one that is chosen."""
    name = old.get("preprocessor", "none")
    if name == "none":
        return [old.need("image")]
    make = DETECTORS.get(name) if isinstance(name, str) else None
    if make is None:
        raise UnsupportedError(f"ComfyUI has no node that does what {name} does")
    return [make(old, new)[0]]


RULES = (
    *(Rule(id, AUX, MADE[make], make) for id, make in DETECTORS.items()),
    Rule("AIO_Preprocessor", AUX, (*POSES, *DEPTHS, "Canny", "ImageScaleBy"), any_of_them),
    *(refused(id, AUX, f"ComfyUI has no detector for {what}") for id, what in LACKING.items()),
    Rule("DepthAnything_V2", DEPTH_ANYTHING, DEPTHS, depth),
    Rule("DownloadAndLoadDepthAnythingV2Model", DEPTH_ANYTHING, (), None),
)
