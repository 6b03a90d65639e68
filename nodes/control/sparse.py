"""Load SparseCtrl and Apply SparseCtrl."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ...motion.control import INDEXES, PLACEMENTS, Placement, PlacementError, parse_indexes
from ...motion.values import Acts
from ..host import files, folders
from ..host.control import ControlStrength, SparseControl, SparseWeights, apply_sparse
from ..host.temporal import Strengths
from ..inputs import as_acts, as_value, range_inputs, range_problem, strength_input, strength_problem

NEAREST, OFF = "nearest", "off"


class LoadSparseControl(io.ComfyNode):
    """A SparseCtrl file and how strongly its motion layers act."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadSparseControl",
            display_name="Load SparseCtrl",
            category="Kinema/control",
            description="Loads a SparseCtrl: a ControlNet of AnimateDiff v3 that needs pictures at a few frames alone "
            "and fills in those between.",
            search_aliases=["sparsectrl", "load sparsectrl model", "v3_sd15_sparsectrl_rgb", "scribble", "keyframes"],
            inputs=[
                io.Combo.Input(
                    "sparsectrl",
                    options=folders.model_names(folders.CONTROLNETS),
                    tooltip="A file in models/controlnet, for example v3_sd15_sparsectrl_rgb. Whether it reads colour "
                    "pictures or scribbles is read from its contents.",
                ),
                strength_input(
                    "motion_strength",
                    "Blends in the SparseCtrl's own motion layers: 0 leaves them out, 1 is as trained. Takes a Motion "
                    "Value or a mask too.",
                    low=0.0,
                ),
                strength_input(
                    "motion_scale",
                    "Multiplies the attention between frames in these layers; 1 is as trained. Takes a Motion Value or "
                    "a mask too.",
                    low=0.0,
                ),
            ],
            outputs=[
                io.ControlNet.Output(
                    "sparse_control",
                    display_name="control_net",
                    tooltip="For Apply SparseCtrl. Apply ControlNet takes it too and spreads the pictures evenly.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, motion_strength: Any = 1.0, motion_scale: Any = 1.0) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return (
            strength_problem("motion_strength", motion_strength, low=0.0)
            or strength_problem("motion_scale", motion_scale, low=0.0)
            or True
        )

    @classmethod
    def fingerprint_inputs(cls, sparsectrl: str | None = None, **_: Any) -> Any:
        """Load again when the file on disk is replaced."""
        return files.file_fingerprint(sparsectrl and folders.model_path(folders.CONTROLNETS, sparsectrl))

    @classmethod
    def execute(cls, sparsectrl: str, motion_strength: Any = 1.0, motion_scale: Any = 1.0) -> io.NodeOutput:
        """Load the file, unless it still is in memory."""
        path = folders.existing_path(folders.CONTROLNETS, sparsectrl, "SparseCtrl")
        strengths = Strengths(
            as_value("motion_scale", motion_scale, low=0.0),
            Acts(as_value("motion_strength", motion_strength, low=0.0)),
        )
        return io.NodeOutput(SparseControl(SparseWeights.load(path), strengths))


class ApplySparseControl(io.ComfyNode):
    """Conditionings in, the same with pictures at some frames of the clip out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaApplySparseControl",
            display_name="Apply SparseCtrl",
            category="Kinema/control",
            description="Puts pictures at some frames of a clip; the others follow them. One picture starts a clip, "
            "two are joined by a transition, several make a storyboard.",
            search_aliases=["sparsectrl", "sparsectrl index method", "sparsectrl spread method", "rgb sparsectrl"],
            inputs=[
                io.Conditioning.Input("positive", tooltip="The prompt, with any ControlNets already on it."),
                io.ControlNet.Input("control_net", tooltip="From Load SparseCtrl."),
                io.Image.Input(
                    "images",
                    tooltip="One picture for each keyframe, in any size: they are cropped to the shape of the clip. "
                    "Pictures for the RGB file, white lines on black for the scribble file.",
                ),
                io.Combo.Input(
                    "placement",
                    options=list(PLACEMENTS),
                    default=INDEXES,
                    tooltip="indexes takes the frames below. uniform spreads the pictures from the first frame to the "
                    "last; starting leaves the last frame free, ending the first, center both.",
                    optional=True,
                ),
                io.String.Input(
                    "indexes",
                    default="0",
                    tooltip="For indexes: the frame of each picture with commas between them, for example 0, 8, -1. "
                    "The first frame is 0, the last one -1.",
                    optional=True,
                ),
                strength_input("strength", "How strongly it acts. Takes a Motion Value or a mask too."),
                *range_inputs("SparseCtrl"),
                io.Conditioning.Input(
                    "negative", optional=True, tooltip="The negative prompt. Without it, it gets the same pictures."
                ),
                io.Vae.Input(
                    "vae", optional=True, tooltip="The VAE of the checkpoint. The RGB file needs it, scribbles do not."
                ),
                io.Combo.Input(
                    "empty_windows",
                    options=[NEAREST, OFF],
                    default=NEAREST,
                    optional=True,
                    advanced=True,
                    tooltip="For Sliding Context: a window without a picture takes the nearest one at the end that is "
                    "nearer to it, or none.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    "sparse_positive",
                    display_name="positive",
                    tooltip="For the sampler, Control Over Time or Apply ControlNet.",
                ),
                io.Conditioning.Output(
                    "sparse_negative", display_name="negative", tooltip="The negative one, empty if none came in."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        placement: str | None = INDEXES,
        indexes: str | None = "0",
        strength: Any = 1.0,
        start_percent: float | None = 0.0,
        end_percent: float | None = 1.0,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength) or range_problem(start_percent, end_percent, would="act")
        if problem is None and placement == INDEXES and indexes is not None:
            try:
                parse_indexes(indexes)
            except PlacementError as error:
                return str(error)
        return problem or True

    @classmethod
    def execute(
        cls,
        positive: list[Any],
        control_net: Any,
        images: Tensor,
        placement: str = "indexes",
        indexes: str = "0",
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        negative: list[Any] | None = None,
        vae: Any = None,
        empty_windows: str = NEAREST,
    ) -> io.NodeOutput:
        """Put the SparseCtrl on copies of the conditionings."""
        how = ControlStrength(as_acts(strength, start_percent, end_percent))
        placed = Placement(placement, parse_indexes(indexes) if placement == INDEXES else ())
        both = [positive, negative or []]
        return io.NodeOutput(*apply_sparse(both, control_net, images, placed, empty_windows == NEAREST, how, vae))
