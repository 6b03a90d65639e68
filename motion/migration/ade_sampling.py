"""AnimateDiff-Evolved: sample settings, one node there; noise, FreeInit, pictures and cfg on the model here."""

from collections.abc import Mapping, Sequence

from .ade_context import contexts_of, window
from .ade_values import PACK
from .records import LIVE, Value, is_number
from .rules import ABSENT, Builder, Old, Rule

SETTINGS = "ADE_AnimateDiffSamplingSettings"
METHODS: Mapping[str, str] = {
    "ADE_NoiseLayerAdd": "add",
    "ADE_NoiseLayerAddWeighted": "add_weighted",
    "ADE_NoiseLayerNormalizedSum": "normalized_sum",
    "ADE_NoiseLayerReplace": "replace",
}
FREEINIT, AGAIN = "ADE_IterationOptsFreeInit", "ADE_IterationOptsDefault"
CFGS = ("ADE_CustomCFGSimple", "ADE_CustomCFGKeyframeSimple", "ADE_CustomCFG", "ADE_CustomCFGKeyframe")
EXTRAS: Mapping[str, tuple[str, str, str]] = {
    "ADE_CFGExtrasPAGSimple": ("PerturbedAttentionGuidance", "scale", "scale"),
    "ADE_CFGExtrasRescaleCFGSimple": ("RescaleCFG", "multiplier", "multiplier"),
    "ADE_CFGExtrasPAG": ("PerturbedAttentionGuidance", "scale_multival", "scale"),
    "ADE_CFGExtrasRescaleCFG": ("RescaleCFG", "mult_multival", "multiplier"),
}
GUIDERS: Mapping[str, tuple[str, str, str]] = {
    "ADE_PerturbedAttentionGuidanceMultival": ("PerturbedAttentionGuidance", "scale_multival", "scale"),
    "ADE_RescaleCFGMultival": ("RescaleCFG", "mult_multival", "multiplier"),
}
"""Nodes of the host that take one number, and the names it has there and here."""
CFG_SERIES = ("ADE_CustomCFGKeyframeInterpolation", "ADE_CustomCFGKeyframeFromList")
INJECTION = "ADE_NoisedImageInjection"
SIGMAS = "ADE_SigmaSchedule"
OTHER_SIGMAS = (
    "ADE_RawSigmaSchedule",
    "ADE_SigmaScheduleWeightedAverage",
    "ADE_SigmaScheduleWeightedAverageInterp",
    "ADE_SigmaScheduleSplitAndCombine",
)
FEW = "lcm[25_ots]"
BETAS: Mapping[str, str] = {"autoselect": "auto", FEW: "lcm"}


def settings_of(old: Old) -> Old | None:
    """The sample settings of an apply node; muted and bypassed ones do not count."""
    settings = old.setting("sample_settings", SETTINGS)
    return settings if settings is not None and settings.node.mode == LIVE else None


def beta_of(old: Old, new: Builder, own: Value) -> Value:
    """The noise schedule: that of the sample settings, which wins, or the node's own."""
    settings = settings_of(old)
    if settings is not None and settings.linked("sigma_schedule"):
        sigmas = settings.setting("sigma_schedule", SIGMAS, *OTHER_SIGMAS)
        if sigmas is not None and sigmas.node.mode == LIVE:
            if sigmas.node.type == SIGMAS:
                return beta(sigmas.get("beta_schedule", "autoselect"), new)
            new.note(f"{sigmas.node.type}: mixed noise schedules are left out; choose beta_schedule on Animate Model.")
    return beta(own, new)


def beta(name: Value, new: Builder) -> Value:
    """A noise schedule in Kinema's words."""
    if name == FEW:
        new.note(f"{FEW} is lcm here, which keeps 50 noise levels instead of 25.")
    return BETAS.get(name, name) if isinstance(name, str) else name


def sampled(old: Old, new: Builder, model: Value) -> Value:
    """A model with what the sample settings of ``old`` ask for."""
    settings = settings_of(old)
    if settings is None:
        return model
    length, overlap = window(contexts_of(old))
    model = _noise(settings, new, model, length, overlap)
    model = _iterated(settings, new, model)
    model = _injected(settings, new, model)
    model = _guided(settings, new, model)
    if settings.linked("seed_override"):
        new.note("seed_override is left out: the sampler's seed counts. Connect the same number to it.")
    if settings.linked("ancestral_opts"):
        new.note("Ancestral options are left out: samplers draw their own noise between steps.")
    return model


def _noise(settings: Old, new: Builder, model: Value, length: Value, overlap: Value) -> Value:
    layers: Value = ABSENT
    # the layer that is nearest to the settings comes first
    for layer in reversed(settings.chain("noise_layers", "prev_noise_layers", *METHODS)):
        layers = new.node(
            "KinemaNoiseLayer",
            layer,
            noise_type=layer.get("noise_type", "default"),
            seeding=_seeding(layer.get("seed_gen_override", "comfy"), settings, new),
            batch_offset=layer.get("batch_offset", 0),
            seed_offset=layer.get("seed_offset", 0),
            method=METHODS[layer.node.type],
            weight=layer.get("noise_weight", 1.0 if layer.node.type == "ADE_NoiseLayerReplace" else 0.5),
            context_length=length,
            context_overlap=overlap,
            balance=layer["balance_multiplier"],
            seed_override=layer["seed_override"] if layer.linked("seed_override") else ABSENT,
            mask=layer["mask_optional"],
            previous_noise_layers=layers,
        )[0]
    kind = settings.get("noise_type", "default")
    seeding = _seeding(settings.get("seed_gen", "comfy"), settings, new)
    offsets = [settings.get(name, 0) for name in ("batch_offset", "seed_offset")]
    by_windows = kind in ("FreeNoise", "repeated_context")
    if by_windows and length is ABSENT:
        # without windows it is plain noise there too
        kind = "default"
    if layers is ABSENT and kind == "default" and seeding == "comfy" and offsets == [0, 0]:
        return model
    made = new.node(
        "KinemaClipNoise",
        settings,
        model=model,
        noise_type=kind,
        seeding=seeding,
        batch_offset=offsets[0],
        seed_offset=offsets[1],
        context_length=length if by_windows else ABSENT,
        context_overlap=overlap if by_windows else ABSENT,
        noise_layers=layers,
    )
    return made[0]


def _seeding(name: Value, settings: Old, new: Builder) -> Value:
    if name == "use existing":
        name = settings.get("seed_gen", "comfy")
    if not isinstance(name, str):
        return name
    if "[gpu]" in name:
        new.note(f"Noise of {name!r} is drawn on the CPU here: the same kind of noise, other numbers.")
    return name.replace(" [gpu]", "")


def _iterated(settings: Old, new: Builder, model: Value) -> Value:
    options = settings.setting("iteration_opts", FREEINIT, AGAIN)
    if options is None or options.node.mode != LIVE:
        return model
    if options.node.type == AGAIN:
        if options.get("iterations", 1) != 1:
            new.note(
                "Default iteration options are left out: each further run would only have replaced the one before."
            )
        return model
    if options.get("apply_to_1st_iter", False) or options.get("sigma_step", 999) != 999:
        new.note("FreeInit starts from the first noise level and after the first iteration, as its paper does.")
    if options.get("filter", "gaussian") in ("ideal", "box"):
        new.note("The filter cuts exactly at d_s and d_t; AnimateDiff-Evolved's cut a little elsewhere.")
    iterations = options.get("iterations", 2)
    if not is_number(iterations) or iterations > 2:
        new.note("From the third iteration on, FreeInit takes the noise of the first one again, as its paper does.")
    if str(options.get("init_type", "")).startswith("Dink"):
        new.note("FreeInit as in its paper takes the place of the variant DinkInit_v1.")
    made = new.node(
        "KinemaFreeInit",
        options,
        model=model,
        iterations=iterations,
        filter=options.get("filter", "gaussian"),
        d_s=options.get("d_s", 0.25),
        d_t=options.get("d_t", 0.25),
        butterworth_order=options.get("n_butterworth", 4),
        seed_step=options.get("iter_seed_offset", 1),
    )
    return made[0]


def _injected(settings: Old, new: Builder, model: Value) -> Value:
    for picture in settings.chain("image_inject", "prev_image_inject", INJECTION):
        encoded = new.node("VAEEncode", picture, pixels=picture.need("image"), vae=picture.need("vae"))
        strength: Value = picture["strength_multival"]
        if picture.linked("mask"):
            new.note("The mask of the injected picture is the strength of Inject Picture.")
            strength = picture["mask"] if strength is ABSENT else strength
        if picture.linked("img_inject_opts"):
            new.note("Inject Picture puts pictures over the whole frame: composite_x and composite_y are left out.")
        new.note("Inject Picture takes pictures of the size of the clip: resize them before VAE Encode.")
        model = new.node(
            "KinemaInjectPicture",
            picture,
            model=model,
            picture=encoded[0],
            strength=strength,
            start_percent=picture.get("start_percent", 0.0),
            steps=picture.get("guarantee_steps", 1),
        )[0]
    return model


def _guided(settings: Old, new: Builder, model: Value) -> Value:
    frames = settings.chain("custom_cfg", "prev_custom_cfg", *CFGS)
    starts = [frame.get("start_percent", 0.0) for frame in frames] + [1.0]
    for frame, start, end in zip(frames, starts, starts[1:], strict=False):
        cfg = _cfg(frame, new)
        if cfg is ABSENT:
            new.note("A cfg that differs between frames or places is left out: the sampler's own cfg counts.")
        else:
            model = new.node("CFGOverride", frame, model=model, cfg=cfg, start_percent=start, end_percent=end)[0]
    if frames:
        for extra in frames[-1].chain("cfg_extras", "prev_extras", *EXTRAS):
            model = _guider(extra, new, model, *EXTRAS[extra.node.type])
    return model


def _guider(at: Old, new: Builder, model: Value, target: str, theirs: str, ours: str) -> Value:
    """A model with a guidance of the host, which has one number for all frames."""
    number = _constant(at, theirs) if theirs.endswith("multival") else at.get(theirs, ABSENT)
    if number is ABSENT and at.linked(theirs):
        new.note(f"{ours} that differs between frames or places is left out: the node's default counts.")
    return new.node(target, at, model=model, **{ours: number})[0]


def guided(old: Old, new: Builder) -> Sequence[Value]:
    """A guidance of the host."""
    return [_guider(old, new, old.need("model"), *GUIDERS[old.node.type])]


def _cfg(frame: Old, new: Builder) -> Value:
    return _constant(frame, "cfg_multival") if frame.linked("cfg_multival") else frame.get("cfg", 8.0)


def _constant(at: Old, name: str) -> Value:
    """The number of a multival that is the same everywhere, ABSENT if it is not."""
    multival = at.upstream(name)
    if multival is None or multival.node.type != "ADE_MultivalDynamic" or multival.linked("mask_optional"):
        return ABSENT
    return multival.get("float_val", 1.0)


RULES = (
    Rule(SETTINGS, PACK, ("KinemaClipNoise", "KinemaFreeInit", "CFGOverride"), None),
    *(Rule(id, PACK, ("KinemaNoiseLayer",), None) for id in METHODS),
    Rule(FREEINIT, PACK, ("KinemaFreeInit",), None, "as in its paper: filters, and the first noise again"),
    Rule(AGAIN, PACK, (), None),
    *(Rule(id, PACK, ("CFGOverride",), None) for id in CFGS),
    *(Rule(id, PACK, (target,), None) for id, (target, *_) in EXTRAS.items()),
    *(Rule(id, PACK, (target,), guided, "one number for all frames") for id, (target, *_) in GUIDERS.items()),
    *(Rule(id, PACK, (), None, "left out: one cfg for each part of the sampling") for id in CFG_SERIES),
    Rule(INJECTION, PACK, ("VAEEncode", "KinemaInjectPicture"), None),
    Rule("ADE_NoisedImageInjectOptions", PACK, (), None),
    Rule("ADE_AncestralOptions", PACK, (), None, "samplers draw their own noise between steps"),
    Rule(SIGMAS, PACK, ("KinemaAnimateModel",), None, "lcm[25_ots] is lcm"),
    *(Rule(id, PACK, (), None, "mixed noise schedules are left out") for id in OTHER_SIGMAS),
)
