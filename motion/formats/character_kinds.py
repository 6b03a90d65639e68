"""Files that move a character, of Animate Anyone (arXiv 2311.17117) and of those who took up its structure.

Animate Anyone's own parts are loaded by Load Animate Anyone. The others have UNets that look alike but read the
reference in another way, or need sound, masks or another text beside it: run as Animate Anyone they would give a
picture that is quietly wrong, so each says by name why it cannot be used.
"""

from .file_kind import MOTION_MODULE, FileKind

REFERENCE_UNET, APPEARANCE_ENCODER, FACE_MASK = "reference-unet", "magicanimate-encoder", "echomimic-mask"
ANOTHER_READING = r"attn1_5\.|attn2\.to_k\.weight \[[0-9]+, 384\]"
"""Of denoising UNets that read something else than a picture's embedding."""
_DIFFUSERS = (r"^conv_in\.", r"^down_blocks\.0\.resnets\.", r"^up_blocks\.0\.resnets\.")
_LAST = r"^up_blocks\.3\.attentions\.2\."
_BEHIND = rf"{_LAST}(proj_out|transformer_blocks\.0\.(attn[12]|norm[23]|ff))\."
"""Of a reference UNet's last transformer: dead weight, but without any of it the file is MagicAnimate's."""


def _where(inputs: str) -> str:
    return (
        f"Choose it as {inputs} in Load Animate Anyone; the temporal layers are in motion_module.pth. {MOTION_MODULE}"
    )


def _refused(id: str, title: str, why: str, proof: tuple[str, ...], unless: str | None = None) -> FileKind:
    return FileKind(id, title, f"It cannot be used here: {why}. {MOTION_MODULE}", proof, unless)


CHARACTER_KINDS = (
    FileKind(
        REFERENCE_UNET,
        "the reference UNet of Animate Anyone",
        f"It draws a character, not motion. {_where('reference_unet')}",
        (*_DIFFUSERS, r"attn2\.to_k\.weight \[", _BEHIND),
        unless=rf"motion_modules\.|^controlnet_|^conv_(norm_)?out\.|{ANOTHER_READING}",
    ),
    FileKind(
        "pose-guider",
        "a pose guider of Animate Anyone",
        f"It reads poses for Animate Anyone. {_where('pose_guider')}",
        (r"^conv_in\.weight \[[0-9]+, 3, 3, 3\]", r"^blocks\.0\.weight \[", r"^conv_out\.weight \["),
        unless=r"^attentions\.",
    ),
    FileKind(
        "champ-guider",
        "a guidance encoder of Champ",
        "It reads depth, normals, body parts or poses for Animate Anyone. "
        f"{_where('depth_guider, normal_guider, semantic_guider or pose_guider')}",
        (r"^conv_in\.weight \[[0-9]+, 3, 3, 3\]", r"^blocks\.0\.weight \[", r"^attentions\.5\.norm\."),
    ),
    FileKind(
        "aniportrait-guider",
        "the pose guider of AniPortrait",
        f"It reads face meshes for Animate Anyone. {_where('pose_guider')}",
        (r"^conv_layers_1\.0\.weight \[", r"^final_proj\.weight \["),
    ),
    FileKind(
        "paper-guider",
        "a pose guider in the form of the Animate Anyone paper",
        f"It reads poses for Animate Anyone. {_where('pose_guider')}",
        (r"^blocks\.0\.weight \[[0-9]+, 3, 4, 4\]", r"^conv_out\.weight \["),
    ),
    _refused(
        FACE_MASK,
        "the face locator of EchoMimic",
        "it reads a mask of the face, and EchoMimic moves the face by sound",
        (r"^conv_in\.weight \[[0-9]+, 1, 3, 3\]", r"^blocks\.0\.weight \["),
    ),
    _refused(
        "echomimic-reference",
        "the reference UNet of EchoMimic",
        "EchoMimic has no picture embedding and moves the face by sound",
        (*_DIFFUSERS, r"^down_blocks\.0\.attentions\.0\.transformer_blocks\.0\.attn1\."),
        unless=r"attn2\.|motion_modules\.|^controlnet_|^conv_norm_out\.",
    ),
    _refused(
        "echomimic-denoiser",
        "the denoising UNet of EchoMimic",
        "where others have a picture's embedding it reads sound, 384 numbers for every 20 ms",
        (*_DIFFUSERS, r"attn2\.to_k\.weight \[[0-9]+, 384\]"),
    ),
    _refused(
        "v-express-reference",
        "the reference net of V-Express",
        "V-Express reads it through attention layers of its own behind the self-attention, and moves the face by sound",
        (*_DIFFUSERS, r"^conv_out\.weight \["),
        unless=r"^conv_norm_out\.|attn1_5\.|motion_modules\.",
    ),
    _refused(
        "v-express-denoiser",
        "the denoising UNet of V-Express",
        "it reads the reference through attention layers of its own (attn1_5) and moves the face by sound",
        (*_DIFFUSERS, r"\.attn1_5\."),
    ),
    _refused(
        "v-express-audio",
        "the audio projection of V-Express",
        "it reads sound for V-Express",
        (r"^pos_emb", r"^latents", r"^layers\.0\.0\.to_kv\."),
    ),
    _refused(
        APPEARANCE_ENCODER,
        "the appearance encoder of MagicAnimate",
        "MagicAnimate runs it at every step and noise level, reads it in the middle and on the way up alone, and draws "
        "the body with a DensePose ControlNet",
        (*_DIFFUSERS, rf"{_LAST}(norm|proj_in|transformer_blocks\.0\.norm1)\."),
        unless=rf"{_BEHIND}|motion_modules\.|^conv_(norm_)?out\.",
    ),
    FileKind(
        "animate-anyone-training",
        "a training checkpoint of Animate Anyone with several networks in it",
        "Save the tensors of each network in a file of its own, without what stands before them (reference_unet., "
        f"denoising_unet., pose_guider.): the temporal layers belong into motion_module.pth. {MOTION_MODULE}",
        (r"(^|\.)reference_unet\.", r"(^|\.)denoising_unet\."),
        unless=r"(^|\.)(audioproj|imageproj|face_locator)\.|motion_modules\.",
    ),
    _refused(
        "hallo",
        "the Hallo model",
        "it reads three pictures, masks of the face and sound, and chains clips by their last frames",
        (r"^reference_unet\.", r"^denoising_unet\.", r"^audioproj\.|^imageproj\."),
    ),
    _refused(
        "hallo-locator",
        "the face locator of Hallo",
        "it is a part of a model that reads three pictures, masks of the face and sound",
        (r"^face_locator\.conv_in\.weight \[",),
        unless=r"^denoising_unet\.",
    ),
    _refused(
        "x-portrait",
        "the X-Portrait model",
        "it takes the picture and the pose from ControlNets of its own that see the driving face",
        (r"^(module\.)?(appearance_control_model|pose_control_model|local_pose_control_model)\.",),
    ),
)
"""Those of `KINDS` that belong to characters."""
FACE_DENOISER = _refused(
    "moore-face",
    "the denoising UNet of Moore's face model, or another one with its motion module inside",
    "the face model's unconditional half reads the answer to an empty picture, and its two guiders read landmarks "
    "and the mouth. If it is another model, split the motion_modules off into a file of their own",
    (*_DIFFUSERS, r"^conv_norm_out\.", r"^mid_block\.motion_modules\.0\.", r"attn2\.to_k\.weight \["),
    unless=ANOTHER_READING,
)
"""Not among the kinds above: it is a motion module to whoever wants one."""
