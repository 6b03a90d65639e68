"""Compare Clips."""

from typing import Any

from comfy_api.latest import io

from ...motion.evaluation import (
    LAYOUTS,
    METRICS,
    MODES,
    MOTION,
    EvaluationError,
    Result,
    as_pictures,
)
from ..host import evaluation
from ..inputs import ResultType
from .measure import CURVES, KEYS

CLIPS = ("first", "second", "third", "fourth")


class CompareClips(io.ComfyNode):
    """Clips in, one clip out that shows all of them in step."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCompareClips",
            display_name="Compare Clips",
            category="Kinema/evaluation",
            description="Shows up to four clips in step, with labels: themselves, how they differ from the first, or "
            "their motion in colours. Curves of Evaluate Clip run below.",
            search_aliases=["side by side", "grid", "difference", "image compare", "optical flow", "labels", "xy plot"],
            inputs=[
                io.Image.Input("first", tooltip="A clip; the others are fitted into its size."),
                *(
                    io.Image.Input(name, optional=True, tooltip="Another clip, as long as the first.")
                    for name in CLIPS[1:]
                ),
                *(
                    ResultType.Input(
                        f"{name}_result",
                        optional=True,
                        tooltip=f"What Evaluate Clip says of {name}: its curve is drawn.",
                    )
                    for name in CLIPS
                ),
                io.Combo.Input(
                    "show",
                    options=list(MODES),
                    default=MODES[0],
                    optional=True,
                    tooltip="clips: as they are. difference: also how far each other clip is from the first. motion: "
                    "also where everything goes, the direction as colour, red to the right.",
                ),
                io.Combo.Input(
                    "layout",
                    options=list(LAYOUTS),
                    default=LAYOUTS[0],
                    optional=True,
                    tooltip="How the clips are arranged.",
                ),
                io.Float.Input(
                    "amplify",
                    default=4.0,
                    min=0.1,
                    max=1000.0,
                    step=0.1,
                    optional=True,
                    tooltip="How many times brighter a difference is shown than it is.",
                ),
                io.String.Input(
                    "labels",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="A line for each clip. Left empty, the name of its result, or first, second, ...",
                ),
                io.Combo.Input(
                    "curve",
                    options=list(CURVES),
                    default=METRICS["warping"].title,
                    optional=True,
                    tooltip="The value of the results that is drawn below, with a mark at the frame that is seen.",
                ),
            ],
            outputs=[
                io.Image.Output("images", display_name="images", tooltip="The clip, for Combine Video."),
            ],
        )

    @classmethod
    def execute(
        cls,
        first: Any,
        show: str = MODES[0],
        layout: str = LAYOUTS[0],
        amplify: float = 4.0,
        labels: str = "",
        curve: str = METRICS["warping"].title,
        **others: Any,
    ) -> io.NodeOutput:
        """Fit them together."""
        given = {
            name: image for name, image in {"first": first, **others}.items() if name in CLIPS and image is not None
        }
        clips = [as_pictures(image, name, 2 if show == MOTION else 1) for name, image in given.items()]
        results: dict[int, Result] = {}
        for name in CLIPS:
            result = others.get(f"{name}_result")
            if result is not None and name not in given:
                raise EvaluationError(f"{name}_result belongs to {name}, which is not connected. Connect both.")
            if result is not None:
                results[list(given).index(name)] = result
        names = _names(list(given), results, labels)
        showing = evaluation.Showing(show, layout, amplify, KEYS[curve])
        return io.NodeOutput(evaluation.shown_together(clips, names, results, showing))


def _names(clips: list[str], results: dict[int, Result], labels: str) -> list[str]:
    """What each clip is called."""
    lines = labels.splitlines()
    if len(lines) > len(clips):
        raise EvaluationError(
            f"labels has {len(lines)} lines, more than there are clips ({len(clips)}). Take lines out, or connect more."
        )
    told = [results[at].name if at in results else name for at, name in enumerate(clips)]
    return [(lines[at].strip() if at < len(lines) else "") or name for at, name in enumerate(told)]
