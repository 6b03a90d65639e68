"""Every old node of the table, in every layout and both formats."""

import copy

import pytest
from kinema.motion.migration import migrate
from kinema.motion.migration.layouts import LAYOUTS
from kinema.motion.migration.tables import FAMILY, RULES
from kinema.motion.migration.targets import TARGETS

from .places import placed
from .small import HOST, Small, as_prompt, of_prompt, wired

PUBLIC = [
    "ADE_AnimateDiffUniformContextOptions",
    "ADE_AnimateDiffLoaderWithContext",
    "ADE_UseEvolvedSampling",
    "ADE_LoadAnimateDiffModel",
    "CheckpointLoaderSimpleWithNoiseSelect",
    "ADE_AnimateDiffLoRALoader",
    "ADE_AnimateDiffSamplingSettings",
    "ADE_ApplyAnimateDiffModelSimple",
    "ADE_MultivalDynamic",
    "ADE_AnimateDiffLoaderGen1",
    "ADE_LoopedUniformContextOptions",
    "ADE_EmptyLatentImageLarge",
    "ADE_ApplyAnimateDiffModel",
    "ADE_AnimateDiffCombine",
    "ADE_StandardUniformContextOptions",
    "ADE_StandardStaticContextOptions",
    "ADE_CustomCFGSimple",
    "ADE_SigmaSchedule",
    "ADE_AdjustWeightAllMult",
    "ADE_AdjustPESweetspotStretch",
    "ADE_AnimateDiffUnload",
    "ADE_AnimateDiffModelSettingsSimple",
    "ADE_AnimateDiffSettings",
    "ADE_BatchedContextOptions",
    "ADE_IterationOptsFreeInit",
    "ADE_ContextExtras_ContextRef",
    "ADE_ContextExtras_Set",
    "ADE_PromptSchedulingLatents",
    "ADE_AnimateDiffModelSettings",
    "ADE_AnimateDiffKeyframe",
    "ADE_AnimateDiffModelSettingsAdvancedAttnStrengths",
    "ADE_MultivalScaledMask",
    "ADE_StandardStaticViewOptions",
    "ADE_LoadAnimateLCMI2VModel",
    "ADE_MultivalDynamicFloatInput",
    "AnimateDiffLoaderV1",
    "AnimateDiffModuleLoader",
    "AnimateDiffCombine",
    "AnimateDiffSampler",
    "AnimateDiffSlidingWindowOptions",
    "AnimateDiffLoraLoader",
    "ImageSizeAndBatchSize",
    "VHS_VideoCombine",
    "VHS_LoadVideo",
    "VHS_SplitImages",
    "VHS_LoadImages",
    "VHS_LoadImagesPath",
    "VHS_LoadAudioUpload",
    "VHS_LoadVideoPath",
    "VHS_MergeImages",
    "VHS_VAEDecodeBatched",
    "VHS_GetImageCount",
    "VHS_VideoInfoLoaded",
    "VHS_GetLatentCount",
    "VHS_VAEEncodeBatched",
    "VHS_DuplicateLatents",
    "VHS_SplitLatents",
    "VHS_BatchManager",
    "VHS_MergeLatents",
    "VHS_DuplicateImages",
    "VHS_LoadAudio",
    "VHS_PruneOutputs",
    "VHS_SelectEveryNthImage",
    "VHS_VideoInfoSource",
    "VHS_VideoInfo",
    "ControlNetLoaderAdvanced",
    "ACN_AdvancedControlNetApply",
    "ACN_SparseCtrlLoaderAdvanced",
    "ACN_SparseCtrlRGBPreprocessor",
    "ScaledSoftControlNetWeights",
    "LoadImagesFromDirectory",
    "TimestepKeyframe",
    "ACN_SparseCtrlIndexMethodNode",
    "ACN_SparseCtrlSpreadMethodNode",
    "ACN_AdvancedControlNetApply_v2",
    "LatentKeyframeTiming",
    "DiffControlNetLoaderAdvanced",
    "LatentKeyframe",
    "ACN_ControlNetLoaderAdvanced",
    "ACN_DiffControlNetLoaderAdvanced",
    "BatchPromptSchedule",
    "PromptSchedule",
    "BatchValueScheduleLatentInput",
    "ConcatStringSingle",
    "BatchPromptScheduleEncodeSDXL",
    "BatchPromptScheduleLatentInput",
]
"""Ids of AnimateDiff's family that public workflows have."""
NESTED = frozenset({"ACN_SparseCtrlIndexMethodNode", "ACN_SparseCtrlSpreadMethodNode", "ADE_UpscaleAndVAEEncode"})
"""Settings that are read through another node's wire; they have tests of their own."""
PARTED = frozenset({"VHS_VideoInfo", "VHS_VideoInfoSource", "VHS_VideoInfoLoaded"})
CAMERA = frozenset({"ADE_ApplyAnimateDiffModelWithCameraCtrl", "ADE_ApplyAnimateLCMI2VModel"})


def test_everything_public_is_in_the_table() -> None:
    assert not set(PUBLIC) - {rule.old for rule in FAMILY}


def test_no_id_is_there_twice() -> None:
    assert len(RULES) == len({rule.old for rule in RULES.values()})
    assert not RULES.keys() & TARGETS.keys()


@pytest.mark.parametrize("id", sorted(RULES))
def test_targets_are_known(id: str) -> None:
    assert set(RULES[id].makes) <= TARGETS.keys()


def test_targets_have_what_they_need() -> None:
    for target in TARGETS.values():
        for one in target.inputs:
            if one.widget and one.options:
                assert one.default in one.options, (target.id, one.name)


CASES = [
    (rule.old, layout)
    for rule in FAMILY
    if rule.old not in NESTED | PARTED | CAMERA and not rule.refused
    for layout in range(len(LAYOUTS.get(rule.old, ("",))))
]


@pytest.mark.parametrize(("id", "layout"), CASES)
def test_each_layout_in_both_formats(id: str, layout: int) -> None:
    small = Small()
    key = placed(small, id, layout)
    graph, prompt = small.ui(), small.api()
    before = copy.deepcopy((graph, prompt))
    written, report = migrate(graph, HOST)
    posted, told = migrate(prompt, HOST)
    assert (graph, prompt) == before, "what came in was changed"
    assert not report.kept, report.as_text()
    assert not told.kept, told.as_text()
    entry = next(entry for entry in report.entries if entry.id == key)
    assert set(entry.became) <= {name for rule in RULES.values() for name in rule.makes}
    wired(written)
    types = {node["type"] for node in written["nodes"]} | {node["class_type"] for node in posted.values()}
    assert not types & RULES.keys()
    assert as_prompt(written) == of_prompt(posted, prompt)
    for node in posted.values():
        if node["class_type"] in TARGETS:
            _complete(node)


def _complete(node: dict) -> None:
    """A node has what the host refuses to be without, and nothing that it does not know."""
    target = TARGETS[node["class_type"]]
    known = {one.name: one for one in target.chosen(node["inputs"])}
    for name, value in node["inputs"].items():
        one = known.get(name)
        assert one is not None, (target.id, name)
        if one.options is not None and not isinstance(value, list):
            assert value in one.options, (target.id, name, value)
    missing = [one.name for one in target.inputs if not one.optional and one.name not in node["inputs"]]
    assert not missing, (target.id, missing)
