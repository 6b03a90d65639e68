"""Time and memory of UNet calls that leave and see a reference window, against plain ones, in one process.

Usage: python dev.py bench context_reference [--sizes 16 32] [--frames 16] [--repeats 3] [--fidelity 1.0]
    [--width 320]
"""

import argparse
from collections.abc import Iterator, Sequence

import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from kinema.motion.values import ONE
from kinema.motion.windows import WAYS, ReferenceOptions
from kinema.nodes.host.options import TIMING
from kinema.nodes.host.sampling import Timing
from kinema.nodes.host.windows.attach import readers
from kinema.nodes.host.windows.bank import Bank, ContextReference, Part
from kinema.nodes.host.windows.patches import Shown
from torch import Tensor

from benchmarks.steps import WIDTH, Step, alternately, count_flops, peak_memory, random_unet


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench context_reference")
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 32], help="side of the latent")
    parser.add_argument("--frames", type=int, default=16, help="frames in a window")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fidelity", type=float, default=1.0, help="style_fidelity")
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of the finest level; 32 is for a quick try")
    options = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    print("| by | latents | plain s | sees / plain | leaves / plain | arithmetic | peak | bank MB |")
    print("|---|---|---|---|---|---|---|---|")
    with torch.inference_mode():
        unet = random_unet(device, dtype, options.width)
        for size in options.sizes:
            for line in rows(unet, size, options, device, dtype):
                print(line, flush=True)


def rows(
    unet: UNetModel, size: int, options: argparse.Namespace, device: torch.device, dtype: torch.dtype
) -> Iterator[str]:
    """One size of latents."""
    for by in WAYS:
        bank = Bank(on_cpu=False)
        how = ReferenceOptions(by=by, style_fidelity=options.fidelity)
        plain = step(unet, None, size, options.frames, device, dtype)
        leaves = step(unet, part(unet, how, bank, writes=True), size, options.frames, device, dtype)
        sees = step(unet, part(unet, how, bank, writes=False), size, options.frames, device, dtype)
        first, second = alternately(plain, leaves, options.repeats, device)
        third, fourth = alternately(plain, sees, options.repeats, device)
        flops = [count_flops(call) for call in imagined(how, size, options.frames, options.width)]
        peaks = [peak_memory(call, device) for call in (plain, sees)]
        yield (
            f"| {by} | {size}x{size} | {third.wall:.2f} | {fourth.busy / third.busy:.3f} "
            f"| {second.busy / first.busy:.3f} | {flops[1] / flops[0]:.3f} | {peaks[1] / peaks[0]:.3f} "
            f"| {bank.size / 1e6:.1f} |"
        )


def imagined(how: ReferenceOptions, size: int, frames: int, width: int) -> tuple[Step, Step]:
    """A plain call and one that sees a reference window without numbers: attention on a CPU is not counted."""
    device, dtype = torch.device("meta"), torch.float16
    unet, bank = random_unet(device, dtype, width), Bank(on_cpu=False)
    step(unet, part(unet, how, bank, writes=True), size, frames, device, dtype)()
    plain = step(unet, None, size, frames, device, dtype)
    return plain, step(unet, part(unet, how, bank, writes=False), size, frames, device, dtype)


def part(unet: UNetModel, options: ReferenceOptions, bank: Bank, writes: bool) -> Part:
    """All layers see the reference window in full, or leave something for others."""
    attentions, blocks = readers(unet)
    reference = ContextReference(
        options,
        tuple(attentions) if "attention" in options.by else (),
        tuple(blocks) if "adain" in options.by else (),
    )
    return Part(reference, ONE, bank, reads=not writes, writes=writes)


def step(unet: UNetModel, what: Part | None, size: int, frames: int, device: torch.device, dtype: torch.dtype) -> Step:
    """One UNet call on cond and uncond together."""
    x = torch.randn(2 * frames, 4, size, size, device=device, dtype=dtype)
    t = torch.full((2 * frames,), 500.0, device=device)
    context = torch.randn(2 * frames, 77, 768, device=device, dtype=dtype)
    options = {"cond_or_uncond": [1, 0], "uuids": ["negative", "positive"], TIMING: Timing(None, [1.0])}

    def call() -> Tensor:
        used = options if what is None else Shown(what, 2 * frames, options, None).into(options)
        return unet(x, t, context, transformer_options=dict(used))

    return call
