"""Where old nodes stand in a workflow: what goes into them, and who reads those that are only settings."""

from collections.abc import Mapping

from .small import Small, widgets

WIRES: Mapping[str, str] = {
    "ADE_AnimateDiffLoaderGen1": "model",
    "ADE_AnimateDiffLoaderWithContext": "model",
    "AnimateDiffLoaderV1": "model latents",
    "ADE_AnimateDiffLoaderV1Advanced": "model latents",
    "ADE_UseEvolvedSampling": "model",
    "ADE_ApplyAnimateDiffModelSimple": "motion_model",
    "ADE_ApplyAnimateDiffModel": "motion_model",
    "ADE_ApplyAnimateDiffModelWithPIA": "motion_model image vae",
    "ADE_AnimateDiffUnload": "model",
    "ADE_PerturbedAttentionGuidanceMultival": "model",
    "ADE_RescaleCFGMultival": "model",
    "ADE_CFGExtrasPAG": "scale_multival",
    "ADE_CFGExtrasRescaleCFG": "mult_multival",
    **{f"ADE_VisualizeContextOptions{end}": "model" for end in ("K", "KAdv", "SCustom")},
    **{f"ADE_RegisterModelAsLoraHook{end}": names for end, names in (("", "model clip"), ("ModelOnly", "model"))},
    **{f"ADE_RegisterLoraHook{end}": names for end, names in (("", "model clip"), ("ModelOnly", "model"))},
    "ADE_SetLoraHookKeyframe": "lora_hook hook_kf",
    "ADE_AttachLoraHookToCLIP": "clip lora_hook",
    "ADE_AttachLoraHookToConditioning": "conditioning lora_hook",
    "ADE_LoraHookKeyframeFromStrengthList": "strengths_float",
    "ADE_ConditioningSetMask": "cond_ADD opt_mask",
    "ADE_ConditioningSetMaskAndCombine": "cond cond_ADD opt_timesteps",
    "ADE_PairedConditioningSetMask": "positive_ADD negative_ADD opt_lora_hook",
    "ADE_PairedConditioningSetMaskAndCombine": "positive negative positive_ADD negative_ADD",
    "ADE_ConditioningSetUnmaskedAndCombine": "cond cond_DEFAULT opt_lora_hook",
    "ADE_PairedConditioningSetUnmaskedAndCombine": "positive negative positive_DEFAULT negative_DEFAULT",
    "ADE_ConditioningCombine": "cond_A cond_B",
    "ADE_PairedConditioningCombine": "positive_A negative_A positive_B negative_B",
    "ADE_FloatToFloats": "FLOAT",
    "ADE_ValuesReplace": "floats",
    "BatchPromptScheduleEncodeSDXLLatentInput": "clip num_latents",
    "ADE_MultivalScaledMask": "mask",
    "ADE_MultivalConvertToMask": "multival",
    "ADE_NoisedImageInjection": "image vae",
    "ADE_AnimateDiffModelSettingsSimple": "mask_motion_scale",
    "ADE_PromptScheduling": "clip",
    "ADE_PromptSchedulingLatents": "clip latent",
    "ADE_ValueSchedulingLatents": "latent",
    "ADE_UpscaleAndVAEEncode": "image vae latent_size",
    "ADE_AnimateDiffKeyframe": "scale_multival",
    "ADE_AnimateDiffCombine": "images",
    "AnimateDiffCombine": "images",
    "VHS_VideoCombine": "images audio",
    "VHS_VAEEncodeBatched": "pixels vae",
    "VHS_VAEDecodeBatched": "samples vae",
    "VHS_AudioToVHSAudio": "audio",
    "VHS_VHSAudioToAudio": "vhs_audio",
    "VHS_PruneOutputs": "filenames",
    "DiffControlNetLoaderAdvanced": "model",
    "ACN_DiffControlNetLoaderAdvanced": "model",
    "ACN_AdvancedControlNetApply": "positive negative control_net image model_optional",
    "ACN_AdvancedControlNetApply_v2": "positive negative control_net image",
    "ACN_AdvancedControlNetApplySingle": "conditioning control_net image",
    "ACN_AdvancedControlNetApplySingle_v2": "conditioning control_net image",
    "ACN_SparseCtrlRGBPreprocessor": "image vae latent_size",
    "BatchPromptSchedule": "clip",
    "BatchPromptScheduleLatentInput": "clip num_latents",
    "PromptSchedule": "clip",
    "BatchPromptScheduleEncodeSDXL": "clip",
    "BatchValueScheduleLatentInput": "num_latents",
    "AnimateDiffSampler": "motion_module model positive negative latent_image",
    "ImageSizeAndBatchSize": "image",
    **{
        f"VHS_{stem}{end}s": f"{end.lower()}s"
        for stem in ("Split", "Duplicate", "Select")
        for end in ("Image", "Latent", "Mask")
    },
    **{f"VHS_{stem}": "images" for stem in ("SelectEveryNthImage", "GetImageCount")},
    **{f"VHS_{stem}": "latents" for stem in ("SelectEveryNthLatent", "GetLatentCount")},
    **{f"VHS_{stem}": "mask" for stem in ("SelectEveryNthMask", "GetMaskCount")},
    "VHS_MergeImages": "images_A images_B",
    "VHS_MergeLatents": "latents_A latents_B",
    "VHS_MergeMasks": "mask_A mask_B",
}
"""What a node of this id has on its wires."""
EVOLVED, SETTINGS, STATIC = (
    "ADE_UseEvolvedSampling",
    "ADE_AnimateDiffSamplingSettings",
    "ADE_StandardStaticContextOptions",
)
BY = ("MidLevel", "LowLevel", "FromFloats")
EXTRAS = ("ExtrasMiddleMult", "SparseCtrlWeightExtras", "AnimaLLLiteExtras")
APPLY, CONTROL = "ADE_ApplyAnimateDiffModel", "ACN_AdvancedControlNetApply_v2"
READERS: Mapping[str, tuple[str, str]] = {
    **{
        f"ADE_{kind}ContextOptions": (EVOLVED, "context_options")
        for kind in ("StandardStatic", "StandardUniform", "LoopedUniform", "AnimateDiffUniform", "Batched", "ViewsOnly")
    },
    **{
        f"ADE_{kind}ViewOptions": (STATIC, "view_opts")
        for kind in ("StandardStatic", "StandardUniform", "LoopedUniform")
    },
    "ADE_ValuesReplace": ("ADE_PromptScheduling", "values_replace"),
    "ADE_ContextExtras_Set": (EVOLVED, "context_options"),
    **{
        f"ADE_ContextExtras_{kind}_Keyframe{end}": (f"ADE_ContextExtras_{kind}", name)
        for kind, name in (("ContextRef", "contextref_kf"), ("NaiveReuse", "naivereuse_kf"))
        for end in ("", "Interpolation", "FromList")
    },
    **{f"ADE_CFGExtras{kind}": ("ADE_CustomCFGSimple", "cfg_extras") for kind in ("PAG", "RescaleCFG")},
    **{f"ADE_CustomCFGKeyframe{end}": (SETTINGS, "custom_cfg") for end in ("Interpolation", "FromList")},
    **{
        f"ADE_PerBlock{end}": (APPLY, "per_block")
        for end in ("HighLevel", *(f"_{size}_{by}" for size in ("SD15", "SDXL") for by in BY))
    },
    **{f"ADE_ADBlock{end}": ("ADE_PerBlockHighLevel", "mid") for end in ("Combo", "Indiv")},
    **{f"ACN_{kind}": ("ACN_DefaultUniversalWeights", "cn_extras") for kind in EXTRAS},
    **{
        f"ADE_ContextExtras_{kind}": ("ADE_ContextExtras_Set", "context_extras")
        for kind in ("ContextRef", "NaiveReuse")
    },
    **{
        f"ADE_ContextExtras_ContextRef_Mode{kind}": ("ADE_ContextExtras_ContextRef", "contextref_mode")
        for kind in ("First", "Sliding", "Indexes")
    },
    **{
        f"ADE_ContextExtras_ContextRef_Tune{kind}": ("ADE_ContextExtras_ContextRef", "contextref_tune")
        for kind in ("Attn", "AttnAdain")
    },
    SETTINGS: (EVOLVED, "sample_settings"),
    **{
        f"ADE_NoiseLayer{kind}": (SETTINGS, "noise_layers")
        for kind in ("Add", "AddWeighted", "NormalizedSum", "Replace")
    },
    "ADE_IterationOptsFreeInit": (SETTINGS, "iteration_opts"),
    "ADE_IterationOptsDefault": (SETTINGS, "iteration_opts"),
    **{f"ADE_CustomCFG{kind}": (SETTINGS, "custom_cfg") for kind in ("Simple", "KeyframeSimple", "", "Keyframe")},
    "ADE_CFGExtrasPAGSimple": ("ADE_CustomCFGSimple", "cfg_extras"),
    "ADE_CFGExtrasRescaleCFGSimple": ("ADE_CustomCFGSimple", "cfg_extras"),
    "ADE_NoisedImageInjection": (SETTINGS, "image_inject"),
    "ADE_NoisedImageInjectOptions": ("ADE_NoisedImageInjection", "img_inject_opts"),
    "ADE_AncestralOptions": (SETTINGS, "ancestral_opts"),
    **{
        f"ADE_{kind}": (SETTINGS, "sigma_schedule")
        for kind in (
            "SigmaSchedule",
            "RawSigmaSchedule",
            "SigmaScheduleWeightedAverage",
            "SigmaScheduleWeightedAverageInterp",
            "SigmaScheduleSplitAndCombine",
        )
    },
    "ADE_ApplyAnimateDiffModelSimple": (EVOLVED, "m_models"),
    APPLY: (EVOLVED, "m_models"),
    "ADE_ApplyAnimateDiffModelWithPIA": (EVOLVED, "m_models"),
    "ADE_AnimateDiffSettings": ("ADE_LoadAnimateDiffModel", "ad_settings"),
    **{
        f"ADE_AnimateDiffModelSettings{kind}": ("ADE_AnimateDiffLoaderWithContext", "motion_model_settings")
        for kind in ("_Release", "Simple", "", "AdvancedAttnStrengths")
    },
    **{
        f"ADE_AdjustPE{kind}": ("ADE_AnimateDiffSettings", "pe_adjust")
        for kind in ("SweetspotStretch", "FullStretch", "Manual")
    },
    **{
        f"ADE_AdjustWeight{kind}": ("ADE_AnimateDiffSettings", "weight_adjust")
        for kind in ("AllAdd", "AllMult", "IndivAdd", "IndivMult", "IndivAttnAdd", "IndivAttnMult")
    },
    "ADE_InputPIA_PaperPresets": ("ADE_ApplyAnimateDiffModelWithPIA", "pia_input"),
    "ADE_InputPIA_Multival": ("ADE_ApplyAnimateDiffModelWithPIA", "pia_input"),
    "ADE_AnimateDiffKeyframe": (APPLY, "ad_keyframes"),
    "ADE_CameraCtrlAnimateDiffKeyframe": (APPLY, "ad_keyframes"),
    "ADE_PIA_AnimateDiffKeyframe": (APPLY, "ad_keyframes"),
    "VHS_BatchManager": ("VHS_LoadVideo", "batch_manager"),
    "ACN_SparseCtrlRGBPreprocessor": (CONTROL, "image"),
    "TimestepKeyframe": (CONTROL, "timestep_kf"),
    "ACN_TimestepKeyframeInterpolation": (CONTROL, "timestep_kf"),
    "ACN_TimestepKeyframeFromStrengthList": (CONTROL, "timestep_kf"),
    **dict.fromkeys(
        (
            "ScaledSoftControlNetWeights",
            "ACN_ScaledSoftControlNetWeights",
            "SoftControlNetWeights",
            "CustomControlNetWeights",
            "ACN_SoftControlNetWeightsSD15",
            "ACN_CustomControlNetWeightsSD15",
            "SoftT2IAdapterWeights",
            "CustomT2IAdapterWeights",
            "ACN_SoftT2IAdapterWeights",
            "ACN_CustomT2IAdapterWeights",
            "ACN_DefaultUniversalWeights",
        ),
        (CONTROL, "weights_override"),
    ),
    **{f"LatentKeyframe{kind}": (CONTROL, "latent_kf_override") for kind in ("", "Timing", "Group", "BatchedGroup")},
    "AnimateDiffLoraLoader": ("AnimateDiffModuleLoader", "lora_stack"),
    "AnimateDiffSlidingWindowOptions": ("AnimateDiffSampler", "sliding_window_opts"),
}
"""Who reads a node that is only a setting, and at which input."""


def placed(small: Small, id: str, layout: int = 0, **wires: int) -> int:
    """Add an old node with everything on its wires, and those that read it; returns its own id."""
    needed = {name: small.source() for name in WIRES.get(id, "").split() if name not in wires}
    key = small.node(id, widgets(id, layout), **needed, **wires)
    if id == "AnimateDiffModuleLoader" and "lora_stack" in wires:
        small.sink(a=placed(small, "AnimateDiffSampler", motion_module=key))
    if id in READERS:
        reader, name = READERS[id]
        placed(small, reader, **{name: key})
    else:
        for slot in range(3):
            small.sink(a=(key, slot))
    return key
