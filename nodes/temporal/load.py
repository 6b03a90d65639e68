"""Load Motion Module."""

import logging
from typing import Any

from comfy_api.latest import io

from ..host import files, folders, temporal
from ..host.notices import notice
from ..inputs import MotionModelType


class LoadMotionModule(io.ComfyNode):
    """A motion file from the model folder, recognised by its contents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadMotionModule",
            display_name="Load Motion Module",
            category="Kinema/temporal",
            description="Loads an AnimateDiff motion module: temporal layers that turn an image model into a video "
            "model.",
            search_aliases=[
                # more, and at their beginning, than in any other node: the search then lists this one first
                "animatediff",
                "animatediff loader",
                "load animatediff model",
                "motion model",
                "mm_sd_v15_v2",
                "v3_sd15_mm",
                "hotshot",
                "animatelcm",
                "animatelcm-i2v",
                "pia",
                "lightning",
                "longanimatediff",
                "motion adapter",
            ],
            inputs=[
                io.Combo.Input(
                    "motion_module",
                    options=folders.model_names(folders.MOTION_MODULES),
                    tooltip="A file in models/animatediff_models. Its version is read from its contents, never from "
                    "its name.",
                ),
            ],
            outputs=[
                MotionModelType.Output(
                    "motion_model",
                    display_name="motion_model",
                    tooltip="The loaded motion module, for Animate Model.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, motion_module: str | None = None, **_: Any) -> Any:
        """Load again when the file on disk is replaced."""
        return files.file_fingerprint(motion_module and folders.model_path(folders.MOTION_MODULES, motion_module))

    @classmethod
    def execute(cls, motion_module: str) -> io.NodeOutput:
        """Load the file."""
        path = folders.existing_path(folders.MOTION_MODULES, motion_module, "motion module")
        loaded = temporal.load_motion(path)
        if loaded.left_out is not None:
            notice(loaded.left_out, logging.INFO)
        return io.NodeOutput(loaded)
