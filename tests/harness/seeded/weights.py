"""Write seeded random models that a real ComfyUI loads, laid out like its ``models`` folder.

Usage: python -m tests.harness.seeded.weights COMFYUI_FOLDER OUT_FOLDER

The checkpoint is a "mini" SD1.5: all 16 spatial transformers and 21 motion places, but 320 channels on every level,
the narrowest the host's detection takes. Its VAE has the TAESD layout because the full VAE is slow on a CPU.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..pack import load_host
from .layouts import MINI, motion_module, tensor
from .layouts_crossframe import one_shot
from .layouts_lora import domain_adapter, image_lora, motion_lora
from .names import ADAPTER, CHECKPOINT, LCM_LORA, MOTION_LORA, ONE_SHOT

MOTION = {
    "kinema_seeded_mm_v1_mini.safetensors": {"mid": False, "positions": 24},
    "kinema_seeded_mm_v2_mini.safetensors": {"mid": True, "positions": 32},
    "kinema_seeded_mm_v3_mini.safetensors": {"mid": False, "positions": 32},
    "kinema_seeded_animatelcm_mini.safetensors": {"mid": True, "positions": None},
}
UNET = {
    "image_size": 32,
    "use_checkpoint": False,
    "use_spatial_transformer": True,
    "legacy": False,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 320,
    "num_heads": 8,
    "num_head_channels": -1,
    "context_dim": 768,
    "use_linear_in_transformer": False,
    "adm_in_channels": None,
    "use_temporal_attention": False,
    "use_temporal_resblock": False,
    "transformer_depth_middle": 1,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 1, 1, 1],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
}
"""ComfyUI's configuration of the mini UNet; full SD1.5 has channel_mult [1, 2, 4, 4]."""
RGB_OF_LATENT = torch.tensor([[0.2, 0.1, 0.05], [-0.1, 0.15, 0.1], [0.1, -0.1, 0.2], [0.1, 0.15, -0.15]])


def unet(config: dict[str, object] = UNET, seed: int = 0) -> dict[str, Tensor]:
    """A UNet in the original (ldm) layout whose output is close to its noisy input.

    So it denoises instead of adding noise to noise, and what it draws comes from the random rest of it.
    """
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

    with torch.device("meta"):
        shapes = {key: value.shape for key, value in UNetModel(**_copied(config)).state_dict().items()}
    state = {key: tensor(key, shape, _gain(key), seed) for key, shape in shapes.items()}
    _pass_input_through(state)
    return state


def _copied(config: dict[str, object]) -> dict[str, object]:
    # UNetModel pops entries off the lists it is given
    return {key: list(value) if isinstance(value, list) else value for key, value in config.items()}


def _gain(key: str) -> float:
    return 0.7 if "out_layers.3" in key or "proj_out" in key or "to_out" in key or "ff.net.2" in key else 1.0


def _pass_input_through(state: dict[str, Tensor]) -> None:
    """Carry the latent from the first convolution over the outermost skip connection to the output."""
    channels = range(4)
    block = f"output_blocks.{max(int(key.split('.')[1]) for key in state if key.startswith('output_blocks.'))}"
    first, last, head = state["input_blocks.0.0.weight"], f"{block}.0.skip_connection.weight", state["out.2.weight"]
    width = first.shape[0]
    first[:8] = 0
    state["input_blocks.0.0.bias"][:8] = 0
    state[last][:8] = 0
    head[:, :8] = 0
    # at full resolution SD1.5 has a transformer, SDXL has none
    beside = (f"{block}.0.out_layers.3", f"{block}.0.emb_layers.1", f"{block}.1.proj_out")
    for key in (f"{name}.{part}" for name in beside for part in ("weight", "bias")):
        if key in state:
            state[key][:8] *= 0.1
    head *= 0.1
    state["out.2.bias"] *= 0
    for c in channels:
        # silu(x) - silu(-x) = x, so each latent channel travels with both signs
        for offset, sign in ((0, 1.0), (4, -1.0)):
            first[c + offset, c, 1, 1] = 3.0 * sign
            state[last][c + offset, width + c + offset, 0, 0] = 1.0
            head[c, c + offset, 1, 1] = sign


def clip_l() -> dict[str, Tensor]:
    """The text encoder of SD1.5 (CLIP ViT-L/14, 12 layers of 768)."""
    width, inner = 768, 3072
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.token_embedding.weight": (49408, width),
        "embeddings.position_embedding.weight": (77, width),
        "final_layer_norm.weight": (width,),
        "final_layer_norm.bias": (width,),
    }
    for i in range(12):
        layer = f"encoder.layers.{i}."
        for part, (out, into) in {
            **{f"self_attn.{name}_proj": (width, width) for name in ("q", "k", "v", "out")},
            "mlp.fc1": (inner, width),
            "mlp.fc2": (width, inner),
        }.items():
            shapes |= {f"{layer}{part}.weight": (out, into), f"{layer}{part}.bias": (out,)}
        for part in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{layer}{part}.weight": (width,), f"{layer}{part}.bias": (width,)}
    return {key: tensor(key, shape, 0.9) for key, shape in shapes.items()}


def taesd() -> dict[str, Tensor]:
    """A tiny autoencoder in the TAESD layout."""
    from comfy.taesd.taesd import Decoder, Encoder

    state: dict[str, Tensor] = {}
    for prefix, kind in (("taesd_decoder.", Decoder), ("taesd_encoder.", Encoder)):
        with torch.device("meta"):
            shapes = {prefix + key: value.shape for key, value in kind(latent_channels=4).state_dict().items()}
        state |= {key: tensor(key, shape, 1.0 if "encoder" in prefix else 0.1) for key, shape in shapes.items()}
    _show_latent(state)
    return state


def _show_latent(state: dict[str, Tensor]) -> None:
    """Make the random decoder draw the latent as soft colours instead of clipping to black."""
    first, *upsampled, last = [key for key, value in state.items() if key.startswith("taesd_decoder.") and _plain(key)]
    state[first][:8] = 0
    state[first.replace("weight", "bias")] *= 0.1
    blur = torch.tensor([1.0, 2.0, 1.0])
    for c in range(4):
        for offset, sign in ((0, 1.0), (4, -1.0)):
            # a pair of rectified channels carries one signed value through the blocks
            state[first][c + offset, c, 1, 1] = sign
            for key in upsampled:
                state[key][c + offset] = 0
                state[key][c + offset, c + offset] = torch.outer(blur, blur) / 16
            state[last][:, c + offset] = 0
            state[last][:, c + offset, 1, 1] = sign * RGB_OF_LATENT[c]
    state[last.replace("weight", "bias")] += 0.5


def _plain(key: str) -> bool:
    """A convolution outside the residual blocks."""
    return key.count(".") == 2 and key.endswith("weight")


def write_models(out: Path) -> None:
    """Write the checkpoint, the motion modules and the LoRAs."""
    parts = {"model.diffusion_model.": unet(), "cond_stage_model.transformer.text_model.": clip_l()}
    save(joined(parts | {"first_stage_model.": taesd()}), out / "checkpoints" / CHECKPOINT)
    for name, options in MOTION.items():
        save(motion_module(MINI, **options), out / "animatediff_models" / name)
    save(motion_lora(MINI, rank=16), out / "animatediff_motion_lora" / MOTION_LORA)
    save(image_lora(MINI, rank=4), out / "loras" / LCM_LORA)
    save(domain_adapter(MINI, rank=4), out / "loras" / ADAPTER)
    save(one_shot(MINI), out / "tune_a_video" / ONE_SHOT)


def joined(parts: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """One checkpoint of several models, each under its prefix."""
    return {prefix + key: value for prefix, state in parts.items() for key, value in state.items()}


def save(state: dict[str, Tensor], path: Path) -> None:
    """Write a file in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.half().contiguous() for key, value in state.items()}, path)


def run_script(write: Callable[[Path], None]) -> None:
    """What this file does when it runs as a script, with another function that writes the models."""
    comfyui, target = sys.argv[1:]
    load_host(comfyui, "--cpu")
    write(Path(target))


if __name__ == "__main__":
    run_script(write_models)
