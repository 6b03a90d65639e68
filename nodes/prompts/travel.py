"""Prompt Travel."""

from typing import Any

from comfy_api.latest import io

from ...motion.prompts import PromptError, Travel, described, parse_prompts, plan_travel, read_prompt
from ...motion.values import INTERPOLATIONS, LINEAR, read_frames
from ..host import video
from ..host.notices import notice
from ..host.prompts import encode
from ..inputs import FRAMES, MOST_FRAMES, MotionValueType, as_value, frames_input

EXAMPLE = """0: "a bare tree on a hill, spring, pink blossom",
8: "a tree on a hill, summer, green leaves",
15: "a tree on a hill, autumn, (red and golden leaves:1.2)"
"""
SMALL = "prompts_l"
NAMES = ("pw_a", "pw_b", "pw_c", "pw_d")


class PromptTravel(io.ComfyNode):
    """Prompts at some frames in, one conditioning for each frame out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaPromptTravel",
            display_name="Prompt Travel",
            category="Kinema/prompts",
            description="Encodes prompts that change over the clip. Between the frames named, one prompt turns into "
            "the next.",
            search_aliases=[
                *("prompt schedule", "batch prompt schedule", "prompt travel", "prompt scheduling", "fizznodes"),
                *("travel prompt", "prompt keyframes"),
            ],
            inputs=[
                io.Clip.Input("clip", tooltip="The text encoder of the checkpoint, with any LoRAs and Clip Skip."),
                io.String.Input(
                    "prompts",
                    multiline=True,
                    dynamic_prompts=False,
                    default=EXAMPLE,
                    tooltip='frame: "prompt" pairs with commas between them; frames count from 0. 0.5 is half-way, -1 '
                    "the last frame. (word:1.2) weighs a word, arithmetic in backticks changes with t, the frame: "
                    "(word:`0.5 + 0.5 * sin(t / 8)`). What stands behind --neg goes into the output negative.",
                ),
                frames_input("Frames of the clip, the same as the batch size of the latent."),
                io.String.Input(
                    "before",
                    multiline=True,
                    dynamic_prompts=False,
                    default="",
                    optional=True,
                    tooltip="Text put before every prompt, for what stays the same.",
                ),
                io.String.Input(
                    "after",
                    multiline=True,
                    dynamic_prompts=False,
                    default="",
                    optional=True,
                    tooltip="Text put after every prompt.",
                ),
                io.Combo.Input(
                    "interpolation",
                    options=list(INTERPOLATIONS),
                    default=LINEAR,
                    optional=True,
                    tooltip="How one prompt turns into the next. hold jumps at each frame named.",
                ),
                io.Boolean.Input(
                    "closed_loop",
                    default=False,
                    optional=True,
                    tooltip="Lead from the last prompt over the end of the clip to the first, for clips that loop.",
                ),
                *(
                    io.MultiType.Input(
                        name,
                        types=[MotionValueType, io.Float],
                        optional=True,
                        advanced=True,
                        tooltip=f"A Motion Value or number that arithmetic in the prompts knows as {name}: "
                        f"(word:`{name}`).",
                    )
                    for name in NAMES
                ),
                io.String.Input(
                    "prompts_l",
                    multiline=True,
                    dynamic_prompts=False,
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="SDXL only: prompts for its small text encoder (CLIP-L), written like prompts, which then "
                    "go to the large one (CLIP-G) alone. Empty: both get the same.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    "conditioning",
                    display_name="conditioning",
                    tooltip="A conditioning with one row for each frame; Sliding Context takes the rows of its frames.",
                ),
                io.String.Output("text", display_name="text", tooltip="What each frame sees, to look at."),
                io.Conditioning.Output(
                    "negative",
                    display_name="negative",
                    tooltip="What stands behind --neg in the prompts, in the same way; without it an empty prompt.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        prompts: str | None = None,
        frames: int | None = None,
        before: str | None = None,
        after: str | None = None,
        prompts_l: str | None = None,
    ) -> bool | str:
        """Answer texts that cannot be read before anything runs; None is what comes over a wire."""
        try:
            read_prompt(before or "", where="Text before")
            read_prompt(after or "", where="Text after")
            if prompts is not None:
                parse_prompts(prompts, frames or MOST_FRAMES)
            if prompts_l and prompts_l.strip():
                parse_prompts(prompts_l, frames or MOST_FRAMES, SMALL)
        except PromptError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        clip: Any,
        prompts: str,
        frames: int = FRAMES,
        before: str = "",
        after: str = "",
        interpolation: str = LINEAR,
        closed_loop: bool = False,
        prompts_l: str = "",
        **values: Any,
    ) -> io.NodeOutput:
        """Place the prompts, then encode them."""
        known = {name: read_frames(as_value(name, value), frames)[1] for name, value in values.items()}

        def planned(text: str, where: str = "") -> list[Travel]:
            around = (before, after, interpolation, closed_loop, known)
            return [plan_travel(text, frames, *around, negative, where) for negative in (False, True)]

        both = planned(prompts)
        small = planned(prompts_l, SMALL) if prompts_l.strip() else []
        told = [warning for travel in (*both[:1], *small[:1]) for warning in travel.warnings]
        if told:
            notice("\n".join(dict.fromkeys(told)))
        seen, unseen = encode(clip, both, video.progress_reporter(), small)
        return io.NodeOutput(seen, _described(both, small), unseen)


def _described(both: list[Travel], small: list[Travel]) -> str:
    """What the frames see as text, with a heading over everything but the first part."""
    parts = zip(("", "Negative:\n", "CLIP-L:\n", "CLIP-L, negative:\n"), (*both, *small), strict=False)
    return "\n\n".join(f"{heading}{lines}" for heading, travel in parts if (lines := described(travel)) or not heading)
