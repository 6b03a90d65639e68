"""Write seeded random models that only tests need (SDXL, ControlNet and others) in the folders of ComfyUI's ``models``.

Usage: python -m tests.harness.seeded.weights_xl COMFYUI_FOLDER OUT_FOLDER

The UNet is a "mini" SDXL: three levels of 320 channels, as deep as Segmind Vega, a relative the host knows. The text
encoders have their full size because the host always builds all of them.
"""

from pathlib import Path

import torch
from torch import Tensor

from .layouts import MINI, motion_module, tensor
from .layouts_camera import camera_ctrl
from .names import CAMERA, CHECKPOINT_XL, CONTROL, DEPTH, FILM, MOTION_XL, SPARSE
from .weights import UNET, clip_l, joined, run_script, save, taesd, unet
from .weights_character import write_character
from .weights_control import controlnet
from .weights_depth import depth_anything
from .weights_interpolation import film
from .weights_pictures import write_pictured
from .weights_sparse import sparse_control

MINI_XL = (320, 320, 320)
UNET_XL = UNET | {
    "num_heads": -1,
    "num_head_channels": 64,
    "context_dim": 2048,
    "adm_in_channels": 2816,
    "num_classes": "sequential",
    "use_linear_in_transformer": True,
    "num_res_blocks": [2, 2, 2],
    "channel_mult": [1, 1, 1],
    "transformer_depth": [0, 0, 1, 1, 2, 2],
    "transformer_depth_output": [0, 0, 0, 1, 1, 1, 2, 2, 2],
}
"""ComfyUI's configuration of the mini UNet; full SDXL has channel_mult [1, 2, 4] and up to 10 transformer blocks."""
LAYERS = 32
DRAWN = 2
"""So many layers of CLIP-G are random; the others repeat them, which takes a sixteenth of the time."""


def clip_g() -> dict[str, Tensor]:
    """The second text encoder of SDXL (OpenCLIP ViT-bigG/14, 32 layers of 1280) in OpenCLIP's layout."""
    width = 1280
    outer = {
        "token_embedding.weight": (49408, width),
        "positional_embedding": (77, width),
        "ln_final.weight": (width,),
        "ln_final.bias": (width,),
        "text_projection": (width, width),
    }
    inner: dict[str, tuple[int, ...]] = {"attn.in_proj_weight": (3 * width, width), "attn.in_proj_bias": (3 * width,)}
    for part, (out, into) in {
        "attn.out_proj": (width, width),
        "mlp.c_fc": (4 * width, width),
        "mlp.c_proj": (width, 4 * width),
    }.items():
        inner |= {f"{part}.weight": (out, into), f"{part}.bias": (out,)}
    for part in ("ln_1", "ln_2"):
        inner |= {f"{part}.weight": (width,), f"{part}.bias": (width,)}
    state = {key: tensor(key, shape, 0.9).half() for key, shape in outer.items()}
    drawn = [{key: tensor(f"{i}.{key}", shape, 0.9).half() for key, shape in inner.items()} for i in range(DRAWN)]
    for i in range(LAYERS):
        # a file cannot hold one tensor under two names
        state |= {f"transformer.resblocks.{i}.{key}": value.clone() for key, value in drawn[i % DRAWN].items()}
    return state


def write_models(out: Path) -> None:
    """Write one file of each kind."""
    parts = {
        "model.diffusion_model.": unet(UNET_XL),
        "conditioner.embedders.0.transformer.text_model.": clip_l(),
        "conditioner.embedders.1.model.": clip_g(),
        # random weights denoise badly, and the more so the wider the range of noise: without it all colours clip
        "first_stage_model.": taesd() | {"vae_scale": torch.tensor(0.01)},
    }
    save(joined(parts), out / "checkpoints" / CHECKPOINT_XL)
    save(motion_module(MINI_XL, mid=False, positions=32), out / "animatediff_models" / MOTION_XL)
    save(controlnet(), out / "controlnet" / CONTROL)
    save(depth_anything(), out / "geometry_estimation" / DEPTH)
    save(film(), out / "frame_interpolation" / FILM)
    save(camera_ctrl(), out / "animatediff_models" / CAMERA)
    write_pictured(MINI, out / "animatediff_models")
    save(sparse_control("rgb"), out / "controlnet" / SPARSE)
    write_character(out)


if __name__ == "__main__":
    run_script(write_models)
