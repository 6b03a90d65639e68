"""Smooth Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import GATE, THRESHOLD, OneEuro, SavitzkyGolay, as_keypoints, parse_poses, smooth_poses
from ..inputs import FILMED, PoseType, frame_rate_input

METHODS = ("savitzky_golay", "one_euro")


def smoother(
    method: str, radius: int = 4, degree: int = 2, frame_rate: float = FILMED, cutoff: float = 1.0, beta: float = 20.0
) -> SavitzkyGolay | OneEuro:
    """The filter that the node's settings describe.

    Raises:
        PoseError: they are out of range.
    """
    return SavitzkyGolay(radius, degree) if method == "savitzky_golay" else OneEuro(frame_rate, cutoff, beta)


class SmoothPose(io.ComfyNode):
    """POSE_KEYPOINT in, calmer POSE_KEYPOINT out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSmoothPose",
            display_name="Smooth Pose",
            category="Kinema/pose",
            description="Calms the jitter of a pose detector: follows each person, fills short gaps and smooths every "
            "joint over time. Nothing lags behind.",
            search_aliases=["smooth openpose", "pose smoothing", "one euro filter", "savitzky golay", "pose jitter"],
            inputs=[
                PoseType.Input("keypoints", tooltip="The people of each frame, from Load Pose or a pose detector."),
                io.Combo.Input(
                    "method",
                    options=list(METHODS),
                    default=METHODS[0],
                    tooltip="savitzky_golay puts a curve through the frames around each one and suits most clips. "
                    "one_euro holds joints at rest still and lets fast ones go.",
                    optional=True,
                ),
                io.Int.Input(
                    "radius",
                    default=4,
                    min=1,
                    max=240,
                    optional=True,
                    tooltip="For savitzky_golay: frames before and after each one that the curve goes through. More "
                    "is smoother.",
                ),
                io.Int.Input(
                    "degree",
                    default=2,
                    min=0,
                    max=5,
                    advanced=True,
                    optional=True,
                    tooltip="For savitzky_golay: 1 is straight lines, 2 curves, more follows the poses closer.",
                ),
                frame_rate_input("For one_euro: frames per second of the poses.", default=FILMED),
                io.Float.Input(
                    "cutoff",
                    default=1.0,
                    min=0.01,
                    max=100.0,
                    step=0.01,
                    optional=True,
                    tooltip="For one_euro, in hertz: what trembles faster than this is taken out of joints at rest. "
                    "Lower is calmer.",
                ),
                io.Float.Input(
                    "beta",
                    default=20.0,
                    min=0.0,
                    max=1000.0,
                    step=0.1,
                    advanced=True,
                    optional=True,
                    tooltip="For one_euro: how much less joints are smoothed as they move faster. Higher follows fast "
                    "motion closer.",
                ),
                io.Int.Input(
                    "fill_gaps",
                    default=8,
                    min=0,
                    max=240,
                    optional=True,
                    tooltip="Most frames in a row for which a joint, or a whole person, that was not seen is filled "
                    "in. 0 fills none.",
                ),
                io.Float.Input(
                    "threshold",
                    default=THRESHOLD,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="Least confidence of a joint that counts as seen.",
                ),
                io.Float.Input(
                    "reach",
                    default=GATE,
                    min=0.0,
                    max=2.0,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="How far a person may move from one frame to the next and still be the same, as a part of "
                    "the picture's diagonal.",
                ),
            ],
            outputs=[
                PoseType.Output(
                    "smoothed",
                    display_name="keypoints",
                    tooltip="As many frames, each person in the same place of the list throughout.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, method: str | None = None, radius: int | None = 4, degree: int | None = 2) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        if method not in (None, *METHODS):
            return f"There is no method {method!r}. Choose one of {', '.join(METHODS)}."
        if method == "savitzky_golay" and radius is not None and degree is not None:
            try:
                SavitzkyGolay(radius, degree)
            except ValueError as error:
                return str(error)
        return True

    @classmethod
    def execute(
        cls,
        keypoints: Any,
        method: str = METHODS[0],
        fill_gaps: int = 8,
        threshold: float = THRESHOLD,
        reach: float = GATE,
        **settings: Any,
    ) -> io.NodeOutput:
        """Smooth every person."""
        frames = smooth_poses(parse_poses(keypoints), smoother(method, **settings), fill_gaps, threshold, reach)
        return io.NodeOutput(as_keypoints(frames))
