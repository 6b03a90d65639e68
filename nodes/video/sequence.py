"""Load Image Sequence."""

from comfy_api.latest import io

from ...motion.video import Choice
from ..host.video import (
    pictures_in,
    read_sequence,
    readable_name,
    sequence_fingerprint,
    sequence_folders,
    sequence_problem,
)
from ..inputs import frames_input, side_input

FIT, STOP = "fit", "stop"
ANY = "*"


class LoadImageSequence(io.ComfyNode):
    """Pictures in a folder in, the frames of a clip out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadImageSequence",
            display_name="Load Image Sequence",
            category="Kinema/video",
            description="Takes the pictures of a folder as the frames of a clip, in the order of the numbers in their "
            "names.",
            search_aliases=[
                "load images",
                "load image batch",
                "load images from directory",
                "load folder",
                "vhs load images upload",
                "vhs load images path",
                "frames folder",
                "png sequence",
                "image load cap",
                "skip first images",
                "select every nth",
                "batch images",
            ],
            inputs=[
                io.Combo.Input(
                    "folder",
                    options=sequence_folders(),
                    tooltip="A folder with pictures in ComfyUI's input folder; . is the input folder itself. Copy "
                    "yours there and refresh the node list (R), or let the button upload pictures into a new one.",
                    extra_dict={"kinema_upload_folder": "image/*"},
                ),
                io.String.Input(
                    "pattern",
                    default=ANY,
                    optional=True,
                    tooltip="Which names to take: * is anything, ? one character, [0-9] one of several. walk_*.png "
                    "takes walk_1.png and walk_2.PNG.",
                ),
                frames_input("At most so many pictures. 0 takes all there are.", default=0, least=0),
                frames_input("Leaves out so many pictures at the start.", "skip_frames", default=0, least=0),
                side_input("width", "Pixels. What sticks out is cropped on both sides. 0 follows from the height."),
                side_input(
                    "height", "Pixels. 0 follows from the width; if both are 0, the size is that of the first picture."
                ),
                io.Int.Input(
                    "every_nth",
                    default=1,
                    min=1,
                    max=1000,
                    optional=True,
                    advanced=True,
                    tooltip="2 takes every second picture: the clip moves twice as fast at the same frame rate.",
                ),
                io.Combo.Input(
                    "mixed_sizes",
                    options=[FIT, STOP],
                    default=FIT,
                    optional=True,
                    advanced=True,
                    tooltip="What to do with pictures of another size than the first: fit crops and resizes them, stop "
                    "names the first of them.",
                ),
            ],
            outputs=[
                io.Image.Output("images", tooltip="The frames, for Encode Frames, Combine Video or a ControlNet."),
                io.Mask.Output("mask", tooltip="White where a picture is transparent; black everywhere if none is."),
                io.Int.Output("count", display_name="frames", tooltip="How many frames there are."),
                io.Int.Output("width", tooltip="Width of the frames in pixels, for Empty Latent Image."),
                io.Int.Output("height", tooltip="Height of the frames in pixels."),
                io.String.Output("names", tooltip="The names of the files, one on each line."),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        folder: str | None = None,
        pattern: str | None = ANY,
        skip_frames: int | None = 0,
    ) -> bool | str:
        """Answer folders without such pictures before anything runs."""
        if folder is None:
            return True
        # what comes over a wire is looked at in the run
        choice = Choice(skip=skip_frames or 0)
        return sequence_problem(folder, ANY if pattern is None else pattern, choice) or True

    @classmethod
    def fingerprint_inputs(
        cls,
        folder: str | None = None,
        pattern: str | None = ANY,
        frames: int | None = 0,
        skip_frames: int | None = 0,
        every_nth: int | None = 1,
        **_: object,
    ) -> str | None:
        """Load again when a picture is replaced, added or removed."""
        if folder is None or pattern is None:
            return None
        return sequence_fingerprint(folder, pattern, Choice(0.0, skip_frames or 0, every_nth or 1, frames or 0))

    @classmethod
    def execute(
        cls,
        folder: str,
        pattern: str = ANY,
        frames: int = 0,
        skip_frames: int = 0,
        width: int = 0,
        height: int = 0,
        every_nth: int = 1,
        mixed_sizes: str = FIT,
    ) -> io.NodeOutput:
        """Read, crop and resize."""
        files = pictures_in(folder, pattern, Choice(0.0, skip_frames, every_nth, frames))
        clip = read_sequence(files, width, height, mixed_sizes == STOP)
        count, high, wide, _channels = clip.images.shape
        names = "\n".join(readable_name(file.name) for file in files)
        return io.NodeOutput(clip.images, clip.mask, count, wide, high, names)
