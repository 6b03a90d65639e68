"""Clips From List."""

from typing import Any

from comfy_api.latest import io

from ...motion.clips import EMPTY
from ..host.clips import listed_clips
from ..inputs import ClipsType
from .choices import SIDE, as_choosing, caption_input, choosing_inputs


class ClipsFromList(io.ComfyNode):
    """Lists of other nodes in, clips with captions out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaClipsFromList",
            display_name="Clips From List",
            category="Kinema/clips",
            description="Takes videos or frames of other nodes as clips to learn from, such as those of ComfyUI's own "
            "data set nodes. Videos stay files until they are prepared.",
            search_aliases=[
                *("load video dataset from folder", "make training dataset", "videos to clips", "images to clips"),
                *("dataset", "training data", "video list", "video text pairs", "motion lora dataset"),
            ],
            is_input_list=True,
            inputs=[
                io.Video.Input(
                    "videos",
                    optional=True,
                    tooltip="One video or a list, from Load Video, Load Video-Text (from Folder) or Crop Video "
                    "(Temporal).",
                ),
                io.Image.Input(
                    "images",
                    optional=True,
                    tooltip="One batch of frames is one clip; a list of pictures are clips of one frame each.",
                ),
                io.String.Input(
                    "texts",
                    optional=True,
                    force_input=True,
                    tooltip="A caption for each of the videos, then the images; or one for all.",
                ),
                caption_input(),
                *choosing_inputs(),
            ],
            outputs=[
                ClipsType.Output("clips", tooltip="For Prepare Clips or Camera Motion Clips."),
                io.String.Output("report", tooltip="How many there are, and how many without a caption."),
            ],
        )

    @classmethod
    def execute(
        cls,
        videos: list[Any] | None = None,
        images: list[Any] | None = None,
        texts: list[str] | None = None,
        **settings: list[Any],
    ) -> io.NodeOutput:
        """Gather them."""
        single = {name: values[0] for name, values in settings.items()}
        size = (single.pop("height", SIDE), single.pop("width", SIDE))
        missing = single.pop("missing_captions", EMPTY)
        clips = listed_clips(videos or [], images or [], texts or [], missing, as_choosing(**single), size)
        return io.NodeOutput(clips, clips.told())
