"""Evaluate Clip."""

import json
from typing import Any

from comfy_api.latest import io, ui

from ...motion.evaluation import METRICS, describe_result
from ..host import evaluation, files, folders
from ..inputs import CameraPathType, ResultType, frames_input

CURVES = tuple(metric.title for metric in METRICS.values() if metric.key not in ("fvd", "loop"))
KEYS = {metric.title: metric.key for metric in METRICS.values()}


def file_input(name: str, none: str, tooltip: str) -> io.Combo.Input:
    """A file in models/evaluation, or none."""
    return io.Combo.Input(
        name,
        options=[none, *evaluation.file_names()],
        default=none,
        optional=True,
        advanced=True,
        tooltip=tooltip,
    )


class EvaluateClip(io.ComfyNode):
    """A clip in, what it is worth in numbers out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaEvaluateClip",
            display_name="Evaluate Clip",
            category="Kinema/evaluation",
            description="Measures a clip: flicker, motion, consistency and loop by themselves; text, domain and "
            "smoothness with CLIP; PSNR, SSIM, LPIPS and FVD against a ground truth.",
            search_aliases=[
                *("metrics", "clip score", "clipscore", "lpips", "ssim", "psnr", "fvd", "flicker", "optical flow"),
                *("benchmark", "quality", "frame consistency", "motion magnitude", "warping error"),
            ],
            is_output_node=True,
            inputs=[
                io.Image.Input("images", tooltip="The clip: two frames or more."),
                io.Image.Input(
                    "ground_truth",
                    optional=True,
                    tooltip="The clip it should be, frame by frame, in the same size: for PSNR, SSIM, LPIPS and FVD.",
                ),
                io.Image.Input(
                    "references",
                    optional=True,
                    tooltip="Pictures of the same checkpoint and prompt without motion, any number in any size: for "
                    "domain similarity.",
                ),
                io.ClipVision.Input(
                    "clip_vision",
                    optional=True,
                    tooltip="From Load CLIP Vision, such as ViT-L/14: for frame smoothness, domain and text.",
                ),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="The text encoder of the same CLIP, from Load CLIP; not that of an SD1.5 checkpoint.",
                ),
                CameraPathType.Input(
                    "camera_path", optional=True, tooltip="How the camera should move: for motion direction."
                ),
                io.String.Input(
                    "prompt",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="What the clip should show: for text alignment. Weights such as (word:1.2) do not count.",
                ),
                io.String.Input(
                    "name", default="clip", optional=True, tooltip="What to call the clip in reports and drawings."
                ),
                io.Combo.Input(
                    "curve",
                    options=list(CURVES),
                    default=METRICS["warping"].title,
                    optional=True,
                    tooltip="The value that is drawn frame by frame.",
                ),
                file_input(
                    "lpips",
                    evaluation.NONE,
                    "The network of LPIPS: vgg16-397923af.pth or alexnet-owt-7be5be79.pth in models/evaluation.",
                ),
                file_input(
                    "lpips_heads",
                    evaluation.TORCHMETRICS,
                    "The heads of LPIPS: vgg.pth or alex.pth in models/evaluation, or those that torchmetrics brings.",
                ),
                file_input("fvd", evaluation.NONE, "The network of FVD: i3d_torchscript.pt in models/evaluation."),
                frames_input("Frames of the pieces that FVD compares.", "fvd_window", least=2, advanced=True),
            ],
            outputs=[
                io.String.Output("report", display_name="report", tooltip="All values as a text."),
                ResultType.Output("result", display_name="result", tooltip="The same as a record, for Compare Clips."),
                io.Image.Output("curve_picture", display_name="curve", tooltip="The chosen value frame by frame."),
                io.String.Output("json", display_name="json", tooltip="Values and curves as JSON, for programs."),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, lpips: str | None = "none", lpips_heads: str | None = "torchmetrics", fvd: str | None = "none"
    ) -> bool | str:
        """Answer files that are not there before anything runs."""
        chosen = {"lpips": lpips, "lpips_heads": lpips_heads, "fvd": fvd}
        problems = (evaluation.file_problem(name, file) for name, file in chosen.items())
        return next(filter(None, problems), None) or evaluation.heads_problem(lpips, lpips_heads) or True

    @classmethod
    def fingerprint_inputs(
        cls, lpips: str | None = None, lpips_heads: str | None = None, fvd: str | None = None, **_: Any
    ) -> Any:
        """Measure again when a file on disk is replaced."""
        paths = [name and folders.model_path(evaluation.FOLDER, name) for name in (lpips, lpips_heads, fvd)]
        return [files.file_fingerprint(path) for path in paths]

    @classmethod
    def execute(
        cls, images: Any, name: str = "clip", curve: str = METRICS["warping"].title, **settings: Any
    ) -> io.NodeOutput:
        """Measure it."""
        result = evaluation.measure(evaluation.Asked(images, " ".join(name.split()), **settings))
        told = describe_result(result)
        drawn = evaluation.curve_picture(result, KEYS[curve])
        record = json.dumps(result.record(), allow_nan=False)
        return io.NodeOutput(told, result, drawn, record, ui=ui.PreviewText(told))
