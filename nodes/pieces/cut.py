"""Video in Pieces."""

from typing import Any

from comfy_api.latest import io

from ...motion.pieces import plan_problem
from ...motion.video import Choice
from ..host import pieces as in_pieces
from ..inputs import FRAME_RATE, PiecesType, frames_input
from ..video import looking_inputs

PER_PIECE, OVERLAP = 64, 8


class VideoInPieces(io.ComfyNode):
    """A video in, the frames of one piece of it out, again and again."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaVideoInPieces",
            display_name="Video in Pieces",
            category="Kinema/pieces",
            description="Begins a clip that is larger than memory. Everything between this node and Save Pieces runs "
            "once for each piece, in one run.",
            search_aliases=[
                "vhs meta batch manager",
                "batch manager",
                "meta batch",
                "long video",
                "chunks",
                "loop",
                "frames per batch",
                "out of memory",
            ],
            inputs=[
                io.Video.Input("video", tooltip="From Load Video or Trim Video."),
                frames_input(
                    "At most so many frames in memory at a time. Pieces get nearly the same length.",
                    "frames_per_piece",
                    default=PER_PIECE,
                    least=2,
                ),
                frames_input(
                    "Frames a piece shares with the next one; there one fades into the other. 0 cuts.",
                    "overlap",
                    default=OVERLAP,
                    least=0,
                ),
                *looking_inputs("At most so many in all pieces together. 0 takes all there are.", 0),
                io.Vae.Input(
                    "vae",
                    optional=True,
                    tooltip="Encodes the frames a few at a time, for latent. Connect it for video to video.",
                ),
            ],
            outputs=[
                PiecesType.Output("pieces", tooltip="Which piece this is, for Save Pieces."),
                io.Image.Output("images", tooltip="The frames of this piece, for a ControlNet's preprocessor."),
                io.Latent.Output(
                    "latent",
                    tooltip="The frames of this piece for a sampler, if vae is connected. Samplers draw the same noise "
                    "for a frame in every piece that has it.",
                ),
                io.Int.Output("first_frame", tooltip="The number of the first frame of this piece, from 0."),
                io.Int.Output("count", display_name="frames", tooltip="How many frames this piece has."),
                io.Mask.Output("mask", tooltip="White where the video is transparent; black everywhere if it is not."),
                io.Float.Output("rate", display_name="frame_rate", tooltip="Frames per second of the clip."),
            ],
            # the copies for further pieces are told by the host's graph which piece they make
            hidden=[io.Hidden.dynprompt, io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, frames_per_piece: int | None = None, overlap: int | None = None) -> bool | str:
        """Answer pieces that would not get on before the run."""
        return plan_problem(frames_per_piece, overlap) or True

    @classmethod
    def execute(
        cls,
        video: Any,
        frames_per_piece: int = PER_PIECE,
        overlap: int = OVERLAP,
        frame_rate: float = FRAME_RATE,
        frames: int = 0,
        skip_frames: int = 0,
        width: int = 512,
        height: int = 512,
        every_nth: int = 1,
        vae: Any = None,
        **_waited_for: Any,
    ) -> io.NodeOutput:
        """Plan all pieces and read one."""
        task = in_pieces.task_of(cls.hidden)
        if task is None:
            choice = Choice(frame_rate, skip_frames, every_nth, frames)
            plan = in_pieces.cut(video, choice, (width, height), frames_per_piece, overlap)
            read = in_pieces.read_piece(plan, vae, None)
        else:
            read = in_pieces.read_piece(in_pieces.of_task(task), vae, task.run.loop.taken)
        this = read.pieces.piece
        rate = read.pieces.whole.rate
        return io.NodeOutput(read.pieces, read.images, read.latent, this.first, this.frames, read.mask, rate)
