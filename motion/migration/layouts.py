"""How old nodes lie in saved graphs: the names of their widgets by position, in every version that was published.

A saved graph lists the values of widgets without their names. Versions added widgets at the end or in between; a list
belongs to the first layout that is long enough and whose kinds fit its values. Widgets that became inputs kept their
place in the list. Behind each name stands its kind, see `naming`.
"""

from collections.abc import Mapping, Sequence

from .layouts_around import AROUND, SAMPLER

_CONTEXT = "use_on_equal_length:b start_percent:f guarantee_steps:i"
_MM_SETTINGS = (
    "motion_pe_stretch:i cap_initial_pe_length:i interpolate_pe_to_length:i initial_pe_idx_offset:i "
    "final_pe_idx_offset:i min_motion_scale:f max_motion_scale:f"
)
_WEIGHTS = " ".join(f"weight_{number:02}:f" for number in range(13)) + " flip_weights:b uncond_multiplier:f"
_SD15_WEIGHTS = " ".join(f"output_{number}:f" for number in range(12)) + " middle_0:f uncond_multiplier:f"
_T2I_WEIGHTS = " ".join(f"weight_{number:02}:f" for number in range(4)) + " flip_weights:b uncond_multiplier:f"
_T2I_ACN_WEIGHTS = " ".join(f"input_{number}:f" for number in range(4)) + " uncond_multiplier:f"
_PW = "pw_a:f pw_b:f pw_c:f pw_d:f"
_FIZZ = (
    f"text:s max_frames:i print_output:b pre_text:s app_text:s start_frame:i end_frame:i {_PW}",
    f"text:s max_frames:i print_output:b pre_text:s app_text:s start_frame:i {_PW}",
    f"text:s max_frames:i print_output:b pre_text:s app_text:s {_PW}",
    f"text:s max_frames:i pre_text:s app_text:s {_PW}",
    f"text:s max_frames:i pre_text:s app_text:s print_output:v start_frame:i {_PW}",
    f"text:s max_frames:i pre_text:s app_text:s print_output:v {_PW}",
)
_FIZZ_SINGLE = (
    f"text:s max_frames:i current_frame:i print_output:b pre_text:s app_text:s {_PW}",
    f"text:s max_frames:i current_frame:i pre_text:s app_text:s {_PW}",
)
_FIZZ_SDXL = "width:i height:i crop_w:i crop_h:i target_width:i target_height:i text_g:s text_l:s"
_APPLY_CONTROL = "strength:f start_percent:f end_percent:f"
_LOAD_VIDEO = (
    "video:s force_rate:f force_size:s custom_width:i custom_height:i frame_load_cap:i skip_first_frames:i "
    "select_every_nth:i",
    "video:s force_rate:f custom_width:i custom_height:i frame_load_cap:i skip_first_frames:i select_every_nth:i "
    "format:s",
    "video:s force_rate:f force_size:s frame_load_cap:i skip_first_frames:i select_every_nth:i",
    "video:s force_rate:f force_size:s frame_load_cap:i skip_first_frames:i",
)
_LOAD_VIDEO_FFMPEG = (
    "video:s force_rate:f custom_width:i custom_height:i frame_load_cap:i start_time:f format:s",
    "video:s force_rate:f force_size:s custom_width:i custom_height:i frame_load_cap:i start_time:f",
)
_IMAGES = "directory:s image_load_cap:i skip_first_images:i select_every_nth:i"
_MERGE = "merge_strategy:s scale_method:s crop:s"
_CAMERA_ADVANCED = " ".join(f"motion_type{n}:s strength{n}:f" for n in range(1, 7)) + " speed:f frame_length:i"
_CAMERA_COMBO = " ".join(f"motion_type{n}:s" for n in range(1, 7)) + " speed:f frame_length:i"
_EXTRA_KEYFRAME = "mult:f start_percent:f guarantee_steps:i inherit_missing:b"
_PERCENTS = "start_percent:f end_percent:f"
_HOOKED = "strength:f set_cond_area:s"
_NOISE_LAYER = "batch_offset:i noise_type:s seed_gen_override:s seed_offset:i"

LAYOUTS: Mapping[str, Sequence[str]] = {
    # AnimateDiff-Evolved
    "ADE_AnimateDiffLoaderGen1": ("model_name:s beta_schedule:s",),
    "ADE_AnimateDiffLoaderWithContext": ("model_name:s beta_schedule:s motion_scale:f apply_v2_models_properly:b",),
    "AnimateDiffLoaderV1": ("model_name:s unlimited_area_hack:b beta_schedule:s",),
    "ADE_AnimateDiffLoaderV1Advanced": (
        "model_name:s unlimited_area_hack:b context_length:i context_stride:i context_overlap:i context_schedule:s "
        "closed_loop:b beta_schedule:s",
    ),
    "ADE_UseEvolvedSampling": ("beta_schedule:s",),
    "ADE_ApplyAnimateDiffModelSimple": ("",),
    "ADE_ApplyAnimateDiffModel": ("start_percent:f end_percent:f",),
    "ADE_LoadAnimateDiffModel": ("model_name:s",),
    "ADE_AnimateDiffLoRALoader": ("name:s strength:f",),
    "ADE_AnimateDiffSamplingSettings": (
        "batch_offset:i noise_type:s seed_gen:s seed_offset:i adapt_denoise_steps:b",
        "batch_offset:i noise_type:s seed_gen:s seed_offset:i seed_override:i adapt_denoise_steps:b",
    ),
    "ADE_AnimateDiffKeyframe": ("start_percent:f inherit_missing:b guarantee_steps:i",),
    "ADE_StandardStaticContextOptions": (f"context_length:i context_overlap:i fuse_method:s {_CONTEXT}",),
    "ADE_StandardUniformContextOptions": (
        f"context_length:i context_stride:i context_overlap:i fuse_method:s {_CONTEXT}",
    ),
    "ADE_LoopedUniformContextOptions": (
        f"context_length:i context_stride:i context_overlap:i closed_loop:b fuse_method:s {_CONTEXT}",
    ),
    "ADE_AnimateDiffUniformContextOptions": (
        "context_length:i context_stride:i context_overlap:i context_schedule:s closed_loop:b fuse_method:s "
        f"{_CONTEXT}",
    ),
    "ADE_ViewsOnlyContextOptions": ("start_percent:f guarantee_steps:i",),
    "ADE_BatchedContextOptions": ("context_length:i start_percent:f guarantee_steps:i",),
    "ADE_StandardStaticViewOptions": ("view_length:i view_overlap:i fuse_method:s",),
    "ADE_StandardUniformViewOptions": ("view_length:i view_stride:i view_overlap:i fuse_method:s",),
    "ADE_LoopedUniformViewOptions": (
        "view_length:i view_stride:i view_overlap:i closed_loop:b fuse_method:s use_on_equal_length:b",
    ),
    "ADE_ContextExtras_Set": ("",),
    "ADE_ContextExtras_ContextRef": ("start_percent:f end_percent:f",),
    "ADE_ContextExtras_ContextRef_ModeFirst": ("",),
    "ADE_ContextExtras_ContextRef_ModeSliding": ("sliding_width:i",),
    "ADE_ContextExtras_ContextRef_ModeIndexes": ("switch_on_idxs:s always_include_0:b",),
    "ADE_ContextExtras_ContextRef_TuneAttn": ("attn_style_fidelity:f attn_ref_weight:f attn_strength:f",),
    "ADE_ContextExtras_ContextRef_TuneAttnAdain": (
        "attn_style_fidelity:f attn_ref_weight:f attn_strength:f adain_style_fidelity:f adain_ref_weight:f "
        "adain_strength:f",
    ),
    "ADE_ContextExtras_NaiveReuse": ("start_percent:f end_percent:f weighted_mean:f",),
    "ADE_ContextExtras_ContextRef_Keyframe": (_EXTRA_KEYFRAME,),
    "ADE_ContextExtras_NaiveReuse_Keyframe": (_EXTRA_KEYFRAME,),
    "ADE_VisualizeContextOptionsK": ("sampler_name:s scheduler:s visual_width:i latents_length:i steps:i denoise:f",),
    "ADE_VisualizeContextOptionsKAdv": (
        "sampler_name:s scheduler:s visual_width:i latents_length:i steps:i start_step:i end_step:i",
    ),
    "ADE_VisualizeContextOptionsSCustom": ("visual_width:i latents_length:i",),
    "ADE_CustomCFGSimple": ("cfg:f",),
    "ADE_CustomCFG": ("",),
    "ADE_CustomCFGKeyframeSimple": ("cfg:f start_percent:f guarantee_steps:i",),
    "ADE_SigmaSchedule": ("beta_schedule:s",),
    "ADE_NoisedImageInjection": ("invert_mask:b resize_image:b start_percent:f guarantee_steps:i",),
    "ADE_NoisedImageInjectOptions": ("composite_x:i composite_y:i",),
    "ADE_IterationOptsDefault": ("iterations:i iter_batch_offset:i iter_seed_offset:i",),
    "ADE_IterationOptsFreeInit": (
        "iterations:i filter:s d_s:f d_t:f n_butterworth:i sigma_step:i apply_to_1st_iter:b init_type:s "
        "iter_batch_offset:i iter_seed_offset:i",
    ),
    "ADE_NoiseLayerAdd": (f"{_NOISE_LAYER} noise_weight:f",),
    "ADE_NoiseLayerAddWeighted": (f"{_NOISE_LAYER} noise_weight:f balance_multiplier:f",),
    "ADE_NoiseLayerNormalizedSum": (f"{_NOISE_LAYER} noise_weight:f",),
    "ADE_NoiseLayerReplace": (_NOISE_LAYER,),
    "ADE_MultivalDynamic": ("float_val:f",),
    "ADE_MultivalDynamicFloatInput": ("float_val:f",),
    "ADE_MultivalDynamicFloats": ("floats:f", ""),
    "ADE_MultivalScaledMask": ("min_float_val:f max_float_val:f scaling:s",),
    "ADE_MultivalConvertToMask": ("",),
    "ADE_AnimateDiffSettings": ("",),
    "ADE_AdjustPESweetspotStretch": ("sweetspot:i new_sweetspot:i print_adjustment:b",),
    "ADE_AdjustPEFullStretch": ("pe_stretch:i print_adjustment:b",),
    "ADE_AdjustPEManual": (
        "cap_initial_pe_length:i interpolate_pe_to_length:i initial_pe_idx_offset:i final_pe_idx_offset:i "
        "print_adjustment:b",
    ),
    "ADE_AdjustWeightAllAdd": ("all_ADD:f print_adjustment:b",),
    "ADE_AdjustWeightAllMult": ("all_MULT:f print_adjustment:b",),
    "ADE_AdjustWeightIndivAdd": ("pe_ADD:f attn_ADD:f other_ADD:f print_adjustment:b",),
    "ADE_AdjustWeightIndivMult": ("pe_MULT:f attn_MULT:f other_MULT:f print_adjustment:b",),
    "ADE_AnimateDiffModelSettings_Release": ("min_motion_scale:f max_motion_scale:f",),
    "ADE_AnimateDiffModelSettingsSimple": ("motion_pe_stretch:i min_motion_scale:f max_motion_scale:f",),
    "ADE_AnimateDiffModelSettings": (f"pe_strength:f attn_strength:f other_strength:f {_MM_SETTINGS}",),
    "ADE_AnimateDiffModelSettingsAdvancedAttnStrengths": (
        "pe_strength:f attn_strength:f attn_q_strength:f attn_k_strength:f attn_v_strength:f "
        f"attn_out_weight_strength:f attn_out_bias_strength:f other_strength:f {_MM_SETTINGS}",
    ),
    "ADE_PromptScheduling": (
        "prompts:s prepend_text:s append_text:s print_schedule:b max_length:i tensor_interp:s",
        "prompts:s print_schedule:b max_length:i tensor_interp:s",
    ),
    "ADE_PromptSchedulingLatents": (
        "prompts:s prepend_text:s append_text:s print_schedule:b tensor_interp:s",
        "prompts:s print_schedule:b tensor_interp:s",
    ),
    "ADE_ValuesReplace": ("value_key:s",),
    "ADE_ValueScheduling": ("values:s print_schedule:b max_length:i",),
    "ADE_ValueSchedulingLatents": ("values:s print_schedule:b",),
    "ADE_LoadAnimateLCMI2VModel": ("model_name:s",),
    "ADE_ApplyAnimateLCMI2VModel": ("ref_drift:f apply_ref_when_disabled:b start_percent:f end_percent:f",),
    "ADE_UpscaleAndVAEEncode": ("scale_method:s crop:s",),
    "ADE_ApplyAnimateDiffModelWithPIA": ("start_percent:f end_percent:f",),
    "ADE_InputPIA_PaperPresets": ("preset:s batch_index:i print_values:b",),
    "ADE_InputPIA_Multival": ("",),
    "ADE_LoadAnimateDiffModelWithCameraCtrl": ("model_name:s camera_ctrl:s",),
    "ADE_ApplyAnimateDiffModelWithCameraCtrl": ("start_percent:f end_percent:f",),
    "ADE_CameraPoseBasic": ("motion_type:s speed:f frame_length:i",),
    "ADE_CameraPoseCombo": (_CAMERA_COMBO,),
    "ADE_CameraPoseAdvanced": (_CAMERA_ADVANCED,),
    "ADE_LoadCameraPoses": ("pose_filename:s",),
    "ADE_LoadCameraPosesFromPath": ("file_path:s",),
    "ADE_RegisterLoraHook": ("lora_name:s strength_model:f strength_clip:f",),
    "ADE_RegisterLoraHookModelOnly": ("lora_name:s strength_model:f",),
    "ADE_RegisterModelAsLoraHook": ("ckpt_name:s strength_model:f strength_clip:f",),
    "ADE_RegisterModelAsLoraHookModelOnly": ("ckpt_name:s strength_model:f",),
    "ADE_LoraHookKeyframe": ("strength_model:f start_percent:f guarantee_steps:i",),
    "ADE_LoraHookKeyframeInterpolation": (
        f"{_PERCENTS} strength_start:f strength_end:f interpolation:s intervals:i print_keyframes:b",
    ),
    "ADE_LoraHookKeyframeFromStrengthList": (f"{_PERCENTS} print_keyframes:b",),
    "ADE_TimestepsConditioning": (_PERCENTS,),
    "ADE_ConditioningSetMask": (_HOOKED,),
    "ADE_ConditioningSetMaskAndCombine": (_HOOKED,),
    "ADE_PairedConditioningSetMask": (_HOOKED,),
    "ADE_PairedConditioningSetMaskAndCombine": (_HOOKED,),
    "ADE_CustomCFGKeyframeInterpolation": (
        f"{_PERCENTS} cfg_start:f cfg_end:f interpolation:s intervals:i print_keyframes:b",
    ),
    "ADE_AnimateDiffUnload": ("",),
    "ADE_EmptyLatentImageLarge": ("width:i height:i batch_size:i",),
    "CheckpointLoaderSimpleWithNoiseSelect": ("ckpt_name:s beta_schedule:s use_custom_scale_factor:b scale_factor:f",),
    "ADE_AnimateDiffCombine": (
        "frame_rate:f loop_count:i filename_prefix:s format:s pingpong:b save_image:b",
        "frame_rate:f loop_count:i save_image:b filename_prefix:s format:s pingpong:b",
    ),
    "ADE_PerturbedAttentionGuidanceMultival": ("",),
    "ADE_RescaleCFGMultival": ("",),
    # VideoHelperSuite saves a dictionary; its first versions saved lists
    "VHS_VideoCombine": (
        "frame_rate:f loop_count:i filename_prefix:s format:s pingpong:b save_output:b",
        "frame_rate:f loop_count:i filename_prefix:s format:s pingpong:b save_output:b audio_file:s",
        "filename_prefix:s format:s pingpong:b frame_rate:f quality:s output_type:s save_output:b",
    ),
    "VHS_LoadVideo": (
        *_LOAD_VIDEO,
        "video:s source:s force_rate:f unused:b frame_load_cap:i skip_first_frames:i custom_width:i force_size:s",
        "video:s force_rate:f force_size:s custom_width:i frame_load_cap:i skip_first_frames:i upload:s",
    ),
    "VHS_LoadVideoPath": _LOAD_VIDEO,
    "VHS_LoadVideoFFmpeg": _LOAD_VIDEO_FFMPEG,
    "VHS_LoadVideoFFmpegPath": _LOAD_VIDEO_FFMPEG,
    "VHS_LoadImagePath": (
        "image:s custom_width:i custom_height:i",
        "image:s force_size:s custom_width:i custom_height:i",
    ),
    "VHS_LoadImages": (_IMAGES, "directory:s upload:s image_load_cap:i skip_first_images:i select_every_nth:i"),
    "VHS_LoadImagesPath": (_IMAGES,),
    "VHS_PruneOutputs": ("options:s",),
    "VHS_BatchManager": ("frames_per_batch:i count:i",),
    "VHS_SelectFilename": ("index:i",),
    "VHS_LoadAudio": ("audio_file:s seek_seconds:f duration:f",),
    "VHS_LoadAudioUpload": ("audio:s start_time:f duration:f",),
    "VHS_VAEEncodeBatched": ("per_batch:i",),
    "VHS_VAEDecodeBatched": ("per_batch:i",),
    **{f"VHS_Split{what}": ("split_index:i",) for what in ("Latents", "Images", "Masks")},
    **{f"VHS_Merge{what}": (_MERGE,) for what in ("Latents", "Images", "Masks")},
    **{f"VHS_Duplicate{what}": ("multiply_by:i",) for what in ("Latents", "Images", "Masks")},
    **{
        f"VHS_SelectEveryNth{what}": (f"select_every_nth:i skip_first_{what.lower()}s:i",)
        for what in ("Latent", "Image", "Mask")
    },
    **{f"VHS_Select{what}": ("indexes:s err_if_missing:b err_if_empty:b",) for what in ("Latents", "Images", "Masks")},
    # Advanced-ControlNet
    "ControlNetLoaderAdvanced": ("control_net_name:s",),
    "ACN_ControlNetLoaderAdvanced": ("cnet:s",),
    "DiffControlNetLoaderAdvanced": ("control_net_name:s",),
    "ACN_DiffControlNetLoaderAdvanced": ("cnet:s",),
    "ACN_AdvancedControlNetApply": (_APPLY_CONTROL,),
    "ACN_AdvancedControlNetApply_v2": (_APPLY_CONTROL,),
    "ACN_AdvancedControlNetApplySingle": (_APPLY_CONTROL,),
    "ACN_AdvancedControlNetApplySingle_v2": (_APPLY_CONTROL,),
    "ACN_SparseCtrlLoaderAdvanced": (
        "sparsectrl_name:s use_motion:b motion_strength:f motion_scale:f context_aware:s sparse_hint_mult:f "
        "sparse_nonhint_mult:f sparse_mask_mult:f",
    ),
    "ACN_SparseCtrlRGBPreprocessor": ("",),
    "ACN_SparseCtrlIndexMethodNode": ("indexes:s",),
    "ACN_SparseCtrlSpreadMethodNode": ("spread:s",),
    "ScaledSoftControlNetWeights": ("base_multiplier:f flip_weights:b uncond_multiplier:f",),
    "ACN_ScaledSoftControlNetWeights": ("base_multiplier:f uncond_multiplier:f",),
    "SoftControlNetWeights": (_WEIGHTS,),
    "CustomControlNetWeights": (_WEIGHTS,),
    "ACN_SoftControlNetWeightsSD15": (_SD15_WEIGHTS,),
    "ACN_CustomControlNetWeightsSD15": (_SD15_WEIGHTS,),
    "SoftT2IAdapterWeights": (_T2I_WEIGHTS,),
    "CustomT2IAdapterWeights": (_T2I_WEIGHTS,),
    "ACN_SoftT2IAdapterWeights": (_T2I_ACN_WEIGHTS,),
    "ACN_CustomT2IAdapterWeights": (_T2I_ACN_WEIGHTS,),
    "ACN_DefaultUniversalWeights": ("",),
    "ACN_ControlNet++LoaderSingle": ("name:s control_type:s",),
    "TimestepKeyframe": (
        "start_percent:f strength:f null_latent_kf_strength:f inherit_missing:b guarantee_usage:b",
        "start_percent:f strength:f null_latent_kf_strength:f inherit_missing:b guarantee_steps:i",
    ),
    "LatentKeyframe": ("batch_index:i strength:f",),
    "LatentKeyframeTiming": (
        "batch_index_from:i batch_index_to_excl:i strength_from:f strength_to:f interpolation:s print_keyframes:b",
    ),
    "LatentKeyframeGroup": ("index_strengths:s print_keyframes:b",),
    "LatentKeyframeBatchedGroup": ("float_strengths:f print_keyframes:b",),
    "LoadImagesFromDirectory": ("directory:s image_load_cap:i start_index:i",),
    # FizzNodes
    "BatchPromptSchedule": _FIZZ,
    "BatchPromptScheduleLatentInput": tuple(spec.replace("max_frames:i ", "") for spec in _FIZZ) + _FIZZ,
    "PromptSchedule": _FIZZ_SINGLE,
    "BatchPromptScheduleEncodeSDXL": (
        f"{_FIZZ_SDXL} max_frames:i print_output:b pre_text_G:s app_text_G:s pre_text_L:s app_text_L:s {_PW}",
        f"{_FIZZ_SDXL} pre_text_G:s app_text_G:s pre_text_L:s app_text_L:s max_frames:i {_PW}",
    ),
    "BatchPromptScheduleEncodeSDXLLatentInput": (
        f"{_FIZZ_SDXL} print_output:b pre_text_G:s app_text_G:s pre_text_L:s app_text_L:s {_PW}",
    ),
    "ValueSchedule": ("text:s max_frames:i current_frame:i print_output:b", "text:s max_frames:i current_frame:i"),
    "BatchValueSchedule": ("text:s max_frames:i print_output:b", "text:s max_frames:i"),
    "BatchValueScheduleLatentInput": ("text:s print_output:b", "text:s"),
    "ConcatStringSingle": ("string_a:s string_b:s",),
    # ArtVentureX's AnimateDiff
    "AnimateDiffModuleLoader": ("model_name:s",),
    "AnimateDiffLoraLoader": ("lora_name:s alpha:f",),
    "AnimateDiffSlidingWindowOptions": (
        "context_length:i context_stride:i context_overlap:i context_schedule:s closed_loop:b",
    ),
    "AnimateDiffSampler": (
        f"inject_method:s frame_number:i seed:i seed_control:s {SAMPLER} denoise:f",
        f"inject_method:s frame_number:i seed:i {SAMPLER} denoise:f",
    ),
    "AnimateDiffCombine": ("frame_rate:f loop_count:i save_image:b filename_prefix:s format:s pingpong:b",),
    "ImageSizeAndBatchSize": ("",),
    **AROUND,
}
"""Node id to its layouts, each a text of ``name:kind`` with spaces between, the newest one first where it matters."""
