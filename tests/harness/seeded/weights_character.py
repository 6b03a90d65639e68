"""Seeded random files of Animate Anyone, as Moore's release has them. Needs ComfyUI on the path."""

from pathlib import Path

from torch import Tensor

from .layouts import MINI, Shape, layer, motion_module, tensor
from .layouts_character import denoising_unet, ldm_name, reference_unet, seeded
from .layouts_guiders import moore_guider, seeded_guider
from .names import CHARACTER_MOTION, CLIP_VISION, DENOISING_UNET, POSE_GUIDER, REFERENCE_UNET, VAE
from .weights import save, taesd, unet

FOLDER = "animate_anyone"
LAYERS = 24
WIDTH = 1024


def denoiser() -> dict[str, Tensor]:
    """`weights.unet` under diffusers' names, so that it denoises as the checkpoint does."""
    original = unet()
    return {key: original[ldm_name(key)] for key in denoising_unet(MINI)}


def clip_vision_shapes() -> dict[str, Shape]:
    """Name and shape of every tensor of CLIP ViT-L/14's picture half with its projection to 768."""
    shapes = dict(_outer())
    for n in range(LAYERS):
        shapes |= {f"vision_model.encoder.layers.{n}.{key}": shape for key, shape in _inner().items()}
    return shapes


def _outer() -> dict[str, Shape]:
    embeddings = "vision_model.embeddings"
    return {
        f"{embeddings}.class_embedding": (WIDTH,),
        f"{embeddings}.patch_embedding.weight": (WIDTH, 3, 14, 14),
        f"{embeddings}.position_embedding.weight": (257, WIDTH),
        **layer("vision_model.pre_layrnorm", WIDTH),
        **layer("vision_model.post_layernorm", WIDTH),
        "visual_projection.weight": (768, WIDTH),
    }


def _inner() -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for part in ("q", "k", "v", "out"):
        shapes |= layer(f"self_attn.{part}_proj", WIDTH, WIDTH)
    shapes |= layer("mlp.fc1", 4 * WIDTH, WIDTH) | layer("mlp.fc2", WIDTH, 4 * WIDTH)
    return shapes | layer("layer_norm1", WIDTH) | layer("layer_norm2", WIDTH)


def clip_vision() -> dict[str, Tensor]:
    """A CLIP ViT-L/14 for pictures, half precision; one layer is random and all repeat it, for the sake of time."""
    state = {key: tensor(f"clip_vision.{key}", shape).half() for key, shape in _outer().items()}
    drawn = {key: tensor(f"clip_vision.{key}", shape, _gain(key)).half() for key, shape in _inner().items()}
    for n in range(LAYERS):
        # a file cannot hold one tensor under two names
        state |= {f"vision_model.encoder.layers.{n}.{key}": value.clone() for key, value in drawn.items()}
    return state


def _gain(key: str) -> float:
    return 0.5 if key.startswith(("self_attn.out_proj", "mlp.fc2")) else 1.0


def write_character(out: Path) -> None:
    """Write the four files of a character, the picture encoder that reads it and a VAE of its own file."""
    folder = out / FOLDER
    save(denoiser(), folder / DENOISING_UNET)
    save(seeded(reference_unet(MINI), "reference"), folder / REFERENCE_UNET)
    # poses draw thin lines, so what is read of them has to be loud to be seen in a random clip
    save(seeded_guider(moore_guider(MINI[0]), "pose", gain=2.0), folder / POSE_GUIDER)
    save(motion_module(MINI, mid=True, positions=32, seed=1), folder / CHARACTER_MOTION)
    save(clip_vision(), out / "clip_vision" / CLIP_VISION)
    save(taesd(), out / "vae" / VAE)
