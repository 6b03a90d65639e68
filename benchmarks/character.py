"""Time and memory of a step that looks at a reference picture, against the same step with doubled keys, in one process.

Usage: python dev.py bench character [--sizes 16 32] [--frames 8] [--repeats 3] [--width 320] [--memory]
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import comfy.ldm.modules.diffusionmodules.openaimodel as openaimodel
import torch
from kinema.motion.character import UnetFile
from kinema.motion.values import ONE
from kinema.nodes.host.character.network import LayerName, ReferenceNet
from kinema.nodes.host.character.picture import Bank
from kinema.nodes.host.character.reading import Group, Reading
from kinema.nodes.host.memory import resting_place
from kinema.nodes.host.options import MOTION
from kinema.nodes.host.sampling import Call
from kinema.nodes.host.temporal import HANDLER, PATCH, Layer, Runtime, anchors_of
from torch import Tensor

from benchmarks.steps import WIDTH, Step, alternately, count_flops, motion_model, peak_memory, random_unet

HALVES = [1, 0]
"""Unconditional, conditional."""


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench character")
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 32], help="side of the latent")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of the finest level; 32 is for a quick try")
    parser.add_argument("--memory", action="store_true", help="what the host reserves for clips of 512 and 768 pixels")
    options = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    with torch.inference_mode():
        lines = reserved() if options.memory else table(options, device, dtype)
        for line in lines:
            print(line, flush=True)


def table(options: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> Iterator[str]:
    """One line for each size of latents."""
    unet, motion = random_unet(device, dtype, options.width), Layer(motion_model(device, dtype, options.width))
    yield "| latents | alone s | looks / doubled | looks / alone | arithmetic | peak / alone | bank MB |"
    yield "|---|---|---|---|---|---|---|"
    for size in options.sizes:
        bank = bank_of(options.width, size, device, dtype)
        alone, doubled, looks = steps(unet, motion, bank, size, options.frames, device, dtype)
        first, second = alternately(doubled, looks, options.repeats, device)
        third, fourth = alternately(alone, looks, options.repeats, device)
        flops = [count_flops(call) for call in imagined(size, options.frames, options.width)]
        peaks = [peak_memory(call, device) for call in (alone, looks)]
        yield (
            f"| {size}x{size} | {third.wall:.2f} | {second.busy / first.busy:.3f} | {fourth.busy / third.busy:.3f} "
            f"| {flops[1] / flops[0]:.3f} | {peaks[1] / peaks[0]:.3f} | {bank.size / 1e6:.1f} |"
        )


def imagined(size: int, frames: int, width: int) -> tuple[Step, Step]:
    """A step with doubled keys and one that looks, without numbers: attention on a CPU is not counted."""
    device, dtype = torch.device("meta"), torch.float16
    unet = random_unet(device, dtype, width)
    _, doubled, looks = steps(unet, None, bank_of(width, size, device, dtype), size, frames, device, dtype)
    return doubled, looks


def bank_of(width: int, size: int, device: torch.device, dtype: torch.dtype) -> Bank:
    """What a ReferenceNet reads in one picture of that size; the numbers play no part."""
    net = ReferenceNet(UnetFile({}, (width, 2 * width, 4 * width, 4 * width), 768), device=torch.device("meta"))
    latent, context = torch.empty(1, 4, size, size, device="meta"), torch.empty(1, 1, 768, device="meta")
    return Bank(
        {
            place: torch.randn(each.shape, device=device, dtype=dtype)
            for place, each in net.read(latent, context).items()
        }
    )


def steps(
    unet: openaimodel.UNetModel,
    layer: Layer | None,
    bank: Bank,
    size: int,
    frames: int,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[Step, Step, Step]:
    """A step on both halves that looks at itself, one with all keys doubled plainly, and one as Kinema takes it."""
    rows = len(HALVES) * frames
    x = torch.randn(rows, 4, size, size, device=device, dtype=dtype)
    t = torch.full((rows,), 500.0, device=device)
    context = torch.randn(rows, 1, 768, device=device, dtype=dtype)
    call = Call(len(HALVES), frames, range(frames), frames)
    patch = [((openaimodel.ResBlock, openaimodel.SpatialTransformer), HANDLER)]
    shared: dict[str, Any] = {"cond_or_uncond": HALVES, "patches": {PATCH: patch}}
    anchors, masks = anchors_of(unet), {}

    def double(n: Tensor, own: Tensor, value: Tensor, extra: Mapping[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        place: LayerName = (*extra["block"], extra["block_index"])
        seen = bank.read[place].expand(n.shape[0], -1, -1)
        both = torch.cat([own, seen], dim=1)
        return n, both, both

    def run(more: dict[str, Any], reading: Reading | None = None) -> Tensor:
        options = dict(shared | more)
        if layer is not None:
            options[MOTION] = Runtime(call, anchors, (layer,), masks=masks)
        if reading is not None:
            reading.into(options)
        return unet(x, t, context, transformer_options=options)

    def looks() -> Tensor:
        return run({}, Reading(bank, [Group([0], ONE)], HALVES, call, unet, {}))

    doubled = {"patches": {PATCH: patch, "attn1_patch": [double]}}
    return lambda: run({}), lambda: run(doubled), looks


def reserved() -> Iterator[str]:
    """What the host reserves for windows of 24 frames in half precision with flash attention, and what parts weigh."""
    meta, half, window = torch.device("meta"), torch.float16, 24
    unet = sum(each.numel() for each in random_unet(meta, half).parameters()) * half.itemsize / 1e9
    motion = sum(each.numel() for each in motion_model(torch.device("cpu"), half).parameters()) * half.itemsize / 1e9
    yield "| pixels | frames | denoising UNet GB | motion module GB | activations GB | bank MB | guide MB | sum GB |"
    yield "|---|---|---|---|---|---|---|---|"
    for pixels in (512, 768):
        side = pixels // 8
        # the host's own formula, see BaseModel.memory_required
        activations = len(HALVES) * window * side * side * half.itemsize * 0.01 * (1 << 20) / 1e9
        bank = bank_of(WIDTH, side, meta, half).size
        for frames in (48, 240):
            guide = frames * WIDTH * side * side * half.itemsize
            there = guide if resting_place(guide, meta) == meta else guide * window // frames
            total = unet + motion + activations + (bank + there) / 1e9
            yield (
                f"| {pixels} | {frames} | {unet:.2f} | {motion:.2f} | {activations:.2f} | {bank / 1e6:.0f} "
                f"| {there / 1e6:.0f} of {guide / 1e6:.0f} | {total:.2f} |"
            )
