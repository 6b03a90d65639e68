"""Where nodes of ComfyUI and Kinema name model files: their widgets in order, and the folders they list."""

from collections.abc import Mapping
from dataclasses import dataclass

OWN = "Kinema"
"""How ids of Kinema's nodes begin."""
NO_FILES = frozenset({"", "none", "torchmetrics", "pixel_space", "taesd", "taesdxl", "taesd3", "taef1", "taef2"})
"""What may stand there and is no file."""


@dataclass(frozen=True)
class ModelInput:
    """A list of model files.

    Args:
        place: of its value among those of the node's widgets.
        folders: of models, the first one first.
    """

    name: str
    place: int
    folders: tuple[str, ...]


def _read(text: str) -> tuple[ModelInput, ...]:
    parts = [part.partition("@") for part in text.split()]
    return tuple(
        ModelInput(name, place, tuple(folders.split(","))) for place, (name, _, folders) in enumerate(parts) if folders
    )


LOADERS: Mapping[str, tuple[ModelInput, ...]] = {
    type: _read(text)
    for type, text in {
        "AudioEncoderLoader": "audio_encoder_name@audio_encoders",
        "CLIPLoader": "clip_name@text_encoders",
        "CLIPVisionLoader": "clip_name@clip_vision",
        "CheckpointLoader": "config_name ckpt_name@checkpoints",
        "CheckpointLoaderSimple": "ckpt_name@checkpoints",
        "ControlNetLoader": "control_net_name@controlnet",
        "CreateHookLora": "lora_name@loras",
        "CreateHookLoraModelOnly": "lora_name@loras",
        "CreateHookModelAsLora": "ckpt_name@checkpoints",
        "CreateHookModelAsLoraModelOnly": "ckpt_name@checkpoints",
        "DiffControlNetLoader": "control_net_name@controlnet",
        "DualCLIPLoader": "clip_name1@text_encoders clip_name2@text_encoders",
        "FrameInterpolationModelLoader": "model_name@frame_interpolation",
        "GLIGENLoader": "gligen_name@gligen",
        "HypernetworkLoader": "hypernetwork_name@hypernetworks",
        "ImageOnlyCheckpointLoader": "ckpt_name@checkpoints",
        "KinemaAnimateModel": "beta_schedule motion_scale effect_strength start_percent end_percent "
        "domain_adapter@loras",
        "KinemaApplyDomainAdapter": "domain_adapter@loras",
        "KinemaApplyTuneAVideo": "tune_a_video@tune_a_video",
        "KinemaCameraControl": "camera_file@animatediff_models",
        "KinemaEvaluateClip": "prompt name curve lpips@evaluation lpips_heads@evaluation fvd@evaluation",
        "KinemaLoadAnimateAnyone": "release denoising_unet@animate_anyone,diffusion_models "
        "reference_unet@animate_anyone,diffusion_models motion_module@animate_anyone,animatediff_models "
        "pose_guider@animate_anyone depth_guider@animate_anyone normal_guider@animate_anyone "
        "semantic_guider@animate_anyone",
        "KinemaLoadMotionLora": "lora@animatediff_motion_lora",
        "KinemaLoadMotionModule": "motion_module@animatediff_models",
        "KinemaLoadSparseControl": "sparsectrl@controlnet",
        "KinemaTrainMotionLora": "filename_prefix steps learning_rate batch_size seed rank method layers "
        "start_from@animatediff_motion_lora",
        "LTXAVTextEncoderLoader": "text_encoder@text_encoders ckpt_name@checkpoints",
        "LTXVAudioVAELoader": "ckpt_name@checkpoints",
        "LatentUpscaleModelLoader": "model_name@latent_upscale_models",
        "LoadBackgroundRemovalModel": "bg_removal_name@background_removal",
        "LoadDA3Model": "model_name@geometry_estimation",
        "LoadMediaPipeFaceLandmarker": "model_name@detection",
        "LoadMoGeModel": "model_name@geometry_estimation",
        "LoraLoader": "lora_name@loras",
        "LoraLoaderBypass": "lora_name@loras",
        "LoraLoaderBypassModelOnly": "lora_name@loras",
        "LoraLoaderModelOnly": "lora_name@loras",
        "ModelPatchLoader": "name@model_patches",
        "OpticalFlowLoader": "model_name@optical_flow",
        "PhotoMakerLoader": "photomaker_model_name@photomaker",
        "QuadrupleCLIPLoader": "clip_name1@text_encoders clip_name2@text_encoders clip_name3@text_encoders "
        "clip_name4@text_encoders",
        "StyleModelLoader": "style_model_name@style_models",
        "TripleCLIPLoader": "clip_name1@text_encoders clip_name2@text_encoders clip_name3@text_encoders",
        "UNETLoader": "unet_name@diffusion_models",
        "UpscaleModelLoader": "model_name@upscale_models",
        "VAELoader": "vae_name@vae",
        "unCLIPCheckpointLoader": "ckpt_name@checkpoints",
    }.items()
}
"""By node id: the widgets up to the last list of files, which has its folders behind an ``@``."""
