"""Load Clips."""

from typing import Any

from comfy_api.latest import io

from ...motion.clips import EMPTY, LOOSE, PICTURES
from ..host.clips import load_clips, place_problem, place_stamp
from ..inputs import ClipsType
from .choices import SIDE, as_choosing, caption_input, choosing_inputs


class LoadClips(io.ComfyNode):
    """A folder in, its clips with captions out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadClips",
            display_name="Load Clips",
            category="Kinema/clips",
            description="Finds the clips of a folder, or those a table lists, and their captions. Nothing is read yet.",
            search_aliases=[
                *("load videos from folder", "video dataset", "training data", "load dataset", "webvid", "csv dataset"),
                *("load clips from folder", "kohya folder", "captions", "ade load video from path", "training videos"),
                *("vhs load videos path", "frame folders", "motion lora dataset", "validation", "image folder"),
            ],
            inputs=[
                io.String.Input(
                    "folder",
                    tooltip="A path on the computer that runs ComfyUI, or the name of a folder in its input folder. "
                    "Videos are clips, and so are folders of numbered pictures. Other pictures are clips of one frame.",
                ),
                io.String.Input(
                    "table",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="A csv or jsonl file that lists clips of the folder with captions, as WebVid does: "
                    "videoid, page_dir, name. Empty takes all, with captions from text files beside them.",
                ),
                caption_input(),
                *choosing_inputs(),
                io.Combo.Input(
                    "pictures",
                    options=list(PICTURES),
                    default=LOOSE,
                    optional=True,
                    advanced=True,
                    tooltip="What the pictures of a folder are. auto takes them for the frames of one clip if their "
                    "names differ in numbers alone, unless single frames are learnt from the folder itself; pictures "
                    "with captions are clips of one frame.",
                ),
            ],
            outputs=[
                ClipsType.Output("clips", tooltip="For Prepare Clips or Camera Motion Clips."),
                io.String.Output("report", tooltip="How many there are, and which were left out and why."),
            ],
        )

    @classmethod
    def validate_inputs(cls, folder: str | None = None, table: str | None = "") -> bool | str:
        """Answer places without clips before anything runs."""
        if folder is None or table is None:
            return True
        return place_problem(folder, table) or True

    @classmethod
    def fingerprint_inputs(cls, folder: str | None = None, table: str | None = "", **_: object) -> str | None:
        """Look again when a file was added, removed or replaced."""
        return None if folder is None or table is None else place_stamp(folder, table)

    @classmethod
    def execute(
        cls,
        folder: str,
        table: str = "",
        missing_captions: str = EMPTY,
        width: int = SIDE,
        height: int = SIDE,
        pictures: str = LOOSE,
        **choosing: Any,
    ) -> io.NodeOutput:
        """Find them."""
        clips = load_clips(folder, table, missing_captions, as_choosing(**choosing), (height, width), pictures)
        return io.NodeOutput(clips, clips.told())
