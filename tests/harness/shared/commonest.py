"""The ten commonest shapes of shared AnimateDiff graphs, drawn here: ids and widgets of those years, our own values."""

from collections.abc import Callable, Mapping

from .drawn import Drawn, Graph, Wire

MODULE, SCHEDULE = "mm_sd_v15_v2.ckpt", "sqrt_linear (AnimateDiff)"
RESTING, BYPASSED = 2, 4


def _pictures(drawn: Drawn, model: Wire, clip: Wire, vae: Wire, latent: Wire | None = None) -> Wire:
    """Prompts, a sampler and a decoder behind a model: the frames."""
    positive = drawn.node("CLIPTextEncode", ["a paper boat on a river"], {"clip": clip}, "CONDITIONING")
    negative = drawn.node("CLIPTextEncode", ["blurry"], {"clip": clip}, "CONDITIONING")
    return _frames(drawn, model, (positive, 0), (negative, 0), vae, latent)


def _frames(drawn: Drawn, model: Wire, positive: Wire, negative: Wire, vae: Wire, latent: Wire | None = None) -> Wire:
    if latent is None:
        latent = (drawn.node("EmptyLatentImage", [512, 512, 24], outputs="LATENT"), 0)
    wires = {"model": model, "positive": positive, "negative": negative, "latent_image": latent}
    sampled = drawn.node("KSampler", [42, "fixed", 20, 7.5, "euler", "normal", 1], wires, "LATENT")
    return drawn.node("VAEDecode", inputs={"samples": (sampled, 0), "vae": vae}, outputs="IMAGE"), 0


def _checkpoint(drawn: Drawn) -> int:
    return drawn.node("CheckpointLoaderSimple", ["dreamshaper_8.safetensors"], outputs="MODEL CLIP VAE")


def _saved(drawn: Drawn, images: Wire, format: str = "video/h264-mp4") -> None:
    widgets = {
        "frame_rate": 8,
        "loop_count": 0,
        "filename_prefix": "AnimateDiff",
        "format": format,
        "pix_fmt": "yuv420p",
        "crf": 19,
        "save_metadata": True,
        "pingpong": False,
        "save_output": True,
        "videopreview": {"hidden": False, "paused": False, "params": {}},
    }
    drawn.node("VHS_VideoCombine", widgets, {"images": images, "audio": None, "meta_batch": None}, "VHS_FILENAMES")


def _uniform(drawn: Drawn, widgets: tuple = (16, 1, 4, "uniform", False)) -> Wire:
    return drawn.node("ADE_AnimateDiffUniformContextOptions", widgets, outputs="CONTEXT_OPTIONS"), 0


def loader_with_context() -> Graph:
    """The first loader, with two widgets, and windows with five; the combine node saved a list."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    wires = {"model": (loaded, 0), "context_options": _uniform(drawn)}
    animated = drawn.node("ADE_AnimateDiffLoaderWithContext", [MODULE, SCHEDULE], wires, "MODEL")
    frames = _pictures(drawn, (animated, 0), (loaded, 1), (loaded, 2))
    drawn.node("VHS_VideoCombine", [8, 0, "AnimateDiff", "image/gif", False, True], {"images": frames}, "GIF")
    return drawn.graph()


def loader_with_lora() -> Graph:
    """The same loader a year later: five widgets, the last one empty, a MotionLoRA, and a muted preview."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    lora = drawn.node("ADE_AnimateDiffLoRALoader", ["v2_lora_ZoomIn.ckpt", 0.8], outputs="MOTION_LORA")
    context = _uniform(drawn, (16, 1, 4, "uniform", False, "flat", False, 0, 1))
    wires = {"model": (loaded, 0), "context_options": context, "motion_lora": (lora, 0), "motion_model_settings": None}
    animated = drawn.node("ADE_AnimateDiffLoaderWithContext", [MODULE, SCHEDULE, 1, True, ""], wires, "MODEL")
    frames = _pictures(drawn, (animated, 0), (loaded, 1), (loaded, 2))
    drawn.node("PreviewImage", inputs={"images": frames}, mode=RESTING)
    _saved(drawn, frames)
    return drawn.graph()


def generation_1() -> Graph:
    """The Gen1 loader with windows and FreeNoise, in colours and with titles."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    context = drawn.node(
        "ADE_StandardUniformContextOptions", [16, 1, 4, "pyramid", False, 0, 1], outputs="CONTEXT_OPTIONS"
    )
    noise = drawn.node("ADE_AnimateDiffSamplingSettings", [0, "FreeNoise", "comfy", 0, True], outputs="SAMPLE_SETTINGS")
    wires = {"model": (loaded, 0), "context_options": (context, 0), "sample_settings": (noise, 0)}
    animated = drawn.node(
        "ADE_AnimateDiffLoaderGen1",
        [MODULE, "autoselect"],
        wires,
        "MODEL",
        title="Motion",
        color="#432",
        bgcolor="#653",
    )
    _saved(drawn, _pictures(drawn, (animated, 0), (loaded, 1), (loaded, 2)))
    return drawn.graph()


def generation_2() -> Graph:
    """Load, apply and use, with looped windows, through reroutes."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    motion = drawn.node("ADE_LoadAnimateDiffModel", [MODULE], outputs="MOTION_MODEL_ADE")
    applied = drawn.node("ADE_ApplyAnimateDiffModelSimple", inputs={"motion_model": (motion, 0)}, outputs="M_MODELS")
    passed = drawn.node("Reroute", inputs={"": (applied, 0)}, outputs="M_MODELS")
    context = drawn.node(
        "ADE_LoopedUniformContextOptions", [16, 1, 4, True, "pyramid", False, 0, 1], outputs="CONTEXT_OPTIONS"
    )
    wires = {"model": (loaded, 0), "m_models": (passed, 0), "context_options": (context, 0)}
    used = drawn.node("ADE_UseEvolvedSampling", ["autoselect"], wires, "MODEL")
    _saved(drawn, _pictures(drawn, (used, 0), (loaded, 1), (loaded, 2)))
    return drawn.graph()


def checkpoint_with_schedule() -> Graph:
    """The loader that chooses a schedule, and the large latent, whose size comes from a primitive."""
    drawn = Drawn()
    loaded = drawn.node(
        "CheckpointLoaderSimpleWithNoiseSelect",
        ["dreamshaper_8.safetensors", SCHEDULE, False, 0.18215],
        outputs="MODEL CLIP VAE",
    )
    count = drawn.node("PrimitiveNode", [24, "fixed"], outputs="INT")
    latent = drawn.node("ADE_EmptyLatentImageLarge", [512, 512, 24], {"batch_size": (count, 0)}, "LATENT")
    drawn.nodes[latent - 1]["inputs"][0]["widget"] = {"name": "batch_size"}
    drawn.nodes[count - 1]["outputs"][0]["widget"] = {"name": "batch_size"}
    wires = {"model": (loaded, 0), "context_options": _uniform(drawn)}
    animated = drawn.node("ADE_AnimateDiffLoaderWithContext", [MODULE, SCHEDULE, 1, True], wires, "MODEL")
    _saved(drawn, _pictures(drawn, (animated, 0), (loaded, 1), (loaded, 2), (latent, 0)))
    return drawn.graph()


def video_to_video() -> Graph:
    """A video, lines found in it, a ControlNet with keyframes, and its frames as the start."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    values = {"video": "dance.mp4", "force_rate": 0, "force_size": "Disabled", "custom_width": 512}
    values |= {"custom_height": 512, "frame_load_cap": 20, "skip_first_frames": 0, "select_every_nth": 1}
    video = drawn.node("VHS_LoadVideo", values, {"meta_batch": None}, "IMAGE INT AUDIO")
    sized = drawn.node("ImageScale", ["nearest-exact", 512, 512, "center"], {"image": (video, 0)}, "IMAGE")
    lines = drawn.node("CannyEdgePreprocessor", [100, 200, 512], {"image": (sized, 0)}, "IMAGE")
    control = drawn.node("ControlNetLoaderAdvanced", ["control_v11p_sd15_canny.pth"], {}, "CONTROL_NET")
    positive = drawn.node("CLIPTextEncode", ["a robot dances"], {"clip": (loaded, 1)}, "CONDITIONING")
    negative = drawn.node("CLIPTextEncode", ["blurry"], {"clip": (loaded, 1)}, "CONDITIONING")
    wires = {"positive": (positive, 0), "negative": (negative, 0), "control_net": (control, 0), "image": (lines, 0)}
    applied = drawn.node("ACN_AdvancedControlNetApply", [0.8, 0, 0.7], wires, "CONDITIONING CONDITIONING MODEL")
    start = drawn.node("VAEEncode", inputs={"pixels": (sized, 0), "vae": (loaded, 2)}, outputs="LATENT")
    wires = {"model": (loaded, 0), "context_options": _uniform(drawn)}
    animated = drawn.node("ADE_AnimateDiffLoaderWithContext", [MODULE, SCHEDULE, 1, True], wires, "MODEL")
    _saved(drawn, _frames(drawn, (animated, 0), (applied, 0), (applied, 1), (loaded, 2), (start, 0)))
    return drawn.graph()


def prompt_travel() -> Graph:
    """FizzNodes' batch schedule."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    wires = {"model": (loaded, 0), "context_options": _uniform(drawn)}
    animated = drawn.node("ADE_AnimateDiffLoaderWithContext", [MODULE, SCHEDULE, 1, True], wires, "MODEL")
    text = '"0": "spring", "12": "summer"'
    prompts = drawn.node(
        "BatchPromptSchedule", [text, 24, False, "a tree,", "", 0, 0, 0, 0, 0], {"clip": (loaded, 1)},
        "CONDITIONING CONDITIONING",
    )  # fmt: skip
    _saved(drawn, _frames(drawn, (animated, 0), (prompts, 0), (prompts, 1), (loaded, 2)), "image/webp")
    return drawn.graph()


def sparse_control() -> Graph:
    """SparseCtrl from one picture, beside v3 and its adapter."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    lora = drawn.node("LoraLoaderModelOnly", ["v3_sd15_adapter.ckpt", 1], {"model": (loaded, 0)}, "MODEL")
    positive = drawn.node("CLIPTextEncode", ["a boat"], {"clip": (loaded, 1)}, "CONDITIONING")
    negative = drawn.node("CLIPTextEncode", ["blurry"], {"clip": (loaded, 1)}, "CONDITIONING")
    picture = drawn.node("LoadImage", ["example.png", "image"], outputs="IMAGE MASK")
    method = drawn.node("ACN_SparseCtrlSpreadMethodNode", ["uniform"], outputs="SPARSE_METHOD")
    sparse = drawn.node(
        "ACN_SparseCtrlLoaderAdvanced", ["v3_sd15_sparsectrl_rgb.ckpt", True, 1, 1],
        {"sparse_method": (method, 0), "tk_optional": None}, "CONTROL_NET",
    )  # fmt: skip
    hint = drawn.node(
        "ACN_SparseCtrlRGBPreprocessor",
        inputs={"image": (picture, 0), "vae": (loaded, 2), "latent_size": None},
        outputs="PROCESSED",
    )
    wires = {"positive": (positive, 0), "negative": (negative, 0), "control_net": (sparse, 0), "image": (hint, 0)}
    applied = drawn.node("ACN_AdvancedControlNetApply", [1, 0, 1], wires, "CONDITIONING CONDITIONING MODEL")
    motion = drawn.node("ADE_LoadAnimateDiffModel", ["v3_sd15_mm.ckpt"], outputs="MOTION_MODEL_ADE")
    models = drawn.node("ADE_ApplyAnimateDiffModelSimple", inputs={"motion_model": (motion, 0)}, outputs="M_MODELS")
    wires = {"model": (lora, 0), "m_models": (models, 0)}
    used = drawn.node("ADE_UseEvolvedSampling", [SCHEDULE], wires, "MODEL")
    latent = drawn.node("EmptyLatentImage", [512, 512, 16], outputs="LATENT")
    _saved(drawn, _frames(drawn, (used, 0), (applied, 0), (applied, 1), (loaded, 2), (latent, 0)))
    return drawn.graph()


def artventurex() -> Graph:
    """ArtVentureX's sampler, which animates and samples, and its combine node."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    positive = drawn.node("CLIPTextEncode", ["a boat"], {"clip": (loaded, 1)}, "CONDITIONING")
    negative = drawn.node("CLIPTextEncode", ["blurry"], {"clip": (loaded, 1)}, "CONDITIONING")
    module = drawn.node("AnimateDiffModuleLoader", [MODULE], {"lora_stack": None}, "MOTION_MODULE")
    latent = drawn.node("EmptyLatentImage", [512, 512, 1], outputs="LATENT")
    windows = drawn.node("AnimateDiffSlidingWindowOptions", [16, 1, 4, "uniform", False], outputs="SLIDING_WINDOW_OPTS")
    wires = {
        "motion_module": (module, 0),
        "model": (loaded, 0),
        "positive": (positive, 0),
        "negative": (negative, 0),
        "latent_image": (latent, 0),
        "sliding_window_opts": (windows, 0),
    }
    widgets = ["default", 24, 42, "fixed", 20, 7.5, "euler", "normal", 1]
    sampled = drawn.node("AnimateDiffSampler", widgets, wires, "LATENT")
    frames = drawn.node("VAEDecode", inputs={"samples": (sampled, 0), "vae": (loaded, 2)}, outputs="IMAGE")
    drawn.node("AnimateDiffCombine", [8, 0, True, "animate_diff", "image/gif", False], {"images": (frames, 0)})
    return drawn.graph()


def interpolated() -> Graph:
    """LCM, Set and Get nodes, a bypassed LoRA, and RIFE behind the decoder."""
    drawn = Drawn()
    loaded = _checkpoint(drawn)
    lora = drawn.node(
        "LoraLoader", ["any.safetensors", 1, 1], {"model": (loaded, 0), "clip": (loaded, 1)}, "MODEL CLIP", BYPASSED
    )
    sampling = drawn.node("ModelSamplingDiscrete", ["lcm", False], {"model": (lora, 0)}, "MODEL")
    drawn.node("SetNode", ["the vae"], {"VAE": (loaded, 2)}, "*")
    wires = {"model": (sampling, 0), "context_options": _uniform(drawn)}
    widgets = ["AnimateLCM_sd15_t2v.ckpt", "lcm >> sqrt_linear"]
    animated = drawn.node("ADE_AnimateDiffLoaderGen1", widgets, wires, "MODEL")
    kept = drawn.node("GetNode", ["the vae"], outputs="VAE")
    frames = _pictures(drawn, (animated, 0), (lora, 1), (kept, 0))
    more = drawn.node("RIFE VFI", ["rife47.pth", 10, 2, True, True, 1], {"frames": frames}, "IMAGE")
    _saved(drawn, (more, 0))
    return drawn.graph()


COMMONEST: Mapping[str, Callable[[], Graph]] = {
    draw.__name__: draw
    for draw in (
        loader_with_context,
        loader_with_lora,
        generation_1,
        generation_2,
        checkpoint_with_schedule,
        video_to_video,
        prompt_travel,
        sparse_control,
        artventurex,
        interpolated,
    )
}
"""Graphs by what is common about them."""
