"""controlnet_aux and its relatives: poses and depth of pictures, with the detectors that ComfyUI has itself."""

from collections.abc import Mapping, Sequence

from .records import UnsupportedError, Value
from .rules import Builder, Make, Old, Rule

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


DETECTORS: Mapping[str, Make] = {
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
    *(Rule(id, AUX, POSES if make is pose else DEPTHS, make) for id, make in DETECTORS.items()),
    Rule("AIO_Preprocessor", AUX, (*POSES, *DEPTHS), any_of_them),
    Rule("DepthAnything_V2", DEPTH_ANYTHING, DEPTHS, depth),
    Rule("DownloadAndLoadDepthAnythingV2Model", DEPTH_ANYTHING, (), None),
)
