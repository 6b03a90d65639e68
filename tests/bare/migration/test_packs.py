"""VideoHelperSuite, Advanced-ControlNet, FizzNodes, ArtVentureX and the nodes around them."""

import pytest
from kinema.motion.migration import migrate

from .small import HOST, Small, wired
from .test_graphs import chain, only


@pytest.mark.parametrize(
    "values",
    [
        [24, 2, "out\\clip", "video/h265-mp4", True, False],
        [24, 2, "out\\clip", "video/h265-mp4", True, False, None, "/view?filename=a.mp4"],
        {
            "frame_rate": 24,
            "loop_count": 2,
            "filename_prefix": "out\\clip",
            "format": "video/h265-mp4",
            "pix_fmt": "yuv420p10le",
            "crf": 22,
            "pingpong": True,
            "save_image": False,
            "videopreview": {"hidden": False},
        },
    ],
)
def test_combine_of_every_version(values: object) -> None:
    small = Small()
    small.node("VHS_VideoCombine", values, images=small.source())  # type: ignore[arg-type]
    written, _ = migrate(small.ui(as_dict=True), HOST)
    wired(written)
    node = next(node for node in written["nodes"] if node["type"] == "KinemaCombineVideo")
    rate, format, *settings, quality, loops, pingpong, prefix, save, sound = node["widgets_values"]
    assert (len(settings), settings[0], sound) == (5, "software", "cut")
    assert (rate, format, loops, pingpong, prefix, save) == (24, "h265-mp4", 2, True, "out/clip", False)
    assert settings[-1] == ("22" if isinstance(values, dict) else "by quality")
    assert quality == 75


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"format": "video/h264-mp4", "crf": 19, "pix_fmt": "yuv420p"}, {"crf": "19", "depth": "8-bit"}),
        ({"format": "video/h265-mp4", "crf": 22.0, "pix_fmt": "yuv420p10le"}, {"crf": "22", "depth": "10-bit"}),
        ({"format": "video/av1-webm", "crf": 63}, {"crf": "63"}),
        ({"format": "video/webm", "crf": 20, "pix_fmt": "yuva420p"}, {"crf": "20", "depth": "8-bit"}),
        ({"format": "video/h264-mp4", "crf": 99}, {}),
        ({"format": "video/h264-mp4", "crf": "19"}, {}),
        ({"format": "video/ProRes", "profile": "hq"}, {"profile": "hq"}),
        ({"format": "video/ProRes", "profile": "4444xq"}, {"profile": "4444xq"}),
        ({"format": "video/16bit-png"}, {"depth": "16-bit"}),
        ({"format": "video/ffmpeg-gif", "dither": "sierra2_4a"}, {"dither": "sierra2_4a"}),
        ({"format": "video/ffmpeg-gif", "dither": "heckbert"}, {}),
    ],
)
def test_settings_of_a_format(told: dict, wanted: dict) -> None:
    small = Small()
    small.node("VHS_VideoCombine", told, images=small.source())
    prompt, _ = migrate(small.api(), HOST)
    made = only(prompt, "KinemaCombineVideo")
    given = {name.removeprefix("format."): value for name, value in made.items() if name.startswith("format.")}
    assert {name: given[name] for name in wanted} == wanted
    assert {"crf", "profile", "dither"}.isdisjoint(given.keys() - wanted.keys())
    assert "quality" not in made


@pytest.mark.parametrize(("trimmed", "wanted"), [(True, "shorten the clip"), (False, None)])
def test_a_clip_as_long_as_its_sound(trimmed: bool, wanted: str | None) -> None:
    small = Small()
    small.node("VHS_VideoCombine", {"trim_to_audio": trimmed}, images=small.source(), audio=small.source())
    prompt, _ = migrate(small.api(), HOST)
    assert only(prompt, "KinemaCombineVideo").get("sound_length") == wanted


def test_an_unknown_layout_stays_with_a_reason() -> None:
    small = Small()
    small.node("ADE_AnimateDiffLoRALoader", [True, "x", {}, 3, 4])
    workflow = small.ui()
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert "no version known" in report.kept[0].reason


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ({"force_size": "Disabled", "custom_width": 512, "custom_height": 512}, (0, 0)),
        ({"force_size": "Custom Height", "custom_width": 512, "custom_height": 640}, (0, 640)),
        ({"force_size": "512x?", "custom_width": 0, "custom_height": 0}, (512, 0)),
        ({"custom_width": 384, "custom_height": 256}, (384, 256)),
    ],
)
def test_video_in(size: dict, wanted: tuple) -> None:
    small = Small()
    values = {"video": "a.mp4", "force_rate": 0, **size, "frame_load_cap": 16, "skip_first_frames": 3}
    video = small.node("VHS_LoadVideo", values | {"select_every_nth": 2})
    info = small.node("VHS_VideoInfoLoaded", video_info=(video, 3))
    source = small.node("VHS_VideoInfoSource", video_info=(video, 3))
    end = small.sink(a=video, count=(video, 1), sound=(video, 2), rate=info, width=(info, 3), whole=source)
    prompt, report = migrate(small.api(), HOST)
    loaded = only(prompt, "KinemaLoadVideo")
    assert (loaded["width"], loaded["height"]) == wanted
    assert (loaded["frames"], loaded["skip_frames"], loaded["every_nth"]) == (16, 3, 2)
    read = prompt[str(end)]["inputs"]
    assert {name: slot for name, (_, slot) in read.items()} == {
        "a": 0,
        "count": 3,
        "sound": 1,
        "rate": 2,
        "width": 6,
        "whole": 8,
    }
    assert not report.kept


def test_a_saved_video_has_its_values_where_the_page_reads_them() -> None:
    """Its button stands behind all widgets, that of the host's own loaders before those that may be left out."""
    small = Small()
    values = {"video": "a.mp4", "force_rate": 12, "frame_load_cap": 16, "skip_first_frames": 3, "select_every_nth": 2}
    small.sink(a=small.node("VHS_LoadVideo", values))
    written, _ = migrate(small.ui(as_dict=True), HOST)
    (node,) = [node for node in written["nodes"] if node["type"] == "KinemaLoadVideo"]
    assert node["widgets_values"][:4] == ["a.mp4", 12, 16, 3]
    assert node["widgets_values"][-1] == "image"


def test_sound_in_parts() -> None:
    small = Small()
    sound = small.node("VHS_LoadAudioUpload", {"audio": "a.wav", "start_time": 26.5, "duration": 0})
    end = small.sink(a=sound)
    prompt, _ = migrate(small.api(), HOST)
    assert chain(prompt, str(end), "audio") == ["TrimAudioDuration", "LoadAudio"]
    assert only(prompt, "TrimAudioDuration")["start_index"] == 26.5


def test_controlnet_with_soft_weights_on_the_loader() -> None:
    small = Small()
    weights = small.node("ScaledSoftControlNetWeights", {"base_multiplier": 0.9, "flip_weights": False})
    loader = small.node("ControlNetLoaderAdvanced", {"control_net_name": "pose.pth"}, timestep_keyframe=(weights, 1))
    wires = {name: small.source() for name in ("positive", "negative", "image", "model_optional")}
    values = {"strength": 0.7, "start_percent": 0.0, "end_percent": 0.6}
    applied = small.node("ACN_AdvancedControlNetApply", values, control_net=loader, **wires)
    end = small.sink(a=applied, b=(applied, 1), model=(applied, 2))
    prompt, report = migrate(small.api(), HOST)
    assert chain(prompt, str(end), "positive") == ["KinemaControlOverTime", "ControlNetApplyAdvanced", "Source"]
    over = only(prompt, "KinemaControlOverTime")
    assert (over["layer_weights"], over["soft_base"]) == ("soft", 0.9)
    assert only(prompt, "ControlNetApplyAdvanced")["strength"] == 0.7
    assert prompt[str(end)]["inputs"]["model"] == [str(wires["model_optional"]), 0]
    assert not report.kept


def test_weights_on_a_loader_that_the_host_applies() -> None:
    small = Small()
    weights = small.node("ScaledSoftControlNetWeights", {"base_multiplier": 0.5, "flip_weights": True})
    loader = small.node("ControlNetLoaderAdvanced", {"control_net_name": "pose.pth"}, tk_optional=(weights, 1))
    wires = {name: small.source() for name in ("positive", "negative", "image")}
    applied = small.node("ControlNetApplyAdvanced", {"strength": 1.0}, control_net=loader, **wires)
    end = small.sink(a=applied, b=(applied, 1))
    known = HOST | {"ControlNetApplyAdvanced"}
    prompt, _ = migrate(small.api(), known)
    assert chain(prompt, str(end), "positive") == ["KinemaControlOverTime", "ControlNetApplyAdvanced", "Source"]
    assert only(prompt, "KinemaControlOverTime")["custom_weights"].startswith("1, 0.5, 0.25, ")
    graph, _ = migrate(small.ui(), known)
    wired(graph)


def test_strengths_of_single_frames() -> None:
    small = Small()
    one = small.node("LatentKeyframe", {"batch_index": 4, "strength": 0.5})
    more = small.node(
        "LatentKeyframeTiming",
        {
            "batch_index_from": 4,
            "batch_index_to_excl": 7,
            "strength_from": 0.0,
            "strength_to": 1.0,
            "interpolation": "linear",
        },
        prev_latent_keyframe=one,
    )
    frame = small.node(
        "TimestepKeyframe",
        {"start_percent": 0.0, "strength": 1.0, "null_latent_kf_strength": 0.1},
        latent_keyframe=more,
    )
    wires = {name: small.source() for name in ("positive", "negative", "image", "control_net")}
    small.sink(a=small.node("ACN_AdvancedControlNetApply_v2", {"strength": 1.0}, timestep_kf=frame, **wires))
    prompt, report = migrate(small.api(), HOST)
    value = only(prompt, "KinemaMotionValue")
    assert value["frame_values"] == "0: 0.1, 4: 0.5, 6: 1, 7: 0.1", "the first one in the chain wins at frame 4"
    assert value["interpolation"] == "hold"
    assert not report.kept


def test_sparsectrl() -> None:
    small = Small()
    method = small.node("ACN_SparseCtrlIndexMethodNode", {"indexes": "0,8"})
    loader = small.node(
        "ACN_SparseCtrlLoaderAdvanced",
        {"sparsectrl_name": "rgb.ckpt", "use_motion": False, "motion_strength": 1.0, "motion_scale": 1.0},
        sparse_method=method,
    )
    picture = small.node(
        "ACN_SparseCtrlRGBPreprocessor", image=small.source(), vae=small.source(), latent_size=small.source()
    )
    wires = {name: small.source() for name in ("positive", "negative")}
    small.sink(
        a=small.node("ACN_AdvancedControlNetApply", {"strength": 1.0}, control_net=loader, image=picture, **wires)
    )
    prompt, report = migrate(small.api(), HOST)
    applied = only(prompt, "KinemaApplySparseControl")
    assert (applied["placement"], applied["indexes"]) == ("indexes", "0,8")
    assert prompt[applied["images"][0]]["class_type"] == prompt[applied["vae"][0]]["class_type"] == "Source"
    assert only(prompt, "KinemaLoadSparseControl")["motion_strength"] == 0.0
    assert not report.kept


def test_prompts_over_the_frames() -> None:
    small = Small()
    values = {
        "text": '"0": "(a cat:`pw_a`)"',
        "max_frames": 24,
        "print_output": False,
        "pre_text": "best quality,",
        "app_text": "",
        "start_frame": 0,
        "pw_a": 0.5,
        "pw_b": 0,
        "pw_c": 0,
        "pw_d": 0,
    }
    travel = small.node("BatchPromptSchedule", values, clip=small.source())
    end = small.sink(a=travel, b=(travel, 1))
    prompt, _ = migrate(small.api(), HOST)
    made = only(prompt, "KinemaPromptTravel")
    assert (made["frames"], made["before"]) == (24, "best quality,")
    assert only(prompt, "PrimitiveFloat") == {"value": 0.5}
    assert prompt[str(end)]["inputs"]["b"][1] == 2, "the negative prompts are the third output"


def test_prompt_of_the_first_frame() -> None:
    small = Small()
    values = {"text": '"0" :"smile",\n"8" :"angry"', "max_frames": 32, "current_frame": 0, "print_output": False}
    small.sink(
        a=small.node("PromptSchedule", values | {"pre_text": "a face", "app_text": "outside"}, clip=small.source())
    )
    prompt, _ = migrate(small.api(), HOST)
    texts = [node["inputs"]["text"] for node in prompt.values() if node["class_type"] == "CLIPTextEncode"]
    assert texts == ["a face smile outside", ""]


def test_values_over_the_frames_into_a_multival() -> None:
    small = Small()
    schedule = small.node("BatchValueScheduleLatentInput", {"text": "0:(1.3)"}, num_latents=small.source())
    small.sink(a=small.node("ADE_MultivalDynamicFloatInput", {"float_val": 1.0}, float_val=schedule))
    prompt, _ = migrate(small.api(), HOST)
    assert any(node["inputs"].get("frame_values") == "0:(1.3)" for node in prompt.values())


def test_sampler_of_artventurex() -> None:
    small = Small()
    lora = small.node("AnimateDiffLoraLoader", {"lora_name": "ZoomIn.ckpt", "alpha": 0.6})
    module = small.node("AnimateDiffModuleLoader", {"model_name": "mm.ckpt"}, lora_stack=lora)
    windows = small.node("AnimateDiffSlidingWindowOptions", {"context_length": 16, "context_overlap": 4})
    latent = small.node("EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1})
    values = {"frame_number": 120, "seed": 5, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal"}
    wires = {name: small.source() for name in ("model", "positive", "negative")}
    sampler = small.node(
        "AnimateDiffSampler",
        values | {"denoise": 1.0},
        motion_module=module,
        latent_image=latent,
        sliding_window_opts=windows,
        **wires,
    )
    end = small.sink(a=sampler)
    prompt, report = migrate(small.api(), HOST | {"EmptyLatentImage"})
    assert prompt[str(sampler)]["class_type"] == "KSampler"
    assert chain(prompt, str(end)) == ["KSampler", "KinemaSlidingContext", "KinemaAnimateModel", "Source"]
    assert only(prompt, "KinemaRepeatFrames")["times"] == 120
    assert only(prompt, "KinemaLoadMotionLora")["strength"] == 0.6
    assert not report.kept


def test_efficient_nodes() -> None:
    small = Small()
    stack = small.node(
        "CR LoRA Stack",
        {
            "switch_1": "On",
            "lora_name_1": "a.safetensors",
            "model_weight_1": 0.5,
            "clip_weight_1": 0.4,
            "switch_2": "Off",
        },
    )
    loader = small.node(
        "Efficient Loader",
        {"ckpt_name": "a.ckpt", "vae_name": "Baked VAE", "clip_skip": -2, "lora_name": "None", "positive": "a cat"},
        lora_stack=stack,
    )
    sampler = small.node(
        "KSampler (Efficient)",
        {"seed": 1, "steps": 8, "cfg": 1.5, "sampler_name": "lcm", "scheduler": "sgm_uniform", "denoise": 1.0},
        model=loader,
        positive=(loader, 1),
        negative=(loader, 2),
        latent_image=(loader, 3),
        optional_vae=(loader, 4),
    )
    end = small.sink(a=(sampler, 5))
    prompt, report = migrate(small.api(), HOST)
    assert prompt[prompt[str(end)]["inputs"]["a"][0]]["class_type"] == "VAEDecode"
    lora = only(prompt, "LoraLoader")
    assert (lora["strength_model"], lora["strength_clip"]) == (0.5, 0.4)
    assert only(prompt, "CLIPSetLastLayer")["stop_at_clip_layer"] == -2
    assert not report.kept


def test_interpolation() -> None:
    small = Small()
    frames = small.source()
    values = {"ckpt_name": "rife47.pth", "clear_cache_after_n_frames": 10, "multiplier": 2}
    end = small.sink(a=small.node("RIFE VFI", values, frames=frames))
    prompt, report = migrate(small.api(), HOST)
    assert only(prompt, "FrameInterpolate")["multiplier"] == 2
    assert prompt[only(prompt, "FrameInterpolate")["interp_model"][0]]["inputs"]["model_name"] == "rife47.pth"
    assert report.done[0].notes
    once = Small()
    end = once.sink(a=once.node("RIFE VFI", values | {"multiplier": 1}, frames=once.source()))
    prompt, _ = migrate(once.api(), HOST)
    assert chain(prompt, str(end), "frames") == ["Source"]


@pytest.mark.parametrize(
    ("id", "values", "types"),
    [
        ("DWPreprocessor", ["enable", "enable", "disable", 512], {"SDPoseKeypointExtractor", "SDPoseDrawKeypoints"}),
        ("MiDaS-DepthMapPreprocessor", [6.28, 0.1, 512], {"LoadDA3Model", "DA3Inference", "DA3Render"}),
        ("AIO_Preprocessor", ["DepthAnythingPreprocessor", 512], {"LoadDA3Model", "DA3Inference", "DA3Render"}),
    ],
)
def test_detectors(id: str, values: list, types: set) -> None:
    small = Small()
    small.sink(a=small.node(id, values, image=small.source()))
    written, report = migrate(small.ui(), HOST)
    wired(written)
    nodes = {node["type"]: node for node in written["nodes"]}
    assert types <= nodes.keys()
    assert not report.kept
    if "DA3Render" in nodes:
        assert nodes["DA3Render"]["widgets_values"] == ["depth", "v2_style", False], "as ComfyUI's own graphs have it"
    else:
        assert nodes["SDPoseDrawKeypoints"]["widgets_values"][:3] == [True, True, False]


def test_a_detector_that_comfyui_lacks_stays() -> None:
    small = Small()
    small.sink(a=small.node("AIO_Preprocessor", ["BAE-NormalMapPreprocessor", 512], image=small.source()))
    workflow = small.ui()
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert "BAE-NormalMapPreprocessor" in report.kept[0].reason


def test_notes_of_people_are_never_lost() -> None:
    small = Small()
    small.node("ADE_LoadAnimateDiffModel", ["mm.ckpt"])
    for id in ("Note", "MarkdownNote", "Note Plus (mtb)", "Label (rgthree)"):
        small.node(id, ["what I wrote"])
    written, _ = migrate(small.ui(), HOST)
    texts = [node["widgets_values"] for node in written["nodes"]]
    assert texts.count(["what I wrote"]) == 4


@pytest.mark.parametrize(("source", "types"), [("KSampler", ["VAEDecode", "KSampler"]), ("VAEDecode", ["VAEDecode"])])
def test_combine_decodes_latents_and_nothing_else(source: str, types: list[str]) -> None:
    small = Small()
    frames = small.node(source)
    saved = small.node("VHS_VideoCombine", {"format": "image/gif"}, images=frames, vae=small.source())
    prompt, _ = migrate(small.api(), HOST | {source})
    found, link = [], prompt[str(saved)]["inputs"]["images"]
    while link is not None:
        node = prompt[link[0]]
        found.append(node["class_type"])
        link = node["inputs"].get("samples")
    assert found == types
