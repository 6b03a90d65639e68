"""A step of training a MotionLoRA against forward and backward of the same network written plainly, and its memory."""

import argparse
import math
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from einops import rearrange
from kinema.motion.clips import Batch
from kinema.motion.formats import SQRT_LINEAR, Site, recognise, shapes_of
from kinema.motion.temporal import LoraModel, MotionModel, TemporalTransformer, load_motion_model
from kinema.motion.training import Denoising, Noising, Settings, Trainer, new_motion_lora
from kinema.nodes.host.temporal import PATCH, anchors_of
from kinema.nodes.host.training import HostNetwork, learning
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from benchmarks.steps import WIDTH, alternately, peak_memory, random_unet
from tests.harness.seeded import layouts

TOKENS, TEXT = 77, 768
RANK = 64
GIGA = 1e9
MODES = ("off", "on")


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python dev.py bench training")
    parser.add_argument("--size", type=int, default=32, help="height and width of the latents")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of the UNet's first level")
    parser.add_argument("--repeats", type=int, default=3, help="0 measures memory alone")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true", help="compute in bf16")
    parser.add_argument("--checkpointing", choices=MODES, default=[*MODES], nargs="+")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    with learning():
        for line in tables(chosen.size, chosen.frames, chosen.width, chosen.repeats, chosen.half, chosen.checkpointing):
            print(line, flush=True)


def tables(
    size: int, frames: int, width: int, repeats: int, half: bool = False, modes: Sequence[str] = MODES
) -> Iterator[str]:
    """The table, a line at a time."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if half else torch.float32
    unet = random_unet(device, dtype, width)
    motion = _motion(device, dtype, width)
    lora = new_motion_lora(motion, _sites(), RANK, 0).to(device)
    with torch.no_grad():
        for layer in lora.layers:
            layer.up.weight.normal_(std=0.01)  # type: ignore[union-attr]
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(1, 4, frames, size, size, generator=generator).to(device)
    batch = Batch(latents, torch.randn(1, TOKENS, TEXT, generator=generator).to(device), (0,))
    yield f"MotionLoRA of rank {RANK}, {frames} frames of {size}x{size} latents, width {width}, {dtype} on {device}"
    yield "| checkpointing | step s | plain s | step / plain | peak activations GB | with all weights GB |"
    yield "|---|---|---|---|---|---|"
    for saves in (mode == "on" for mode in modes):
        step = _trainer(unet, motion, lora, batch, device, saves)
        plain = _plain(unet, motion, lora, batch, dtype, saves)
        times = ("", "", "")
        if repeats:
            ours, theirs = alternately(step.advance, plain, repeats, device)
            times = (f"{ours.busy:.2f}", f"{theirs.busy:.2f}", f"{ours.busy / theirs.busy:.3f}")
        peak = peak_memory(step.advance, device)
        held = _weights(unet, motion, lora)
        yield (f"| {'on' if saves else 'off'} | {' | '.join(times)} | {peak / GIGA:.2f} | {(peak + held) / GIGA:.2f} |")


def _motion(device: torch.device, dtype: torch.dtype, width: int) -> MotionModel:
    state = layouts.motion_module((width, 2 * width, 4 * width, 4 * width))
    return load_motion_model(state, recognise(shapes_of(state), "seeded"), "seeded", nn, dtype, device)


def _sites() -> list[Site]:
    down = [Site("down", level, layer) for level in range(4) for layer in range(2)]
    return [*down, *(Site("up", level, layer) for level in range(4) for layer in range(3)), Site("mid", 0, 0)]


def _trainer(unet: Any, motion: MotionModel, lora: LoraModel, batch: Batch, device: Any, saves: bool) -> Trainer:
    copied: Any = SimpleNamespace(model=SimpleNamespace(diffusion_model=unet), load_device=device)
    learnt = {f"temporal.{name}": each for name, each in lora.named_parameters()}
    network = HostNetwork(copied, learnt, motion, loras=(lora,), checkpointing=saves)
    settings = Settings(steps=10_000, learning_rate=1e-9)
    return Trainer(network, lambda _: batch, Denoising(), Noising.of(SQRT_LINEAR), settings, saves)


def _weights(unet: nn.Module, motion: nn.Module, lora: nn.Module) -> int:
    """Bytes of all weights, with what AdamW keeps of those that are learnt."""
    frozen = sum(each.nbytes for module in (unet, motion) for each in module.parameters())
    # the weights themselves, and two averages; gradients are in the peak
    return frozen + 3 * sum(each.nbytes for each in lora.parameters())


def _plain(unet: Any, motion: MotionModel, lora: LoraModel, batch: Batch, dtype: torch.dtype, saves: bool) -> Any:
    """Forward, mean squared error and backward, every layer as its formula says."""
    anchors, frames = anchors_of(unet), batch.latents.shape[2]
    changed = {block: _merged(motion.at(block), lora.at(block)) for block in motion.channels}

    def handler(layer: Any, x: Tensor, emb: Tensor, context: Tensor, options: dict[str, Any], *_: Any) -> Tensor:
        block, is_transformer = options["block"], isinstance(layer, SpatialTransformer)

        def run(x: Tensor) -> Tensor:
            x = layer(x, context) if is_transformer else layer(x, emb)
            follows = anchors.get(block) is (SpatialTransformer if is_transformer else ResBlock)
            return _temporal(x, motion.at(block), changed[block](), frames) if follows and block in changed else x

        return checkpoint(run, x, use_reentrant=False) if saves else run(x)  # type: ignore[return-value]

    def step() -> None:
        for parameter in lora.parameters():
            parameter.grad = None
        x = rearrange(batch.latents, "b c f h w -> (b f) c h w").to(dtype)
        times, texts = torch.full((frames,), 500), batch.context.to(dtype).expand(frames, -1, -1)
        options = {"patches": {PATCH: [((ResBlock, SpatialTransformer), handler)]}}
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
            predicted = unet(x, times.to(x.device), context=texts, transformer_options=options)
        F.mse_loss(predicted.float(), torch.zeros_like(predicted, dtype=torch.float32)).backward()

    return step


def _merged(layer: Any, low: Any) -> Any:
    """Makes the weights of the attentions with the LoRA in them, anew in every step, as gradients need them."""

    def made() -> dict[str, Tensor]:
        weights = {}
        for n, attention in enumerate(layer.attentions):
            thirds = dict(zip("qkv", attention.to_qkv.weight.chunk(3), strict=True)) | {"out": attention.to_out.weight}
            for part, weight in thirds.items():
                term = low[f"attentions.{n}.to_{part}"]
                weights[f"{n}{part}"] = weight + (term.up.weight @ term.down.weight).to(weight)
        return weights

    return made


def _temporal(x: Tensor, layer: TemporalTransformer | None, weights: dict[str, Tensor], frames: int) -> Tensor:
    """Section 3.1 of the paper's code, a formula a line."""
    assert layer is not None
    height = x.shape[2]
    tokens = rearrange(layer.norm(x), "(b f) c h w -> (b h w) f c", f=frames)
    tokens = layer.proj_in(tokens)
    for n, attention in enumerate(layer.attentions):
        seen = attention.norm(tokens) + attention.positions.table[:frames].to(tokens)  # type: ignore[operator,union-attr,index]
        query, key, value = (
            rearrange(F.linear(seen, weights[f"{n}{part}"]), "p f (a c) -> p a f c", a=8) for part in "qkv"
        )
        mixed = F.scaled_dot_product_attention(query, key, value, scale=1.0 / math.sqrt(query.shape[-1]))
        mixed = rearrange(mixed, "p a f c -> p f (a c)")
        tokens = F.linear(mixed, weights[f"{n}out"], attention.to_out.bias) + tokens  # type: ignore[union-attr,arg-type]
    gated, gate = layer.ff_in(layer.ff_norm(tokens)).chunk(2, -1)
    tokens = layer.ff_out(gated * F.gelu(gate)) + tokens
    return x + rearrange(layer.proj_out(tokens), "(b h w) f c -> (b f) c h w", h=height, w=x.shape[3])
