"""Packs whose work no node of ComfyUI does: rows that say so, and what of them the host can do."""

from collections.abc import Mapping, Sequence

from .records import Value
from .rules import Builder, Old, Rule, refused

IP, IMPACT, REACTOR, EVERYWHERE = "IPAdapter plus", "Impact Pack", "ReActor", "Use Everywhere"
CLIP_SIZE = 224
"""Pixels of a side of what CLIP vision looks at."""


def for_clip_vision(old: Old, new: Builder) -> Sequence[Value | None]:
    """A square for CLIP vision."""
    image, position = old.need("image"), old.get("crop_position", "center")
    if position == "pad":
        made = new.node(
            "ResizeAndPadImage",
            old,
            image=image,
            target_width=CLIP_SIZE,
            target_height=CLIP_SIZE,
            padding_color="black",
            interpolation="lanczos",
        )
        return [made[0]]
    if position != "center":
        new.note(f"The picture is cropped in the middle, where crop_position was {position!r}.")
    made = new.node(
        "ImageScale",
        old,
        image=image,
        upscale_method="lanczos",
        crop="center",
        width=CLIP_SIZE,
        height=CLIP_SIZE,
    )
    return [made[0]]


NO_ADAPTER = "ComfyUI has no IP-Adapter; install the pack ComfyUI_IPAdapter_plus, which knows it under this name"
OLD_ADAPTER = (
    "ComfyUI has no IP-Adapter, and the pack ComfyUI_IPAdapter_plus has given this name up: install it and use its "
    "IPAdapter Advanced"
)
DETAILER = "ComfyUI has no node that finds faces and samples them again; install the pack ComfyUI-Impact-Pack"
REFUSED: Mapping[str, Mapping[str, str]] = {
    IP: {
        **dict.fromkeys(("IPAdapterApply", "IPAdapterApplyEncoded", "IPAdapterApplyFaceID"), OLD_ADAPTER),
        **dict.fromkeys(
            (
                "IPAdapterModelLoader",
                "IPAdapterUnifiedLoader",
                "IPAdapterAdvanced",
                "IPAdapterBatch",
                "IPAdapterEncoder",
                "IPAdapterNoise",
                "IPAdapterTiled",
                "IPAdapter",
                "IPAdapterInsightFaceLoader",
                "InsightFaceLoader",
            ),
            NO_ADAPTER,
        ),
    },
    IMPACT: dict.fromkeys(
        (
            "UltralyticsDetectorProvider",
            "SAMLoader",
            "ImpactSimpleDetectorSEGS_for_AD",
            "SEGSDetailerForAnimateDiff",
            "SEGSPaste",
            "FaceDetailer",
        ),
        DETAILER,
    ),
    REACTOR: {
        "ReActorFaceSwap": "ComfyUI has no node that swaps faces; install the pack ComfyUI-ReActor",
        "ReActorRestoreFace": "ComfyUI has no node that mends faces; install the pack ComfyUI-ReActor",
    },
}
RULES = (
    Rule("PrepImageForClipVision", IP, ("ImageScale", "ResizeAndPadImage"), for_clip_vision),
    *(refused(id, pack, why) for pack, rows in REFUSED.items() for id, why in rows.items()),
)
