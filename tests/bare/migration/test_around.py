"""Nodes of the packs around AnimateDiff, and settings that a graph uses in an unusual way."""

import pytest
from kinema.motion.migration import RULES, TARGETS, migrate

from .small import HOST, Small, as_prompt, of_prompt, widgets, wired

ROWS: list[tuple[str, dict, str, set[str]]] = [
    ("Text Concatenate", {"delimiter": ", "}, "text_a text_b", {"StringConcatenate"}),
    ("Text Concatenate", dict.fromkeys(f"text_{letter}" for letter in "abcd"), "", {"PrimitiveStringMultiline"}),
    ("Text String", {"text": "a", "text_b": "b"}, "", {"PrimitiveStringMultiline"}),
    ("Constant Number", {"number_type": "integer", "number": 12}, "", {"PrimitiveInt", "PrimitiveFloat"}),
    ("Seed", {"seed": 3, "control": "fixed"}, "", {"PrimitiveInt", "PrimitiveFloat"}),
    ("Eden_Seed", {"seed": 3, "control": "fixed"}, "", {"PrimitiveInt", "PreviewAny"}),
    ("CR Integer To String", {"int_": 0}, "int_", {"PreviewAny"}),
    ("MathExpression|pysssss", {"expression": "(b/a) + 1"}, "a b", {"ComfyMathExpression"}),
    ("Eden_Math", {"expression": "max(4, a * (b^0.75))"}, "a b", {"ComfyMathExpression", "PreviewAny"}),
    ("Switch any [Crystools]", {"boolean": True}, "boolean on_true on_false", {"ComfySwitchNode"}),
    (
        "GrowMaskWithBlur",
        {"expand": 5, "incremental_expandrate": 0, "tapered_corners": True, "flip_input": True, "blur_radius": 4.0},
        "mask",
        {"GrowMask", "InvertMask", "MaskToImage", "ImageBlur", "ImageToMask"},
    ),
    ("BNK_CLIPTextEncodeAdvanced", {"text": "a cat", "token_normalization": "mean"}, "clip", {"CLIPTextEncode"}),
    ("smZ CLIPTextEncode", {"text": "a cat", "parser": "comfy"}, "clip", {"CLIPTextEncode"}),
    ("LCMScheduler", {"steps": 10}, "model", {"BasicScheduler"}),
    ("SamplerLCMCycle", {"euler_steps": 2}, "", {"KSamplerSelect"}),
    ("ImpactImageBatchToImageList", {}, "image", {"RebatchImages"}),
    ("ImageListToImageBatch", {}, "images", {"RebatchImages"}),
    ("ImpactMakeImageBatch", {}, "image1 image2 image10", {"ImageBatch"}),
    ("Image Save", {"output_path": "C:\\out", "filename_prefix": "a"}, "images", {"SaveImage"}),
    ("ImageCASharpening+", {"amount": 0.2}, "image", {"ImageSharpen"}),
    ("NNLatentUpscale", {"version": "SD 1.x", "upscale": 1.5}, "latent", {"LatentUpscaleBy"}),
    ("ColorMatch", {"method": "mkl"}, "image_ref image_target", {"ColorTransfer"}),
    ("ImageResizeKJ", {"width": 640, "height": 480, "keep_proportion": False}, "image", {"ImageScale"}),
    (
        "ImageResizeKJ",
        {"width": 640, "height": 480, "upscale_method": "lanczos", "keep_proportion": True},
        "image",
        {"ImageScaleToMaxDimension"},
    ),
    ("PrepImageForClipVision", {"interpolation": "LANCZOS", "crop_position": "center"}, "image", {"ImageScale"}),
    ("PrepImageForClipVision", {"interpolation": "LANCZOS", "crop_position": "pad"}, "image", {"ResizeAndPadImage"}),
    ("TilePreprocessor", {"pyrUp_iters": 3, "resolution": 512}, "image", {"ImageScaleBy"}),
    ("LineArtPreprocessor", {"coarse": "disable", "resolution": 512}, "image", {"Canny"}),
    ("ImageGenResolutionFromImage", {}, "image", {"GetImageSize"}),
    ("MaskPreview+", {}, "mask", {"MaskPreview"}),
    ("CR Latent Batch Size", {"batch_size": 4}, "latent", {"RepeatLatentBatch"}),
    ("ImageConcanate", {"direction": "down", "match_image_size": False}, "image1 image2", {"ImageStitch"}),
    ("ImageSelector", {"selected_indexes": "1"}, "images", {"KinemaSelectFrames"}),
]


@pytest.mark.parametrize(("id", "values", "inputs", "types"), ROWS)
def test_rows_of_other_packs(id: str, values: dict, inputs: str, types: set) -> None:
    small = Small()
    wires = {name: small.source() for name in inputs.split()}
    key = small.node(id, widgets(id) | values, **wires)
    for slot in range(3):
        small.sink(a=(key, slot))
    graph, prompt = small.ui(), small.api()
    written, report = migrate(graph, HOST)
    posted, _ = migrate(prompt, HOST)
    wired(written)
    assert not report.kept, report.as_text()
    assert types <= {node["type"] for node in written["nodes"]}
    assert as_prompt(written) == of_prompt(posted, prompt)
    for node in posted.values():
        target = TARGETS.get(node["class_type"])
        known = {one.name for one in target.chosen(node["inputs"])} if target else set(node["inputs"])
        assert node["inputs"].keys() <= known
    if "ComfyMathExpression" in types:
        node = next(node for node in written["nodes"] if node["type"] == "ComfyMathExpression")
        assert [one["name"] for one in node["inputs"]] == ["values.a", "values.b"]
        assert "^" not in node["widgets_values"][0]


@pytest.mark.parametrize("expression", ["a.shape[0]", "__import__", "a ^ b", "", 3])
def test_expressions_that_mean_something_else_stay(expression: object) -> None:
    small = Small()
    small.sink(a=small.node("MathExpression|pysssss", {"expression": expression}, a=small.source()))
    prompt = small.api()
    written, report = migrate(prompt, HOST)
    assert written is prompt
    assert report.kept[0].reason


@pytest.mark.parametrize("id", [rule.old for rule in RULES.values() if rule.refused])
def test_what_stays_says_why(id: str) -> None:
    small = Small()
    small.sink(a=small.node(id, widgets(id), a=small.source()))
    workflow = small.ui()
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert report.kept[0].reason == RULES[id].refused


def test_wires_through_a_bus() -> None:
    small = Small()
    model, clip = small.source(), small.source()
    first = small.node("Bus Node", {}, model=model, clip=clip)
    second = small.node("Bus Node", {}, bus=(first, 0))
    end = small.sink(a=(second, 1), b=(second, 2))
    written, _ = migrate(small.api(), HOST)
    assert written[str(end)]["inputs"] == {"a": [str(model), 0], "b": [str(clip), 0]}
    assert len(written) == 3


def test_settings_through_a_control_bridge() -> None:
    small = Small()
    noise = small.node("ADE_AnimateDiffSamplingSettings", {"noise_type": "FreeNoise", "seed_gen": "comfy"})
    bridge = small.node("ImpactControlBridge", {"mode": True, "behavior": "Mute"}, value=noise)
    context = small.node("ADE_StandardStaticContextOptions", {"context_length": 16, "context_overlap": 4})
    loader = small.node(
        "ADE_AnimateDiffLoaderWithContext",
        {"model_name": "a.ckpt", "beta_schedule": "autoselect"},
        model=small.source(),
        sample_settings=bridge,
        context_options=context,
    )
    small.sink(a=loader)
    written, report = migrate(small.api(), HOST)
    assert not report.kept
    assert "KinemaClipNoise" in {node["class_type"] for node in written.values()}


def test_an_apply_node_that_a_model_goes_through() -> None:
    small = Small()
    module = small.node("ADE_LoadAnimateDiffModel", {"model_name": "a.ckpt"})
    model = small.source()
    apply = small.node("ADE_ApplyAnimateDiffModelSimple", {}, motion_model=module, model=model)
    end = small.sink(a=apply)
    written, report = migrate(small.api(), HOST)
    assert not report.kept
    made = written[written[str(end)]["inputs"]["a"][0]]
    assert made["class_type"] == "KinemaAnimateModel"
    assert made["inputs"]["model"] == [str(model), 0]


def test_scripts_of_efficient_nodes() -> None:
    small = Small()
    context = small.node("ADE_AnimateDiffUniformContextOptions", [16, 1, 4, "uniform", False])
    animate = small.node(
        "AnimateDiff Script",
        ["mm.ckpt", "sqrt_linear (AnimateDiff)", 12, 0, "video/h264-mp4", False, True],
        context_options=context,
    )
    again = small.node(
        "HighRes-Fix Script",
        [
            "latent",
            "(use same)",
            "nearest-exact",
            "x.pth",
            1.25,
            True,
            -1,
            None,
            12,
            0.56,
            1,
            False,
            "c",
            1,
            "d",
            False,
        ],
        script=animate,
    )
    sampler = small.node(
        "KSampler (Efficient)",
        [17, None, 25, 7, "ddim", "ddim_uniform", 1, "auto", "true"],
        script=again,
        **{name: small.source() for name in ("model", "positive", "negative", "latent_image", "optional_vae")},
    )
    small.sink(a=(sampler, 5))
    written, report = migrate(small.ui(), HOST)
    wired(written)
    assert not report.kept, report.as_text()
    types = [node["type"] for node in written["nodes"]]
    assert types.count("KSampler") == 2
    assert {"KinemaAnimateModel", "KinemaSlidingContext", "LatentUpscaleBy", "KinemaCombineVideo"} <= set(types)


def test_a_script_that_is_not_known_keeps_the_sampler() -> None:
    small = Small()
    script = small.node("Noise Control Script", ["gpu", False, 0])
    small.sink(a=(small.node("KSampler (Efficient)", [1, None, 25, 7, "ddim", "normal", 1], script=script), 5))
    workflow = small.ui()
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert "Noise Control Script" in report.kept[0].reason


def test_a_camera_that_does_several_moves() -> None:
    small = Small()
    first = small.node("ADE_CameraPoseBasic", ["Pan Left", 0.5, 8])
    second = small.node(
        "ADE_CameraPoseAdvanced",
        ["Zoom In", 2.0, "Static", 1.0, "Tilt Left", 1.0, "Static", 1, "Static", 1, "Static", 1, 1.5, 24],
        prev_poses=first,
    )
    small.sink(a=second)
    written, report = migrate(small.ui(), HOST)
    assert not report.kept
    paths = [node["widgets_values"] for node in written["nodes"] if node["type"] == "KinemaCameraPath"]
    assert paths[0][:5] == ["move left", 0.5, 8, "static", 0.5]
    assert paths[1][:5] == ["zoom in", 3.0, 24, "pan left", 1.5]


def test_numbers_in_prompts_by_names_of_their_own() -> None:
    small = Small()
    values = small.node("ADE_ValueScheduling", {"values": "0: 1.0, 8: 0.5", "print_schedule": False, "max_length": 16})
    named = small.node("ADE_ValuesReplace", {"value_key": "smile"}, floats=(values, 1))
    prompts = small.node(
        "ADE_PromptScheduling",
        {"prompts": '0: "(smile:`smile`)"', "max_length": 16},
        clip=small.source(),
        values_replace=named,
    )
    small.sink(a=prompts)
    written, report = migrate(small.api(), HOST)
    assert not report.kept
    made = next(node for node in written.values() if node["class_type"] == "KinemaPromptTravel")
    assert "`pw_a`" in made["inputs"]["prompts"]
    assert written[made["inputs"]["pw_a"][0]]["class_type"] == "KinemaReadMotionValue"
