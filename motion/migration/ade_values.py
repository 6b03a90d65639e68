"""AnimateDiff-Evolved: numbers that change over frames, places and steps, and the keyframes that hold them."""

from collections.abc import Sequence

from .records import Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Make, Old, Rule

PACK = "AnimateDiff-Evolved"
KEYFRAMES = ("ADE_AnimateDiffKeyframe", "ADE_CameraCtrlAnimateDiffKeyframe", "ADE_PIA_AnimateDiffKeyframe")
SCHEDULES = ("BatchValueSchedule", "BatchValueScheduleLatentInput", "ADE_ValueScheduling", "ADE_ValueSchedulingLatents")


def multival(old: Old, new: Builder) -> Sequence[Value]:
    """A number, perhaps with a mask it is multiplied with."""
    schedule = old.upstream("float_val")
    if schedule is not None and schedule.node.type in SCHEDULES:
        text = schedule["text"] if schedule["text"] is not ABSENT else schedule["values"]
        made = new.node("KinemaMotionValue", old, frame_values=text, mask=old["mask_optional"])
        if schedule.node.type.startswith(("Batch", "ADE_")):
            new.note("The values follow the text of the schedule; set frames on Motion Value if it uses max_f.")
        return [made[0]]
    value = old.get("float_val", old.get("floats", 1.0))
    if isinstance(value, list) and value and all(is_number(one) for one in value):
        # prompts may have a list where graphs have a wire; the last one holds
        frames = ", ".join(f"{frame}: {one}" for frame, one in enumerate(value))
        return [
            new.node("KinemaMotionValue", old, frame_values=frames, interpolation="hold", mask=old["mask_optional"])[0]
        ]
    return [new.node("KinemaMotionValue", old, value=value, mask=old["mask_optional"])[0]]


def scaled_mask(old: Old, new: Builder) -> Sequence[Value]:
    """A mask between two values."""
    made = new.node(
        "KinemaMotionValue",
        old,
        value=old.get("max_float_val", 1.0),
        value_at_black=old.get("min_float_val", 0.0),
        mask_scaling=old.get("scaling", "absolute"),
        mask=old.need("mask"),
    )
    return [made[0]]


def as_mask(old: Old, new: Builder) -> Sequence[Value]:
    """A number over the frames, as masks."""
    return [new.node("KinemaReadMotionValue", old, motion_value=old.need("multival"))[0]]


def product(new: Builder, at: Old, *values: Value) -> Value:
    """Several strengths multiplied: numbers here, anything else in a Motion Value; ABSENT if all is 1."""
    number = 1.0
    links: list[Link] = []
    for value in values:
        if isinstance(value, Link):
            links.append(value)
        elif is_number(value):
            number *= value
    if not links:
        return ABSENT if number == 1.0 else number
    if len(links) > 1:
        raise UnsupportedError(f"{len(links)} strengths that come over wires are multiplied in it")
    if number == 1.0:
        return links[0]
    return new.node("KinemaMotionValue", at, main=False, value=number, previous_motion_value=links[0])[0]


def keyframed(old: Old, new: Builder, name: str, value: Value) -> Value:
    """A strength with the keyframes of ``ad_keyframes`` that speak of it; ``name`` is scale_multival or another."""
    frames = old.chain("ad_keyframes", "prev_ad_keyframes", *KEYFRAMES)
    if any(frame.linked("per_block_replace") for frame in frames):
        new.note("Strengths per block in keyframes are left out: Kinema has one strength for all blocks.")
    if not any(frame.linked(name) for frame in frames):
        return value
    # a Motion Value that is no keyframe multiplies all of them: over a wire it comes before the first
    made: Value = value if isinstance(value, Link) else ABSENT
    for frame in frames:
        made = new.node(
            "KinemaMotionKeyframe",
            frame,
            start_percent=frame.get("start_percent", 0.0),
            guarantee_steps=frame.get("guarantee_steps", 1),
            inherit_missing=frame.get("inherit_missing", True),
            motion_value=frame[name],
            previous_motion_value=made,
        )[0]
    if value is ABSENT or isinstance(value, Link):
        return made
    return new.node("KinemaMotionValue", old, main=False, value=value, previous_motion_value=made)[0]


def _value(id: str, make: Make) -> Rule:
    return Rule(id, PACK, ("KinemaMotionValue",), make)


RULES = (
    _value("ADE_MultivalDynamic", multival),
    _value("ADE_MultivalDynamicFloatInput", multival),
    _value("ADE_MultivalDynamicFloats", multival),
    _value("ADE_MultivalScaledMask", scaled_mask),
    Rule("ADE_MultivalConvertToMask", PACK, ("KinemaReadMotionValue",), as_mask),
    *(Rule(id, PACK, ("KinemaMotionKeyframe",), None) for id in KEYFRAMES),
)
