"""Pose Guide."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ..host import character
from ..inputs import (
    AnimateAnyoneType,
    PoseGuideType,
    as_acts,
    as_mask,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)
from .load import GUIDER_INPUTS


class PoseGuide(io.ComfyNode):
    """Pictures of poses in, what a guider reads in them out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaPoseGuide",
            display_name="Pose Guide",
            category="Kinema/character",
            description="Moves the character by pictures: poses from Draw Pose, one for each frame, or the depth, "
            "normals and body parts that Champ reads besides.",
            search_aliases=["pose guider", "animate anyone pose", "guidance encoder", "dwpose", "character"],
            inputs=[
                AnimateAnyoneType.Input("animate_anyone", tooltip="The parts, from Load Animate Anyone."),
                io.Image.Input(
                    "images",
                    tooltip="One picture for each frame, from Draw Pose or anywhere, in the proportions of the clip.",
                ),
                io.Combo.Input(
                    "shows",
                    options=list(GUIDER_INPUTS.values()),
                    default="pose",
                    optional=True,
                    tooltip="What the pictures show, which chooses the guider. All but pose are for Champ.",
                ),
                strength_input(
                    "strength", "How strongly it acts: 1 is as trained. Takes a Motion Value or a mask too.", low=0.0
                ),
                *range_inputs("guide"),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="What to keep of the pictures; the rest becomes black. Champ's body parts need the person.",
                ),
                io.Boolean.Input(
                    "raw_range",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="AniPortrait alone: show its guider the numbers of its authors' scripts, which forget to "
                    "divide by 255. Off, as it was trained.",
                ),
                PoseGuideType.Input(
                    "guide", optional=True, tooltip="Another Pose Guide; what both guiders read is added up."
                ),
            ],
            outputs=[
                PoseGuideType.Output(
                    "pose_guide", display_name="guide", tooltip="For Animate Character, or for the next Pose Guide."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, strength: Any = 1.0, start_percent: float | None = 0.0, end_percent: float | None = 1.0
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength, low=0.0)
        return problem or range_problem(start_percent, end_percent, would="act") or True

    @classmethod
    def execute(
        cls,
        animate_anyone: character.AnimateAnyone,
        images: Tensor,
        shows: str = "pose",
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        mask: Tensor | None = None,
        raw_range: bool = False,
        guide: tuple[character.Guide, ...] = (),
    ) -> io.NodeOutput:
        """Look at the pictures; the guider reads them when the size of the clip is known."""
        acts = as_acts(strength, start_percent, end_percent, low=0.0)
        where = None if mask is None else character.somewhere(as_mask("mask", mask))
        weights = character.guider_for(animate_anyone, shows)
        if raw_range:
            character.check_raw_range(weights)
        frames = character.guide_frames(images, None if where is None else where.frames)
        return io.NodeOutput((*(guide or ()), character.Guide(weights, frames, acts, shows, raw_range)))
