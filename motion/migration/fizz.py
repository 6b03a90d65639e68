"""FizzNodes and AnimateDiff-Evolved: prompts and numbers over the frames."""

import re
from collections.abc import Mapping, Sequence

from .ade_values import PACK as ADE
from .records import Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Old, Rule, refused

PACK = "FizzNodes"
LETTERS = ("pw_a", "pw_b", "pw_c", "pw_d")
FIRST = re.compile(
    r"""^\s*\{?\s*["']?\s*([^"':=]+?)\s*["']?\s*[:=]\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""", re.DOTALL
)


def travel(old: Old, new: Builder) -> Sequence[Value | None]:
    """Prompts for a batch: each frame has its own."""
    return _travel(old, new, old.get("max_frames", 16))


def travel_latents(old: Old, new: Builder) -> Mapping[int, Value | None]:
    """The same for as many frames as a latent has."""
    latents = old.need("num_latents")
    count = new.node("KinemaFrameInfo", old, main=False, batch=latents)
    positive, negative = _travel(old, new, count[0])
    return {0: positive, 1: negative, 2: latents}


def _travel(old: Old, new: Builder, frames: Value) -> Sequence[Value]:
    if old.get("start_frame", 0) not in (0, ABSENT):
        new.note(
            f"start_frame {_told(old, 'start_frame')} is left out: prompts count from the first frame of the clip."
        )
    made = new.node(
        "KinemaPromptTravel",
        old,
        main=True,
        clip=old.need("clip"),
        prompts=old.get("text", ""),
        frames=frames,
        before=old.get("pre_text", ""),
        after=_after(old, "app_text"),
        **_letters(old, new),
    )
    return [made[0], made[2]]


def _after(old: Old, name: str) -> Value:
    """The text behind every prompt; a lone 0, the default of some versions, was taken off there."""
    text = old.get(name, "")
    return "" if text in ("0", 0) else text


def _told(old: Old, name: str) -> str:
    value = old[name]
    return "over a wire" if isinstance(value, Link) else str(value)


def _letters(old: Old, new: Builder) -> dict[str, Value]:
    """Numbers that prompts know by name: wires, or a number that the text asks for."""
    found: dict[str, Value] = {}
    texts = [text for name in ("text", "text_g", "text_l") if isinstance(text := old.get(name, ""), str)]
    for name in LETTERS:
        value = old.get(name, 0)
        if isinstance(value, Link):
            found[name] = value
        elif value != 0 or any(name in text for text in texts):
            found[name] = new.node("PrimitiveFloat", old, main=False, value=float(value) if is_number(value) else 0.0)[
                0
            ]
    return found


def sdxl(old: Old, new: Builder) -> Sequence[Value | None]:
    """Prompts for both text encoders of SDXL."""
    return _sdxl(old, new, old.get("max_frames", 16))


def _sdxl(old: Old, new: Builder, frames: Value) -> Sequence[Value]:
    before, after = old.get("pre_text_G", ""), _after(old, "app_text_G")
    if (before, after) != (old.get("pre_text_L", ""), _after(old, "app_text_L")):
        new.note("Texts before and after are those for CLIP-G, around the prompts of both encoders.")
    if old.get("crop_w", 0) != 0 or old.get("crop_h", 0) != 0:
        new.note("Sizes and crops of SDXL's conditioning are left out.")
    made = new.node(
        "KinemaPromptTravel",
        old,
        main=True,
        clip=old.need("clip"),
        prompts=old.get("text_g", ""),
        prompts_l=old.get("text_l", ""),
        frames=frames,
        before=before,
        after=after,
        **_letters(old, new),
    )
    return [made[0], made[2]]


def sdxl_latents(old: Old, new: Builder) -> Mapping[int, Value | None]:
    """The same for as many frames as a latent has."""
    latents = old.need("num_latents")
    frames = new.node("KinemaFrameInfo", old, main=False, batch=latents)
    positive, negative = _sdxl(old, new, frames[0])
    return {0: positive, 1: negative, 2: latents}


def single(old: Old, new: Builder) -> Sequence[Value | None]:
    """The prompt of one frame, for the whole clip: at frame 0 that is the first one."""
    text, frame = old.get("text", ""), old.get("current_frame", 0)
    match = FIRST.match(text) if isinstance(text, str) else None
    if frame != 0 or match is None or "`" in match.group(0):
        new.note("Each frame has its own prompt here, where Prompt Schedule gave that of current_frame to all.")
        return _travel(old, new, old.get("max_frames", 16))
    prompt = match.group(2) if match.group(2) is not None else match.group(3)
    wires = [old.get("pre_text", ""), _after(old, "app_text")]
    if any(isinstance(value, Link) for value in wires):
        joined: Value = prompt
        if wires[0] != "":
            joined = new.node("StringConcatenate", old, main=False, string_a=wires[0], string_b=joined, delimiter=" ")[
                0
            ]
        if wires[1] != "":
            joined = new.node("StringConcatenate", old, main=False, string_a=joined, string_b=wires[1], delimiter=" ")[
                0
            ]
    else:
        joined = " ".join(part for part in (wires[0], prompt, wires[1]) if part)
    positive, _, negative = joined.partition("--neg") if isinstance(joined, str) else (joined, "", "")
    clip = old.need("clip")
    made = new.node("CLIPTextEncode", old, main=True, text=positive, clip=clip)
    refused = new.node("CLIPTextEncode", old, text=negative, clip=clip)
    return [made[0], refused[0]]


def values(old: Old, new: Builder) -> Mapping[int, Value | None]:
    """Numbers over the frames: as a Motion Value, and as a list for those who want numbers."""
    text = old.get("text", old.get("values", ""))
    made = new.node("KinemaMotionValue", old, main=True, frame_values=text, interpolation="linear")
    latents = old["num_latents"] if old.linked("num_latents") else old["latent"]
    frames: Value = old.get("max_frames", old.get("max_length", 0))
    outputs: dict[int, Value | None] = {}
    if isinstance(latents, Link):
        frames = new.node("KinemaFrameInfo", old, main=False, batch=latents)[0]
        outputs = {2: latents}
    if frames == 0:
        frames = 16
        new.note("The schedule gave as many numbers as it names frames: set frames of Read Motion Value.")
    read = new.node("KinemaReadMotionValue", old, motion_value=made[0], frames=frames)
    if old.node.type.startswith("ADE_"):
        return {0: read[1], 1: read[1], 2: None, 3: None}
    return {0: read[1], 1: None, **outputs}


def _replaced(old: Old) -> tuple[dict[str, Value], dict[str, Value]]:
    """Texts in which the numbers have the names they have here, and those numbers.

    Raises:
        UnsupportedError: there are too many, or the prompts come over a wire.
    """
    texts = {name: old.get(name, "") for name in ("prompts", "prepend_text", "append_text")}
    replaces = old.chain("values_replace", "prev_replace", "ADE_ValuesReplace")
    if not replaces:
        return texts, {}
    keys = [replace.known("value_key", "") for replace in replaces]
    if len(keys) > len(LETTERS) or any(isinstance(text, Link) for text in texts.values()):
        raise UnsupportedError(f"values_replace: Prompt Travel knows {len(LETTERS)} numbers, in prompts of its own")
    for key, letter in zip(keys, LETTERS, strict=False):
        texts = {name: str(text).replace(f"`{key}`", f"`{letter}`") for name, text in texts.items()}
    return texts, {letter: replace["floats"] for replace, letter in zip(replaces, LETTERS, strict=False)}


def ade_travel(old: Old, new: Builder) -> Mapping[int, Value | None]:
    """AnimateDiff-Evolved's own prompt schedules."""
    texts, letters = _replaced(old)
    if old.get("tensor_interp", "lerp") == "slerp":
        new.note("Prompts are blended linearly, where slerp turned one into the other.")
    latents = old["latent"]
    frames: Value = old.get("max_length", 0)
    if isinstance(latents, Link):
        frames = new.node("KinemaFrameInfo", old, main=False, batch=latents)[0]
    elif frames == 0:
        frames = ABSENT
        new.note("The schedule was as long as the frames it names: set frames of Prompt Travel.")
    made = new.node(
        "KinemaPromptTravel",
        old,
        main=True,
        clip=old.need("clip"),
        prompts=texts["prompts"],
        frames=frames,
        before=texts["prepend_text"],
        after=texts["append_text"],
        **letters,
    )
    return {0: made[0], 1: latents if isinstance(latents, Link) else None}


def join(old: Old, new: Builder) -> Sequence[Value | None]:
    """Two texts in one."""
    made = new.node(
        "StringConcatenate", old, string_a=old.get("string_a", ""), string_b=old.get("string_b", ""), delimiter=""
    )
    return [made[0]]


def plain(old: Old, new: Builder) -> Sequence[Value | None]:
    """A number as a list of numbers, which is the same here."""
    return [old.need("FLOAT") if old.linked("FLOAT") else old.need("float")]


def value_at(old: Old, new: Builder) -> Sequence[Value | None]:
    """The number of one frame."""
    frame = old.get("current_frame", 0)
    if not is_number(frame):
        raise UnsupportedError("current_frame comes over a wire: Read Motion Value gives the numbers of all frames")
    made = new.node("KinemaMotionValue", old, frame_values=old.get("text", ""), interpolation="linear")
    if frame != 0:
        new.note(f"Read Motion Value gives the numbers of all frames: Value Schedule gave that of frame {frame}.")
    read = new.node("KinemaReadMotionValue", old, main=True, motion_value=made[0], frames=int(frame) + 1)
    return [read[1], None]


FRAME = "frames of one clip are made together here: a workflow that runs once for each frame has no counterpart"
WAVES = "curves over the frames are written into frame_values of Motion Value"
MORE = (
    *(
        refused(id, PACK, FRAME)
        for id in (
            "FizzFrame",
            "FizzFrameConcatenate",
            "CalculateFrameOffset",
            "ImagesFromBatchSchedule",
            "PromptScheduleEncodeSDXL",
            "StringSchedule",
            "BatchStringSchedule",
            "PromptScheduleNodeFlow",
            "PromptScheduleNodeFlowEnd",
            "PromptScheduleGLIGEN",
            "BatchGLIGENSchedule",
            "ConvertKeyframeKeysToBatchKeys",
        )
    ),
    *(
        refused(id, PACK, WAVES)
        for id in (
            "AbsCosWave",
            "AbsSinWave",
            "CosWave",
            "InvCosWave",
            "InvSinWave",
            "Lerp",
            "SawtoothWave",
            "SinWave",
            "SquareWave",
            "TriangleWave",
        )
    ),
    refused("ADE_ConditionExtraction", ADE, "no node of ComfyUI takes one frame's part out of a conditioning"),
    refused("ADE_SigmaScheduleToSigmas", ADE, "Basic Scheduler behind Beta Schedule gives the sigmas of a model"),
    Rule("ADE_FloatToFloats", ADE, (), plain),
    Rule("ADE_ValuesReplace", ADE, ("KinemaPromptTravel",), None, "pw_a to pw_d of Prompt Travel"),
    Rule("ValueSchedule", PACK, ("KinemaMotionValue", "KinemaReadMotionValue"), value_at),
    Rule("BatchPromptScheduleEncodeSDXLLatentInput", PACK, ("KinemaPromptTravel", "KinemaFrameInfo"), sdxl_latents),
)
"""What else these packs have."""
TRAVEL = ("KinemaPromptTravel", "PrimitiveFloat")
RULES = (
    Rule("BatchPromptSchedule", PACK, TRAVEL, travel),
    Rule("BatchPromptScheduleLatentInput", PACK, (*TRAVEL, "KinemaFrameInfo"), travel_latents),
    Rule("PromptSchedule", PACK, ("CLIPTextEncode", *TRAVEL, "StringConcatenate"), single),
    Rule("BatchPromptScheduleEncodeSDXL", PACK, TRAVEL, sdxl),
    *(
        Rule(id, PACK, ("KinemaMotionValue", "KinemaReadMotionValue", "KinemaFrameInfo"), values)
        for id in ("BatchValueSchedule", "BatchValueScheduleLatentInput")
    ),
    *(
        Rule(id, ADE, ("KinemaMotionValue", "KinemaReadMotionValue", "KinemaFrameInfo"), values)
        for id in ("ADE_ValueScheduling", "ADE_ValueSchedulingLatents")
    ),
    *(
        Rule(id, ADE, ("KinemaPromptTravel", "KinemaFrameInfo"), ade_travel)
        for id in ("ADE_PromptScheduling", "ADE_PromptSchedulingLatents")
    ),
    Rule("ConcatStringSingle", PACK, ("StringConcatenate",), join),
    *MORE,
)
