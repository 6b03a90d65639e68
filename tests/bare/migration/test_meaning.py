"""What old nodes did is what the new ones do; where it is not, the node says so."""

from typing import Any

import pytest
from kinema.motion.migration import Report, migrate
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
    ("ADE_BatchedContextOptions", False, 1, [span(0, 16), span(16, 24)]),
]
"""AnimateDiff-Evolved's windows of 16 frames with 4 in common in a clip of 24: node, closed loop, step, windows."""


def animated(module: str = "mm_sd_v15_v2.ckpt", context: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    loader = {"model": ["1", 0], "model_name": module, "beta_schedule": "autoselect"}
    loader |= {"apply_v2_models_properly": True, **more}
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


def test_windows_say_what_differs() -> None:
    assert windows_of("ADE_StandardUniformContextOptions")[1] == []
    (note,) = windows_of("ADE_StandardUniformContextOptions", stride=2)[1]
    assert "beyond the end of the clip" in note
    (note,) = windows_of("ADE_LoopedUniformContextOptions", closed=True)[1]
    assert "only for clips longer than context_length" in note


def test_a_loop_of_one_window_is_what_is_told() -> None:
    """What the note says: the old pack sampled such a clip in one piece."""
    turned = WindowOptions("looped_uniform", 16, 4, closed_loop=True)
    assert len(plan_windows(16, 1, turned)) > 1
    assert len(plan_windows(16, 1, WindowOptions("looped_uniform", 16, 4))) == 1


@pytest.mark.parametrize(("stride", "closed", "notes"), [(1, False, 0), (2, False, 1), (1, True, 1)])
def test_views_say_it_too(stride: int, closed: bool, notes: int) -> None:
    views = {"view_length": 16, "view_overlap": 4, "view_stride": stride, "closed_loop": closed}
    prompt = animated(context={"class_type": "ADE_ViewsOnlyContextOptions", "inputs": {"view_opts_req": ["5", 0]}})
    prompt["5"] = {"class_type": "ADE_LoopedUniformViewOptions", "inputs": {**views, "fuse_method": "pyramid"}}
    assert len(notes_of(migrate(prompt, INSTALLED)[1])) == notes


def notes_of(report: Report) -> list[str]:
    return [note for entry in report.entries for note in entry.notes]


def freenoise(context: dict[str, Any], views: dict[str, Any] | None = None) -> dict[str, Any]:
    """What Clip Noise is told, for FreeNoise over a context with or without views."""
    prompt = animated(context=context, sample_settings=["6", 0])
    prompt["6"] = {"class_type": "ADE_AnimateDiffSamplingSettings", "inputs": {"noise_type": "FreeNoise"}}
    if views is not None:
        prompt["5"] = {"class_type": "ADE_StandardStaticViewOptions", "inputs": views}
        context["inputs"]["view_opts_req" if "Only" in context["class_type"] else "view_opts"] = ["5", 0]
    written, _ = migrate(prompt, INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaClipNoise"]
    return {name: value for name, value in made.items() if name.startswith("context_")}


def test_freenoise_goes_by_views_where_there_are_any() -> None:
    windows = {"context_length": 24, "context_overlap": 6, "fuse_method": "pyramid"}
    views = {"view_length": 16, "view_overlap": 4, "fuse_method": "flat"}
    wanted = {"context_length": 16, "context_overlap": 4}
    context = {"class_type": "ADE_StandardStaticContextOptions", "inputs": windows}
    assert freenoise({**context, "inputs": dict(windows)}) == {"context_length": 24, "context_overlap": 6}
    assert freenoise({**context, "inputs": dict(windows)}, views) == wanted
    assert freenoise({"class_type": "ADE_ViewsOnlyContextOptions", "inputs": {}}, views) == wanted
    batched = {"class_type": "ADE_BatchedContextOptions", "inputs": {"context_length": 12}}
    assert freenoise(batched) == {"context_length": 12, "context_overlap": 0}


@pytest.mark.parametrize(
    ("module", "more", "differs"),
    [
        ("mm_sd_v15_v2.ckpt", {"apply_v2_models_properly": False}, True),
        ("mm_sd_v15_v2.ckpt", {"apply_v2_models_properly": None}, True),
        ("my own.safetensors", {"apply_v2_models_properly": False}, True),
        ("mm_sd_v15_v2.ckpt", {"apply_v2_models_properly": True}, False),
        ("v3_sd15_mm.ckpt", {"apply_v2_models_properly": False}, False),
    ],
)
def test_version_2_says_how_it_was_normalised(module: str, more: dict[str, Any], differs: bool) -> None:
    notes = notes_of(migrate(animated(module, **more), INSTALLED)[1])
    assert any("v2 modules were normalised over all frames" in note for note in notes) is differs


@pytest.mark.parametrize("module", ["AnimateLCM_sd15_t2v.ckpt", "x\\sd15_t2v_beta.ckpt", "AnimateLCM_sd15_i2v.ckpt"])
@pytest.mark.parametrize("generation", [1, 2])
def test_autoselect_takes_for_animatelcm_what_it_took(module: str, generation: int) -> None:
    prompt = animated(module)
    if generation == 2:
        prompt["2"] = {"class_type": "ADE_UseEvolvedSampling", "inputs": {"model": ["1", 0], "m_models": ["8", 0]}}
        prompt["8"] = {"class_type": "ADE_ApplyAnimateDiffModelSimple", "inputs": {"motion_model": ["9", 0]}}
        prompt["9"] = {"class_type": "ADE_LoadAnimateDiffModel", "inputs": {"model_name": module}}
    written, report = migrate(prompt, INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert made["beta_schedule"] == "lcm"
    assert any("which autoselect took for AnimateLCM" in note for note in notes_of(report))


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        ({"iterations": 2, "filter": "gaussian"}, 0),
        ({"iterations": 2, "filter": "ideal"}, 1),
        ({"iterations": 3, "filter": "butterworth"}, 1),
        ({"iterations": 3, "filter": "box", "init_type": "DinkInit_v1"}, 3),
    ],
)
def test_freeinit_says_what_differs(options: dict[str, Any], notes: int) -> None:
    prompt = animated(sample_settings=["6", 0])
    prompt["6"] = {"class_type": "ADE_AnimateDiffSamplingSettings", "inputs": {"iteration_opts": ["7", 0]}}
    prompt["7"] = {"class_type": "ADE_IterationOptsFreeInit", "inputs": options}
    assert len(notes_of(migrate(prompt, INSTALLED)[1])) == notes


def test_a_schedule_that_is_not_there_is_told() -> None:
    written, report = migrate(animated(beta_schedule="lcm[25_ots]"), INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert made["beta_schedule"] == "lcm"
    assert "50 noise levels instead of 25" in " ".join(notes_of(report))


@pytest.mark.parametrize(
    ("module", "differs"),
    [
        ("mm_sd_v15.ckpt", True),
        ("SD1.5\\mm_sd_v14.safetensors", True),
        ("animatediffMotion_v15.ckpt", True),
        ("temporaldiff-v1-animatediff.ckpt", True),
        ("mm_sdxl_v10_beta.ckpt", True),
        ("hotshotxl_mm_v1.pth", True),
        ("pia.ckpt", True),
        ("mm_sd_v15_v2.ckpt", False),
        ("v3_sd15_mm.ckpt", False),
        ("AnimateLCM_sd15_t2v.ckpt", False),
    ],
)
def test_pooled_norms_say_what_differs(module: str, differs: bool) -> None:
    written, report = migrate(animated(module), INSTALLED)
    notes = [note for entry in report.entries for note in entry.notes]
    assert any("group norms" in note for note in notes) is differs
    (scale,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert scale.get("motion_scale", 1.0) == 1.0


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_schedules_keep_their_names(schedule: str) -> None:
    written, report = migrate(animated(beta_schedule=schedule), INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaAnimateModel"]
    assert made["beta_schedule"] == schedule
    assert all(not entry.notes for entry in report.entries)


@pytest.mark.parametrize(
    ("kind", "name"), [("ADE_MultivalDynamicFloats", "floats"), ("ADE_MultivalDynamic", "float_val")]
)
def test_a_list_of_numbers_is_one_for_each_frame(kind: str, name: str) -> None:
    prompt = animated()
    prompt["2"] = {"class_type": "ADE_AnimateDiffLoaderGen1", "inputs": {"model": ["1", 0], "scale_multival": ["5", 0]}}
    prompt["5"] = {"class_type": kind, "inputs": {name: [0.25, 0.5, 1]}}
    written, report = migrate(prompt, INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if node["class_type"] == "KinemaMotionValue"]
    assert (made["frame_values"], made["interpolation"]) == ("0: 0.25, 1: 0.5, 2: 1", "hold")
    assert notes_of(report) == []


def artventurex(module: str = "mm_sd_v15_v2.ckpt", **more: Any) -> tuple[dict[str, Any], list[str]]:
    """The nodes in the place of ArtVentureX's sampler by type, and notes."""
    prompt = {
        "1": {"class_type": "AnimateDiffModuleLoader", "inputs": {"model_name": module}},
        "2": {"class_type": "AnimateDiffSampler", "inputs": {"motion_module": ["1", 0], "frame_number": 16, **more}},
        "3": {"class_type": "AnimateDiffSlidingWindowOptions", "inputs": {"context_schedule": "uniform v2"}},
    }
    written, report = migrate(prompt, INSTALLED)
    return {node["class_type"]: node["inputs"] for node in written.values()}, notes_of(report)


def test_the_first_pack_cut_long_clips_without_being_asked() -> None:
    assert "KinemaSlidingContext" not in artventurex()[0]
    for frames in (17, ["9", 0]):
        made = artventurex(frame_number=frames)[0]["KinemaSlidingContext"]
        windows = [made[name] for name in ("context_schedule", "context_length", "context_overlap", "fuse_method")]
        assert windows == ["looped_uniform", 16, 4, "flat"]


def test_the_first_pack_had_one_schedule() -> None:
    for module in ("mm_sd_v15_v2.ckpt", "AnimateLCM_sd15_t2v.ckpt"):
        assert artventurex(module)[0]["KinemaAnimateModel"]["beta_schedule"] == "sqrt_linear (AnimateDiff)"


@pytest.mark.parametrize(
    ("module", "more", "words"),
    [
        ("mm_sd_v15.ckpt", {}, "every group norm"),
        ("v3_sd15_mm.ckpt", {}, "every group norm"),
        ("mm_sd_v15_v2.ckpt", {"inject_method": "legacy"}, "behind the upsampling"),
        ("mm_sd_v15_v2.ckpt", {"sliding_window_opts": ["3", 0]}, "in one piece"),
    ],
)
def test_the_first_pack_says_what_differs(module: str, more: dict[str, Any], words: str) -> None:
    assert any(words in note for note in artventurex(module, **more)[1])
    assert not any(words in note for note in artventurex()[1])


@pytest.mark.parametrize(("after", "wanted"), [("0", ""), (", soft light", ", soft light"), ("1080", "1080")])
@pytest.mark.parametrize("kind", ["BatchPromptSchedule", "PromptSchedule"])
def test_a_lone_0_behind_prompts_is_no_text(kind: str, after: str, wanted: str) -> None:
    inputs = {"text": '"0": "a cat"', "app_text": after, "max_frames": 16, "clip": ["1", 1]}
    written, _ = migrate({"2": {"class_type": kind, "inputs": inputs}}, INSTALLED)
    made = written["2"]["inputs"]
    if kind == "PromptSchedule":
        assert made["text"] == f"a cat {wanted}".rstrip()
    else:
        assert made["after"] == wanted


@pytest.mark.parametrize(
    ("kind", "fuse"),
    [
        ("ADE_LoopedUniformContextOptions", "flat"),
        ("ADE_AnimateDiffUniformContextOptions", "flat"),
        ("ADE_StandardUniformContextOptions", "pyramid"),
        ("ADE_StandardStaticContextOptions", "pyramid"),
        ("ADE_BatchedContextOptions", "flat"),
        ("ADE_StandardStaticViewOptions", "flat"),
        ("ADE_StandardUniformViewOptions", "pyramid"),
        ("ADE_LoopedUniformViewOptions", "pyramid"),
    ],
)
def test_a_prompt_without_fuse_method_gets_what_it_got(kind: str, fuse: str) -> None:
    prompt = animated(context={"class_type": kind, "inputs": {}})
    if kind.endswith("ViewOptions"):
        prompt["4"] = {"class_type": "ADE_ViewsOnlyContextOptions", "inputs": {"view_opts_req": ["5", 0]}}
        prompt["5"] = {"class_type": kind, "inputs": {}}
    written, _ = migrate(prompt, INSTALLED)
    (made,) = [node["inputs"] for node in written.values() if "context_schedule" in node["inputs"]]
    assert made["fuse_method"] == fuse
