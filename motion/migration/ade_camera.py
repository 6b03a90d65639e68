"""AnimateDiff-Evolved: camera paths for CameraCtrl."""

from collections.abc import Mapping, Sequence

from .ade_values import PACK
from .records import Value, is_number
from .rules import Builder, Old, Rule, refused

MOVES: Mapping[str, str] = {
    "Static": "static",
    "Pan Up": "move up",
    "Pan Down": "move down",
    "Pan Left": "move left",
    "Pan Right": "move right",
    "Zoom In": "zoom in",
    "Zoom Out": "zoom out",
    "Roll Clockwise": "roll clockwise",
    "Roll Anticlockwise": "roll anticlockwise",
    "Tilt Up": "tilt up",
    "Tilt Down": "tilt down",
    "Tilt Left": "pan left",
    "Tilt Right": "pan right",
}
"""Moves there, and what the camera does here."""
MOST_MOVES = 2
"""As many as a Camera Path does at the same time."""


def move(old: Old, new: Builder) -> Sequence[Value]:
    """One move, or several at the same time."""
    speed = old.get("speed", 1.0)
    moves = _moves(old, speed)
    if len(moves) > MOST_MOVES:
        left_out = ", ".join(name for name, _ in moves[MOST_MOVES:])
        new.note(f"A Camera Path does two moves at the same time: {left_out} is left out.")
    first, second = [*moves, ("static", speed), ("static", speed)][:MOST_MOVES]
    made = new.node(
        "KinemaCameraPath",
        old,
        move=first[0],
        speed=first[1],
        second_move=second[0],
        second_speed=second[1],
        frames=old.get("frame_length", 16),
        previous_camera_path=old["prev_poses"],
    )
    return [made[0]]


def _moves(old: Old, speed: Value) -> list[tuple[str, Value]]:
    """Names here and speeds of everything that moves."""
    if old.node.type == "ADE_CameraPoseBasic":
        names = [(old.get("motion_type", "Static"), 1.0)]
    else:
        names = [(old.get(f"motion_type{n}", "Static"), old.get(f"strength{n}", 1.0)) for n in range(1, 7)]
    found: list[tuple[str, Value]] = []
    for name, strength in names:
        here = MOVES.get(name, "static") if isinstance(name, str) else "static"
        if here != "static":
            found.append((here, speed * strength if is_number(speed) and is_number(strength) else speed))
    return found


def from_file(old: Old, new: Builder) -> Sequence[Value]:
    """A path out of a text file."""
    name = old.get("pose_filename", old.get("file_path", ""))
    if isinstance(name, str):
        name = name.replace("\\", "/").rpartition("/")[2]
        new.note(f"{name or 'The file of poses'} belongs into ComfyUI's input folder: choose it here.")
    return [new.node("KinemaLoadCameraPath", old, file=name)[0]]


BY_HAND = "a camera path is joined and given its lens in Camera Path, or written into Camera Path From Text"
RULES = (
    *(
        Rule(f"ADE_CameraPose{kind}", PACK, ("KinemaCameraPath",), move, "at most two moves at the same time")
        for kind in ("Basic", "Combo", "Advanced")
    ),
    Rule("ADE_LoadCameraPoses", PACK, ("KinemaLoadCameraPath",), from_file),
    Rule("ADE_LoadCameraPosesFromPath", PACK, ("KinemaLoadCameraPath",), from_file),
    *(
        refused(id, PACK, BY_HAND)
        for id in ("ADE_CameraManualPoseAppend", "ADE_ReplaceCameraParameters", "ADE_ReplaceOriginalPoseAspectRatio")
    ),
)
