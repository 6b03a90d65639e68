"""Read poses from POSE_KEYPOINT and OpenPose JSON, trusting nothing about them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from .people import (
    BODY,
    COUNT,
    FACE,
    FEET,
    LEFT_EYE,
    MAX_FRAMES,
    PARTS,
    RIGHT_EYE,
    THRESHOLD,
    Joints,
    Person,
    PoseError,
    PoseFrame,
    canvas,
)

MAX_BYTES = 64 << 20
"""Of all files together; six minutes of one person with hands and face at 24 frames a second are about as much."""
MAX_ENTRIES = 8_000_000
"""Most entries in one text: a file of empty lists would need far more memory than its size."""
MAX_NUMBERS = 100_000
"""Most numbers in one frame, that is about 250 people with hands and face."""
MAX_SIDE, MAX_COORDINATE = 1 << 15, 1e6
NORMALISED = 2.0
"""Coordinates up to here, either sign, are parts of the canvas: no body is drawn within two pixels."""
ENOUGH = 4
"""Known joints a frame needs before its coordinates count as evidence of their unit."""
UNITS = ("auto", "pixels", "normalised")
_FROM_25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
"""Where the 18 body joints and the 6 of the feet stand among OpenPose's 25; the middle of the hips is left out."""
OTHER_LAYOUTS = {
    15: "MPI",
    16: "MPII",
    17: "COCO",
    26: "Halpe",
    33: "MediaPipe",
    133: "COCO-WholeBody",
    134: "DWPose's whole body",
}
"""Bodies of other detectors, by their number of joints."""
BODY_25 = 25
_COUNTS: Mapping[str, tuple[int, ...]] = {
    key: (where.stop - where.start, *{"pose_keypoints_2d": (BODY_25,), "face_keypoints_2d": (68,)}.get(key, ()))
    for key, where in PARTS.items()
}


def read_pose_files(paths: Sequence[str], size: tuple[int, int] | None = None, units: str = "auto") -> list[PoseFrame]:
    """Read OpenPose JSON files, in this order; each holds one frame or a list of them.

    Args:
        size: width and height in pixels for files that do not say, as OpenPose itself writes them.
        units: one of `UNITS`.

    Raises:
        PoseError: see `parse_poses`; or a file that is missing or no JSON, or too much of them.
    """
    frames: list[PoseFrame] = []
    size_left = MAX_BYTES
    for path in paths:
        name = os.path.basename(path)
        try:
            size_left -= os.path.getsize(path)
            if size_left < 0:
                raise PoseError(f"The files up to {name} are larger than 64 MB. Take a part of the clip at a time.")
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except OSError as error:
            raise PoseError(f"{name} cannot be opened ({error.strerror or error}). Check the path: {path}.") from error
        except UnicodeDecodeError as error:
            raise PoseError(f"{name} is no text, so no OpenPose JSON. Choose the .json file of the pose.") from error
        frames += _raw(_json(text, name), size, name)
        _check_count(frames, "The pose")
    return _finished(frames, units, "The pose")


def parse_pose_text(
    text: str, size: tuple[int, int] | None = None, units: str = "auto", name: str = "The pose"
) -> list[PoseFrame]:
    """Read OpenPose JSON; see `read_pose_files`.

    Args:
        name: what messages call the text.
    """
    return parse_poses(_json(text, name), size, units, name)


def _json(text: str, name: str) -> Any:
    if len(text) > MAX_BYTES or text.count(",") + text.count("[") > MAX_ENTRIES:
        raise PoseError(f"{name} is too long to be the poses of a clip. Split it into shorter parts.")

    def refuse(constant: str) -> NoReturn:
        raise PoseError(f"{name} holds {constant}, which is no coordinate. Write 0 for joints that are not seen.")

    try:
        return json.loads(text, parse_constant=refuse)
    except PoseError:
        raise
    except RecursionError as error:
        raise PoseError(f"{name} is nested too deeply for OpenPose JSON. Do not use this file.") from error
    except ValueError as error:
        raise PoseError(f"{name} is not complete JSON ({error}). Export it again.") from error


def parse_poses(
    value: object, size: tuple[int, int] | None = None, units: str = "auto", name: str = "The pose"
) -> list[PoseFrame]:
    """Read a POSE_KEYPOINT: a frame in the OpenPose layout or a list of them; see `read_pose_files`.

    People without a known joint are left out. Bodies of 25 joints become 18 and the feet, faces of 68 get the eyes of
    the body, and confidences are cut to 0..1.

    Raises:
        PoseError: any other nesting, count or kind of value, no size or several sizes, coordinates that are not
            finite or in mixed units, or nobody in any frame.
    """
    return _finished(_raw(value, size, name), units, name)


def _raw(value: object, size: tuple[int, int] | None, name: str) -> list[PoseFrame]:
    entries = [value] if isinstance(value, Mapping) else value
    if isinstance(entries, list | tuple) and not entries:
        raise PoseError(f"{name} is empty, it has no frames. Connect or choose a pose with at least one.")
    if not isinstance(entries, list | tuple):
        raise PoseError(
            f"{name} is {_shown(value)}, not a frame of OpenPose JSON or a list of frames. Connect the output of a "
            "pose detector, or a file that one wrote."
        )
    _check_count(entries, name)
    return [_frame(entry, size, f"{name}, frame {number}") for number, entry in enumerate(entries)]


def _check_count(frames: Sequence[Any], name: str) -> None:
    if len(frames) > MAX_FRAMES:
        raise PoseError(f"{name} has {len(frames)} frames; {MAX_FRAMES} are the most. Take a part of it.")


def check_units(units: str) -> None:
    """Refuse a unit that does not exist.

    Raises:
        PoseError: it is not one of `UNITS`.
    """
    if units not in UNITS:
        raise PoseError(f"There is no unit {units!r} for coordinates. Choose one of {', '.join(UNITS)}.")


def _finished(frames: list[PoseFrame], units: str, name: str) -> list[PoseFrame]:
    check_units(units)
    canvas(frames)
    if not any(frame.people for frame in frames):
        raise PoseError(f"{name} shows nobody in any of its {len(frames)} frames. Detect the pose on another clip.")
    return [_in_pixels(frame) for frame in frames] if _are_normalised(frames, units, name) else frames


def _frame(entry: Any, size: tuple[int, int] | None, where: str) -> PoseFrame:
    if not isinstance(entry, Mapping):
        raise PoseError(
            f'{where}: found {_shown(entry)} instead of an object with "people". Give a flat list of frames.'
        )
    people = entry.get("people")
    if not isinstance(people, list | tuple):
        hint = " Poses of animals cannot be used." if "animals" in entry else ""
        raise PoseError(f'{where}: "people" is {_shown(people)}, not a list. Give [] where nobody is seen.{hint}')
    width, height = (
        _side(entry.get(key, given), f'{where}: "{key}"')
        for key, given in zip(("canvas_width", "canvas_height"), size or (None, None), strict=True)
    )
    numbers = sum(max(1, sum(map(len, _lists(person)))) for person in people)
    if numbers > MAX_NUMBERS:
        raise PoseError(f"{where} holds {numbers} numbers; {MAX_NUMBERS} are the most. Keep fewer people.")
    read = [_person(person, f"{where}, person {number}") for number, person in enumerate(people)]
    return PoseFrame(tuple(Person(joints) for joints in read if joints[:, 2].any()), width, height)


def _side(value: Any, where: str) -> int:
    if value is None:
        raise PoseError(f"{where} is missing. Give the width and height of the picture that the pose belongs to.")
    is_number = not isinstance(value, bool) and isinstance(value, int | float | np.integer | np.floating)
    if not is_number or not 1 <= value <= MAX_SIDE or value % 1:
        raise PoseError(f"{where} is {_shown(value)}. Give the size in whole pixels, from 1 to {MAX_SIDE}.")
    return int(value)


def _lists(person: Any) -> Iterator[Sequence[Any]]:
    if isinstance(person, Mapping):
        yield from (value for key in PARTS if isinstance(value := person.get(key), list | tuple))


def _person(person: Any, where: str) -> Joints:
    if not isinstance(person, Mapping):
        raise PoseError(f'{where}: found {_shown(person)} instead of an object with "pose_keypoints_2d".')
    if "pose_keypoints_2d" not in person:
        other = f' "keypoints" {_counted(person["keypoints"], OTHER_LAYOUTS)}.' if "keypoints" in person else ""
        raise PoseError(f'{where}: "pose_keypoints_2d" is missing.{other} Only the OpenPose layout can be read.')
    joints = np.zeros((COUNT, 3), np.float32)
    for key, span in PARTS.items():
        part = _part(person.get(key), _COUNTS[key], f'{where}: "{key}"')
        if part is None:
            continue
        if len(part) == BODY_25:
            part = part[list(_FROM_25)]
            joints[FEET] = part[BODY.stop :]
            part = part[BODY]
        joints[span][: len(part)] = part
        if span is FACE and len(part) == 68:
            joints[FACE][68:] = joints[[RIGHT_EYE, LEFT_EYE]]
    return joints


def _part(values: Any, counts: tuple[int, ...], where: str) -> Joints | None:
    if values is None or (isinstance(values, list | tuple) and not values):
        return None
    wanted = " or ".join(str(3 * count) for count in counts)
    if not isinstance(values, list | tuple) or len(values) not in {3 * count for count in counts}:
        raise PoseError(
            f"{where} {_counted(values, OTHER_LAYOUTS if BODY_25 in counts else {})}. "
            f"Give a flat list of {wanted} numbers: x, y, confidence for each joint."
        )
    for index, number in enumerate(values):
        if isinstance(number, bool) or not isinstance(number, int | float | np.floating | np.integer):
            raise PoseError(f"{where}, entry {index} is {_shown(number)}, no number. Write x, y, confidence flat.")
        # a NaN is not <= anything, and an int of any length can be compared
        if not abs(number) <= MAX_COORDINATE:
            raise PoseError(
                f"{where}, entry {index} is {_shown(number)}; coordinates must be finite and at most a million. "
                "Write 0, 0, 0 for a joint that is not seen."
            )
    part = np.array(values, np.float32).reshape(-1, 3)
    part[:, 2] = part[:, 2].clip(0, 1)
    return part


def _counted(values: Any, layouts: Mapping[int, str]) -> str:
    """What a list of a wrong length is, for a message."""
    if not isinstance(values, list | tuple):
        return f"is {_shown(values)}"
    joints = len(values)
    if values and not isinstance(values[0], list | tuple):
        joints = joints // 3 if joints % 3 == 0 else 0
    layout = f", the {joints} joints of {layouts[joints]} and not OpenPose's" if joints in layouts else ""
    return f"has {len(values)} entries{layout}"


def _are_normalised(frames: Sequence[PoseFrame], units: str, name: str) -> bool:
    """Whether coordinates are parts of the canvas; all frames must agree."""
    if units != "auto":
        return units == "normalised"
    evidence: dict[bool, int] = {}
    for number, frame in enumerate(frames):
        known = [person.joints[person.joints[:, 2] >= THRESHOLD, :2] for person in frame.people]
        points = np.concatenate(known) if known else np.zeros((0, 2), np.float32)
        if len(points) >= ENOUGH:
            evidence.setdefault(bool((np.abs(points) <= NORMALISED).all()), number)
    if len(evidence) == 2:
        raise PoseError(
            f"{name}: frame {evidence[True]} has coordinates in 0..1 and frame {evidence[False]} in pixels. Write all "
            "frames in one unit, or say which it is."
        )
    return True in evidence


def _in_pixels(frame: PoseFrame) -> PoseFrame:
    scale = np.array([frame.width, frame.height, 1], np.float32)
    return PoseFrame(tuple(Person(person.joints * scale) for person in frame.people), frame.width, frame.height)


def _shown(value: Any) -> str:
    """A value as a message shows it: a number or word itself, of anything else its kind."""
    if value is None or isinstance(value, bool | float | np.floating):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else "a number of many digits"
    if isinstance(value, str):
        return repr(value[:40])
    return {dict: "an object", list: "a list", tuple: "a list"}.get(type(value), f"a {type(value).__name__}")
