"""Save Pieces."""

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ..host import pieces as in_pieces
from ..inputs import PiecesType, frames_input
from ..video import is_deep, later_inputs, save_clip, saving_inputs, saving_outputs, saving_problem

AT_ONCE = 8
"""Frames to write together: they are on the disk and cost nothing to make."""


class SavePieces(io.ComfyNode):
    """The frames of a piece in, one file out when all pieces came."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSavePieces",
            display_name="Save Pieces",
            category="Kinema/pieces",
            description="Ends a clip that began with Video in Pieces: keeps every piece on the disk, asks for the next "
            "one, and saves all of them as one file with the sound of the video. A run that was cut short goes on from "
            "the last finished piece when it is queued again.",
            search_aliases=[
                "vhs meta batch manager",
                "vhs video combine",
                "batch manager",
                "meta batch",
                "long video",
                "chunks",
                "loop",
                "resume",
                "crash",
            ],
            is_output_node=True,
            enable_expand=True,
            inputs=[
                PiecesType.Input("pieces", tooltip="From Video in Pieces."),
                io.Latent.Input(
                    "samples",
                    optional=True,
                    lazy=True,
                    tooltip="The latent of the piece, from a sampler. Takes less memory than images.",
                ),
                io.Vae.Input("vae", optional=True, lazy=True, tooltip="The VAE that decodes samples."),
                io.Image.Input(
                    "images",
                    optional=True,
                    lazy=True,
                    tooltip="The frames of the piece, in place of samples. The host keeps them until the run ends or "
                    "memory is short.",
                ),
                *(each for each in saving_inputs() if each.id != "frame_rate"),
                frames_input(
                    "How many frames are decoded together. 0 chooses by their size.",
                    "frames_per_batch",
                    default=0,
                    least=0,
                    advanced=True,
                ),
                *later_inputs(),
            ],
            outputs=saving_outputs(),
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.dynprompt, io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, filename_prefix: str | None = None, format: Any = None) -> bool | str:
        """Answer settings that cannot work before anything is sampled."""
        return saving_problem(None, filename_prefix, format) or True

    @classmethod
    def check_lazy_status(cls, pieces: Any, **given: Any) -> list[str]:
        """Ask for the frames of this piece, unless they are on the disk."""
        if in_pieces.task_of(cls.hidden) is not None:
            return []
        wanted = [name for name in ("samples", "vae") if name in given] if "samples" in given else ["images"]
        if all(given.get(name) is not None for name in wanted):
            return []
        run = _begin(cls.hidden, pieces, {**given, "format": _without_names(given.get("format"))})
        in_pieces.tell(run)
        return [] if run.store.has(0) else wanted

    @classmethod
    def execute(
        cls,
        pieces: Any,
        samples: Any = None,
        vae: Any = None,
        images: Any = None,
        frames_per_batch: int = 0,
        **saving: Any,
    ) -> io.NodeOutput:
        """Keep the piece, then go on or save the clip."""
        task = in_pieces.task_of(cls.hidden)
        saving.pop(in_pieces.AFTER, None)
        told = {name: saving.pop(key, None) for name, key in in_pieces.AT_ONCE.items()}
        if task is not None:
            samples, vae, images = told["samples"], told["vae"], told["images"]
        run = _begin(cls.hidden, pieces, saving) if task is None else task.run
        if (task is None and not run.store.has(0)) or (task is not None and task.piece is not None):
            in_pieces.keep(cls.hidden, run, pieces, *in_pieces.pictures_of(samples, vae, images, frames_per_batch))
        left = run.store.missing() if task is None else task.todo if task.piece is None else ()
        finishing = task is None or task.finishing
        if left:
            in_pieces.check_room(run, left)
            nodes, last = in_pieces.go_on(cls.hidden, run, left, finishing)
            return io.NodeOutput(last, [last[0], 1], expand=nodes)
        if not finishing:
            return io.NodeOutput(None, None)
        if saving.get("audio") is None:
            saving["audio"] = in_pieces.sound_of(run)
        saved = save_clip(cls.hidden, in_pieces.clip_of(run), pieces.whole.rate, at_once=AT_ONCE, **saving)
        in_pieces.done(run)
        return saved


def _without_names(choice: Any) -> Any:
    """A choice and its settings, to each of which the host adds its name when it asks what is needed."""
    if not isinstance(choice, Mapping):
        return choice
    return {name: value[0] if isinstance(value, tuple) else value for name, value in choice.items()}


def _begin(hidden: Any, which: Any, saving: Any) -> Any:
    return in_pieces.begin(hidden, which, is_deep(saving.get("format")), not saving.get("save_output", True))
