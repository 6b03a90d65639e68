"""Load Animate Anyone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from comfy_api.latest import io

from ...motion.character import AUTO, MUSEPOSE, RELEASES
from ..host import character, files, folders, temporal
from ..host.notices import notice
from ..inputs import AnimateAnyoneType

NONE = "none"
UNETS = (folders.ANIMATE_ANYONE, folders.IMAGE_MODELS)
MOTIONS = (folders.ANIMATE_ANYONE, folders.MOTION_MODULES)
GUIDERS = (folders.ANIMATE_ANYONE,)
GUIDER_INPUTS = {
    "pose_guider": "pose",
    "depth_guider": "depth",
    "normal_guider": "normal",
    "semantic_guider": "semantic",
}
"""Input to what its pictures show; Champ's four files are alike, so that the place decides."""
PLACES = {
    "denoising_unet": UNETS,
    "reference_unet": UNETS,
    "motion_module": MOTIONS,
    **dict.fromkeys(GUIDER_INPUTS, GUIDERS),
}
"""Input to the model folders whose files it lists, the one of its own first."""


def _file_input(id: str, tooltip: str, advanced: bool = False) -> io.Combo.Input:
    return io.Combo.Input(
        id,
        options=[NONE, *folders.model_names(*PLACES[id])],
        default=NONE,
        optional=True,
        advanced=advanced,
        tooltip=tooltip,
    )


class LoadAnimateAnyone(io.ComfyNode):
    """The parts of a release in, one bundle and the denoising UNet as a model out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadAnimateAnyone",
            display_name="Load Animate Anyone",
            category="Kinema/character",
            description="Loads the parts of an Animate Anyone release: one picture of a character, moved by poses. "
            "Files of Moore-AnimateAnyone, MusePose, Champ and AniPortrait, as they are published.",
            search_aliases=[
                "animate anyone",
                "moore-animateanyone",
                "musepose",
                "champ",
                "aniportrait",
                "load unet2d conditionmodel",
                "load pose guider",
                "referencenet",
                "character",
            ],
            inputs=[
                io.Combo.Input(
                    "release",
                    options=[AUTO, *RELEASES],
                    default=AUTO,
                    optional=True,
                    tooltip="Where the files come from: it decides the noise schedule and the windows of long clips. "
                    "auto knows Champ and AniPortrait by their guiders and MusePose by its motion module; set it for "
                    "Moore's files.",
                ),
                _file_input(
                    "denoising_unet",
                    "denoising_unet.pth, in models/animate_anyone or models/diffusion_models. none, to use a "
                    "checkpoint's model in its place.",
                ),
                _file_input(
                    "reference_unet",
                    "reference_unet.pth, which reads the picture of the character. none, to go by its embedding alone.",
                ),
                _file_input(
                    "motion_module",
                    "motion_module.pth, or any motion module for SD1.5 in models/animatediff_models. none, if one is "
                    "connected to Animate Character.",
                ),
                _file_input("pose_guider", "pose_guider.pth, or guidance_encoder_dwpose.pth of Champ."),
                _file_input("depth_guider", "guidance_encoder_depth.pth of Champ.", advanced=True),
                _file_input("normal_guider", "guidance_encoder_normal.pth of Champ.", advanced=True),
                _file_input("semantic_guider", "guidance_encoder_semantic_map.pth of Champ.", advanced=True),
            ],
            outputs=[
                AnimateAnyoneType.Output(
                    "animate_anyone",
                    display_name="animate_anyone",
                    tooltip="All parts, for Reference Picture, Pose Guide and Animate Character.",
                ),
                io.Model.Output(
                    "denoising_model",
                    display_name="model",
                    tooltip="The denoising UNet, for LoRAs and Animate Character; nothing if none was chosen.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs: Any) -> Any:
        """Load again when a file on disk is replaced."""
        return [files.file_fingerprint(path) for path in _paths(inputs)]

    @classmethod
    def execute(
        cls,
        release: str = AUTO,
        denoising_unet: str = NONE,
        reference_unet: str = NONE,
        motion_module: str = NONE,
        pose_guider: str = NONE,
        depth_guider: str = NONE,
        normal_guider: str = NONE,
        semantic_guider: str = NONE,
    ) -> io.NodeOutput:
        """Load the files that were chosen, unless they still are in memory."""
        chosen = (pose_guider, depth_guider, normal_guider, semantic_guider)
        guiders = {
            shows: character.GuiderWeights.load(_path(id, name))
            for (id, shows), name in zip(GUIDER_INPUTS.items(), chosen, strict=True)
            if name != NONE
        }
        reference, motion, model = None, None, None
        if motion_module != NONE:
            weights = temporal.MusePoseWeights if release == MUSEPOSE else temporal.MotionWeights
            motion = temporal.load_motion(_path("motion_module", motion_module), weights)
        if reference_unet != NONE:
            reference = character.ReferenceWeights.load(_path("reference_unet", reference_unet))
        parts = character.put_together(release, reference, motion, guiders)
        if denoising_unet != NONE:
            model = character.DenoisingWeights.load(_path("denoising_unet", denoising_unet)).patcher
            parts = replace(parts, denoiser=model)
        notice(parts.told, 20)
        return io.NodeOutput(parts, model)


def _path(id: str, name: str) -> str:
    return folders.first_path(PLACES[id], name, id.replace("_", " "))


def _paths(inputs: Mapping[str, Any]) -> Iterator[str | None]:
    """Full path of each file that is chosen, None for one that is gone."""
    for id, places in PLACES.items():
        name = inputs.get(id)
        if isinstance(name, str) and name != NONE:
            yield next((path for place in places if (path := folders.model_path(place, name))), None)
