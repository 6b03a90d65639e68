"""The same as ``layouts`` for the packs around AnimateDiff's, whose work the host's own nodes do."""

from collections.abc import Mapping, Sequence

_VFI = "ckpt_name:s clear_cache_after_n_frames:i multiplier:i"
SAMPLER = "steps:i cfg:f sampler_name:s scheduler:s"
"""What most samplers are told."""
AROUND: Mapping[str, Sequence[str]] = {
    "RIFE VFI": (f"{_VFI} fast_mode:b ensemble:b scale_factor:f more:b",),
    "FILM VFI": (f"{_VFI} more:b",),
    "GMFSS Fortuna VFI": (f"{_VFI} more:b",),
    "STMFNet VFI": (f"{_VFI} duplicate_first_last_frames:b more:b",),
    "ImpactControlBridge": ("mode:v behavior:v",),
    "GetNode": ("name:s",),
    "SetNode": ("name:s",),
    "Reroute (rgthree)": ("",),
    "PrimitiveNode": ("value:v",),
    "PrimitiveInt": ("value:i",),
    "PrimitiveFloat": ("value:f",),
    "PrimitiveString": ("value:s",),
    "PrimitiveStringMultiline": ("value:s",),
    "PrimitiveBoolean": ("value:b",),
    "INTConstant": ("value:i",),
    "FloatConstant": ("value:f",),
    "StringConstant": ("string:s",),
    "StringConstantMultiline": ("string:s strip_newlines:b",),
    "ImpactInt": ("value:i",),
    "ImpactFloat": ("value:f",),
    "Int Literal": ("int:i",),
    "Float Literal": ("float:f",),
    "Cfg Literal": ("float:f",),
    "String Literal": ("string:s",),
    "Integer": ("value:i",),
    "Text box": ("text:s",),
    "Text Multiline": ("text:s",),
    "Simple String": ("string:s",),
    "ttN text": ("text:s",),
    "Seed (rgthree)": ("seed:i",),
    "Seed Everywhere": ("seed:i control:v",),
    **{f"Anything Everywhere{end}": ("",) for end in ("", "3")},
    "Anything Everywhere?": ("title_regex:v input_regex:v group_regex:v",),
    "Prompts Everywhere": ("",),
    "Seed Generator": ("seed:i control:s",),
    "CR Seed": ("seed:i control:s",),
    "Seed": ("seed:i control:s",),
    "GetImageSize+": ("",),
    "GetImageSizeAndCount": ("",),
    "BatchCount+": ("",),
    "ImageResize+": (
        "width:i height:i interpolation:s method:s condition:s multiple_of:i",
        "width:i height:i interpolation:s keep_proportion:b condition:s multiple_of:i",
    ),
    "ImageFromBatch+": ("start:i length:i",),
    "Image Resize": ("mode:s supersample:s resampling:s rescale_factor:f resize_width:i resize_height:i",),
    "Upscale Model Loader": ("model_name:s",),
    "Load Lora": ("lora_name:s strength_model:f strength_clip:f",),
    "CR Load LoRA": ("switch:s lora_name:s strength_model:f strength_clip:f",),
    "CR LoRA Stack": (
        " ".join(f"switch_{n}:s lora_name_{n}:s model_weight_{n}:f clip_weight_{n}:f" for n in (1, 2, 3)),
    ),
    "CR Apply LoRA Stack": ("",),
    "LoRA Stacker": (
        "input_mode:s lora_count:i "
        + " ".join(f"lora_name_{n}:s lora_wt_{n}:f model_str_{n}:f clip_str_{n}:f" for n in range(1, 50)),
    ),
    "Lora Loader Stack (rgthree)": (" ".join(f"lora_{n:02}:s strength_{n:02}:f" for n in range(1, 5)),),
    "Efficient Loader": (
        "ckpt_name:s vae_name:s clip_skip:i lora_name:s lora_model_strength:f lora_clip_strength:f positive:s "
        "negative:s token_normalization:s weight_interpretation:s empty_latent_width:i empty_latent_height:i "
        "batch_size:i",
    ),
    "KSampler (Efficient)": (f"seed:i seed_control:v {SAMPLER} denoise:f preview_method:s vae_decode:s",),
    "AnimateDiff Script": ("model_name:s beta_schedule:s frame_rate:f loop_count:i format:s pingpong:b save_image:b",),
    "HighRes-Fix Script": (
        "upscale_type:s hires_ckpt_name:s latent_upscaler:s pixel_upscaler:s upscale_by:f use_same_seed:b seed:i "
        "seed_control:v hires_steps:i denoise:f iterations:i use_controlnet:b control_net_name:s strength:f "
        "preprocessor:s preprocessor_imgs:b",
    ),
    "KSampler Adv. (Efficient)": (
        f"add_noise:s noise_seed:i seed_control:v {SAMPLER} start_at_step:i end_at_step:i "
        "return_with_leftover_noise:s preview_method:s vae_decode:s",
    ),
    "ToBasicPipe": ("",),
    "FromBasicPipe": ("",),
    "FromBasicPipe_v2": ("",),
    "EditBasicPipe": ("",),
    "ImageBatchMulti": ("inputcount:i",),
    "ImageBatchMultiple+": ("method:s",),
    "ShowText|pysssss": ("text:v text2:v",),
    "PreviewAnimation": ("fps:f",),
    "DWPreprocessor": ("detect_hand:s detect_body:s detect_face:s resolution:i bbox_detector:s pose_estimator:s",),
    "OpenposePreprocessor": (
        "detect_hand:s detect_body:s detect_face:s resolution:i",
        "detect_hand:s detect_body:s detect_face:s version:s",
    ),
    "MiDaS-DepthMapPreprocessor": ("a:f bg_threshold:f resolution:i",),
    "Zoe-DepthMapPreprocessor": ("resolution:i",),
    "LeReS-DepthMapPreprocessor": ("rm_nearest:f rm_background:f boost:s resolution:i",),
    "DepthAnythingPreprocessor": ("ckpt_name:s resolution:i",),
    "DepthAnythingV2Preprocessor": ("ckpt_name:s resolution:i",),
    "AIO_Preprocessor": ("preprocessor:s resolution:i",),
    "DepthAnything_V2": ("",),
    "DownloadAndLoadDepthAnythingV2Model": ("model:s",),
    "CannyEdgePreprocessor": ("low_threshold:i high_threshold:i resolution:i",),
    "Text Concatenate": ("delimiter:s clean_whitespace:s text_a:s text_b:s text_c:s text_d:s",),
    "Text String": ("text:s text_b:s text_c:s text_d:s",),
    "String to Text": ("text:s",),
    "Text to String": ("text:s",),
    "Number to Text": ("number:v",),
    "Constant Number": ("number_type:s number:v number_as_text:s",),
    "Bus Node": ("",),
    "Eden_Int": ("value:i",),
    "Eden_Float": ("value:f",),
    "Eden_Seed": ("seed:i control:s",),
    "Eden_Math": ("expression:s",),
    "JWInteger": ("value:i",),
    "JWFloat": ("value:f",),
    "DF_Integer": ("Value:i",),
    "DF_Float": ("Value:f",),
    "ttN seed": ("seed:i control:s",),
    "CR Integer To String": ("int_:i",),
    "MathExpression|pysssss": ("expression:s",),
    **{
        f"CR {kind} Input Switch": ("Input:i",)
        for kind in ("Image", "Latent", "Model", "Conditioning", "VAE", "Clip", "ControlNet", "Text")
    },
    **{f"Switch {kind} [Crystools]": ("boolean:b",) for kind in ("any", "image", "latent", "mask", "conditioning")},
    "GrowMaskWithBlur": (
        "expand:i incremental_expandrate:f tapered_corners:b flip_input:b blur_radius:f lerp_alpha:f decay_factor:f "
        "fill_holes:b",
        "expand:i incremental_expandrate:f tapered_corners:b flip_input:b interpolate:b blur_radius:f sigma:f "
        "lerp_alpha:f decay_factor:f",
    ),
    "BNK_CLIPTextEncodeAdvanced": ("text:s token_normalization:s weight_interpretation:s affect_pooled:s",),
    "smZ CLIPTextEncode": (
        "text:s parser:s mean_normalization:b multi_conditioning:b use_old_emphasis_implementation:b with_SDXL:b "
        "ascore:f width:i height:i crop_w:i crop_h:i target_width:i target_height:i text_g:s text_l:s "
        "smZ_steps:i",
    ),
    "LCMScheduler": ("steps:i denoise:f",),
    "SamplerLCMCycle": ("euler_steps:i lcm_steps:i tweak_sigmas:b ancestral:f",),
    "ImpactImageBatchToImageList": ("",),
    "ImageListToImageBatch": ("",),
    "MaskListToMaskBatch": ("",),
    "ImpactMakeImageBatch": ("",),
    "Image Save": (
        "output_path:s filename_prefix:s filename_delimiter:s filename_number_padding:i filename_number_start:s "
        "extension:s dpi:i quality:i more:v",
        "output_path:s filename_prefix:s filename_delimiter:s filename_number_padding:i filename_number_start:s "
        "extension:s quality:i more:v",
    ),
    "ImageCASharpening+": ("amount:f",),
    "NNLatentUpscale": ("version:s upscale:f",),
    "ColorMatch": ("method:s strength:f multithread:b",),
    "ImageResizeKJ": (
        "width:i height:i upscale_method:s keep_proportion:b divisible_by:i width_input:i height_input:i crop:v",
        "width:i height:i upscale_method:s keep_proportion:b divisible_by:i crop:v",
    ),
    "PrepImageForClipVision": ("interpolation:s crop_position:s sharpening:f preserve_alpha:v",),
    "TilePreprocessor": ("pyrUp_iters:i resolution:i",),
    "PixelPerfectResolution": ("image_gen_width:i image_gen_height:i resize_mode:s",),
    "ImageGenResolutionFromImage": ("",),
    "MaskPreview+": ("",),
    "CR Latent Batch Size": ("batch_size:i",),
    "ImageConcanate": ("direction:s match_image_size:b",),
    "ChangeImageBatchSize //Inspire": ("batch_size:i mode:s",),
    "ImageSelector": ("selected_indexes:s",),
    "LineArtPreprocessor": ("coarse:s resolution:i",),
    "LineartStandardPreprocessor": ("gaussian_sigma:f intensity_threshold:i resolution:i",),
    "HEDPreprocessor": ("safe:s resolution:i", "version:s safe:s"),
    "FakeScribblePreprocessor": ("safe:s resolution:i",),
    "LoadImagesFromDir //Inspire": ("directory:s image_load_cap:i start_index:i load_always:b",),
}
"""Node id to its layouts, as in ``layouts``."""
