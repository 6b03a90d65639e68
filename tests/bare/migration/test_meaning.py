"""What old nodes did is what the new ones do; where it is not, the node says so."""

from typing import Any

import pytest
from kinema.motion.migration import migrate
from kinema.motion.migration.targets import INSTALLED
from kinema.motion.sampling import SCHEDULES
from kinema.motion.windows import WindowOptions, plan_windows


def span(start: int, end: int, clip: int = 24) -> list[int]:
    return [frame % clip for frame in range(start, end)]


WINDOWS: list[tuple[str, bool, int, list[list[int]]]] = [
    ("ADE_StandardStaticContextOptions", False, 0, [span(0, 16), span(8, 24)]),
    ("ADE_StandardStaticContextOptions", False, 3, [span(0, 16), span(8, 24)]),
    ("ADE_StandardUniformContextOptions", False, 0, [span(0, 16), span(8, 24)]),
    ("ADE_StandardUniformContextOptions", False, 1, [span(8, 24), span(0, 16)]),
    ("ADE_LoopedUniformContextOptions", True, 0, [span(0, 16), span(12, 28)]),
    ("ADE_LoopedUniformContextOptions", True, 1, [span(12, 28), span(0, 16)]),
    ("ADE_AnimateDiffUniformContextOptions", True, 1, [span(12, 28), span(0, 16)]),
    ("ADE_AnimateDiffUniformContextOptions", False, 0, [span(0, 16), span(12, 28)]),
]
"""AnimateDiff-Evolved's windows of 16 frames with 4 in common in a clip of 24: node, closed loop, step, windows."""


def animated(module: str = "mm_sd_v15_v2.ckpt", context: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    loader = {"model": ["1", 0], "model_name": module, "beta_schedule": "autoselect", **more}
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "any.safetensors"}},
        "2": {"class_type": "ADE_AnimateDiffLoaderWithContext", "inputs": loader},
        "3": {"class_type": "KSampler", "inputs": {"model": ["2", 0]}},
    }
    if context is not None:
        prompt["4"] = context
        loader["context_options"] = ["4", 0]
    return prompt


def windows_of(type: str, closed: bool = False, stride: int = 1) -> tuple[dict[str, Any], list[str]]:
    values = {"context_length": 16, "context_overlap": 4, "fuse_method": "flat", "closed_loop": closed}
    context = {"class_type": type, "inputs": values | {"context_stride": stride, "context_schedule": "uniform"}}
    written, report = migrate(animated(context=context), INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaSlidingContext"]
    return made, [note for entry in report.entries for note in entry.notes]


@pytest.mark.parametrize(("type", "closed", "step", "wanted"), WINDOWS)
def test_windows_are_the_same(type: str, closed: bool, step: int, wanted: list[list[int]]) -> None:
    made, _ = windows_of(type, closed)
    options = WindowOptions(
        made["context_schedule"],
        made["context_length"],
        made["context_overlap"],
        made.get("context_stride", 1),
        made.get("closed_loop", False),
        made["fuse_method"],
    )
    found = [list(window.frames) for window in plan_windows(24, step, options)]
    assert sorted(found) == sorted(wanted)


def test_a_stride_says_what_differs() -> None:
    assert windows_of("ADE_StandardUniformContextOptions")[1] == []
    (note,) = windows_of("ADE_StandardUniformContextOptions", stride=2)[1]
    assert "beyond the end of the clip" in note


@pytest.mark.parametrize(
    ("module", "differs"),
    [
        ("mm_sd_v15.ckpt", True),
        ("SD1.5\\mm_sd_v14.safetensors", True),
        ("animatediffMotion_v15.ckpt", True),
        ("temporaldiff-v1-animatediff.ckpt", True),
        ("mm_sd_v15_v2.ckpt", False),
        ("v3_sd15_mm.ckpt", False),
        ("AnimateLCM_sd15_t2v.ckpt", False),
    ],
)
def test_version_1_says_what_differs(module: str, differs: bool) -> None:
    written, report = migrate(animated(module), INSTALLED)
    notes = [note for entry in report.entries for note in entry.notes]
    assert any("group norms" in note for note in notes) is differs
    (scale,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert scale.get("motion_scale", 1.0) == 1.0


@pytest.mark.parametrize("schedule", sorted(set(SCHEDULES) - {"squaredcos_cap_v2"}))
def test_schedules_keep_their_names(schedule: str) -> None:
    written, report = migrate(animated(beta_schedule=schedule), INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert made["beta_schedule"] == schedule
    assert all(not entry.notes for entry in report.entries)
