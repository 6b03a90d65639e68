"""Time and memory of a sampling step with and without a motion module, as ratios measured in one process.

Usage: python dev.py bench [--sizes 32 64] [--frames 16] [--repeats 3] [--width 320] [--modules]
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.ldm.modules.diffusionmodules.openaimodel as openaimodel
import comfy.ops
import torch
from kinema.motion.formats import recognise
from kinema.motion.temporal import Mixing, MotionModel, TemporalTransformer, load_motion_model
from kinema.motion.values import Mask, MotionValue, listed
from kinema.nodes.host.options import MOTION
from kinema.nodes.host.sampling import Call
from kinema.nodes.host.temporal import HANDLER, PATCH, Layer, Runtime, anchors_of
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from tests.harness.seeded import layouts, weights

Step = Callable[[], Tensor]
Inputs = list[tuple[TemporalTransformer, Tensor]]
WIDTH = 320
"""Channels of SD1.5's finest level; the others have twice, four and four times as many."""


@dataclass
class Timing:
    """Seconds of one call: wall, and processor (CPU) or event (CUDA) time."""

    wall: float
    busy: float


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="dev.py bench")
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--frames", type=int, nargs="+", default=[16])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of the finest level; 32 is for a quick try")
    parser.add_argument("--modules", action="store_true", help="the temporal transformers alone")
    parser.add_argument("--values", action="store_true", help="lists, masks and curves against plain numbers")
    options = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    print(f"{_name(device)}, {dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with torch.inference_mode():
        model = motion_model(device, dtype, options.width)
        table = modules_table if options.modules else values_table if options.values else steps_table
        for line in table(model, device, dtype, options):
            print(line, flush=True)


def steps_table(
    model: MotionModel, device: torch.device, dtype: torch.dtype, options: argparse.Namespace
) -> Iterator[str]:
    """Whole UNet steps."""
    unet = random_unet(device, dtype, options.width)
    yield "| latents | frames | plain s | animated s | overhead | wall overhead | arithmetic | peak |"
    yield "|---|---|---|---|---|---|---|---|"
    for size in options.sizes:
        for frames in options.frames:
            plain, moving = (step(unet, used, size, frames, device, dtype) for used in (None, Layer(model)))
            first, second = alternately(plain, moving, options.repeats, device)
            flops = [count_flops(call) for call in (plain, moving)]
            peaks = [peak_memory(call, device) for call in (plain, moving)]
            yield (
                f"| {size}x{size} | {frames} | {first.wall:.2f} | {second.wall:.2f} "
                f"| {second.busy / first.busy - 1:.3f} | {second.wall / first.wall - 1:.3f} "
                f"| {flops[1] / flops[0] - 1:.3f} | {peaks[1] / peaks[0]:.3f} of {peaks[0] / 1e9:.3f} GB |"
            )


def values_table(
    model: MotionModel, device: torch.device, dtype: torch.dtype, options: argparse.Namespace
) -> Iterator[str]:
    """Steps with a list of motion scales and a mask for each frame, against steps with numbers."""
    unet = random_unet(device, dtype, options.width)
    yield "| latents | frames | numbers s | values s | more | wall more |"
    yield "|---|---|---|---|---|---|"
    for size in options.sizes:
        for frames in options.frames:
            scale = MotionValue(curves=(listed([1.0 + 0.01 * n for n in range(frames)]),))
            effect = MotionValue(masks=(Mask(torch.rand(frames, 8 * size, 8 * size)),))
            plain, varied = (
                step(unet, layer, size, frames, device, dtype) for layer in (Layer(model), Layer(model, scale, effect))
            )
            first, second = alternately(plain, varied, options.repeats, device)
            yield (
                f"| {size}x{size} | {frames} | {first.wall:.2f} | {second.wall:.2f} "
                f"| {second.busy / first.busy - 1:.3f} | {second.wall / first.wall - 1:.3f} |"
            )


def modules_table(
    model: MotionModel, device: torch.device, dtype: torch.dtype, options: argparse.Namespace
) -> Iterator[str]:
    """The temporal transformers alone, against nothing but their own matrix products."""
    yield "| latents | frames | modules s | matrix products s | ratio | TFLOP/s |"
    yield "|---|---|---|---|---|---|"
    for size in options.sizes:
        for frames in options.frames:
            inputs = [
                (layer, torch.randn(2 * frames, channels, side, side, device=device, dtype=dtype))
                for layer, channels, side in _layers(model, size)
            ]
            modules = partial(_modules, inputs, frames)
            first, second = alternately(partial(_products, inputs), modules, options.repeats, device)
            rate = count_flops(modules) / second.wall / 1e12
            ratio = second.wall / first.wall
            yield f"| {size}x{size} | {frames} | {second.wall:.4f} | {first.wall:.4f} | {ratio:.2f} | {rate:.2f} |"


def _layers(model: MotionModel, size: int) -> Iterator[tuple[TemporalTransformer, int, int]]:
    """Each temporal transformer with its channels and the side of the feature map it sees."""
    for block, channels in model.channels.items():
        level = {"input": (block[1] - 1) // 3, "output": 3 - block[1] // 3, "middle": 3}[block[0]]
        layer = model.at(block)
        assert layer is not None
        yield layer, channels, max(1, size >> level)


def _modules(inputs: Inputs, frames: int) -> Tensor:
    return [layer(x, Mixing(frames)) for layer, x in inputs][-1]


def _products(inputs: Inputs) -> Tensor:
    return [_product(layer, x) for layer, x in inputs][-1]


def _product(layer: Any, x: Tensor) -> Tensor:
    """The matrix products of a temporal transformer and nothing else."""
    tokens = x.flatten(2).transpose(1, 2).reshape(-1, x.shape[1])
    for attention in layer.attentions:
        attention.to_out(attention.to_qkv(tokens)[:, : x.shape[1]])
    layer.proj_in(tokens)
    layer.ff_out(layer.ff_in(tokens)[:, : 4 * x.shape[1]])
    return layer.proj_out(tokens)


def random_unet(device: torch.device, dtype: torch.dtype, width: int = WIDTH) -> openaimodel.UNetModel:
    """An SD1.5 UNet; speed does not depend on what the weights are."""
    config = {key: list(value) if isinstance(value, list) else value for key, value in weights.UNET.items()}
    config |= {"model_channels": width, "channel_mult": [1, 2, 4, 4]}
    operations = comfy.ops.disable_weight_init
    unet = openaimodel.UNetModel(**config, dtype=dtype, device=device, operations=operations)  # type: ignore[arg-type]
    for parameter in unet.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    return unet.eval().requires_grad_(False)


def motion_model(device: torch.device, dtype: torch.dtype, width: int = WIDTH) -> MotionModel:
    """AnimateDiff v2: 21 temporal transformers."""
    state = layouts.motion_module((width, 2 * width, 4 * width, 4 * width))
    recognised = recognise({key: tuple(value.shape) for key, value in state.items()}, "seeded")
    return load_motion_model(state, recognised, "seeded", comfy.ops.manual_cast, dtype, device)


def step(
    unet: openaimodel.UNetModel,
    layer: Layer | None,
    size: int,
    frames: int,
    device: torch.device,
    dtype: torch.dtype,
) -> Step:
    """One UNet call on cond and uncond together, with or without the temporal layers."""
    x = torch.randn(2 * frames, 4, size, size, device=device, dtype=dtype)
    t = torch.full((2 * frames,), 500.0, device=device)
    context = torch.randn(2 * frames, 77, 768, device=device, dtype=dtype)
    options: dict[str, object] = {"cond_or_uncond": [1, 0]}
    if layer is None:
        return lambda: unet(x, t, context, transformer_options=dict(options))
    options["patches"] = {PATCH: [((openaimodel.ResBlock, openaimodel.SpatialTransformer), HANDLER)]}
    anchors, masks, spoken = anchors_of(unet), {}, Call(2, frames, range(frames), frames)

    def call() -> Tensor:
        record = Runtime(spoken, anchors, (layer,), masks=masks)
        return unet(x, t, context, transformer_options=options | {MOTION: record})

    return call


def alternately(first: Step, second: Step, repeats: int, device: torch.device) -> tuple[Timing, Timing]:
    """Medians of two calls that take turns, after one warm-up each."""
    for call in (first, second):
        call()
    times: tuple[list[Timing], list[Timing]] = ([], [])
    for number in range(repeats):
        order = ((0, first), (1, second)) if number % 2 == 0 else ((1, second), (0, first))
        for which, call in order:
            times[which].append(timed(call, device))
    medians = [
        Timing(statistics.median(item.wall for item in items), statistics.median(item.busy for item in items))
        for items in times
    ]
    return medians[0], medians[1]


def timed(call: Step, device: torch.device) -> Timing:
    """Run once."""
    if device.type == "cuda":
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        return Timing(begin.elapsed_time(end) / 1000, begin.elapsed_time(end) / 1000)
    wall, busy = time.perf_counter(), time.process_time()
    call()
    return Timing(time.perf_counter() - wall, time.process_time() - busy)


def count_flops(call: Step) -> int:
    """Floating-point operations of the matrix products and convolutions."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def peak_memory(call: Step, device: torch.device) -> int:
    """Highest live bytes allocated by one call, weights and inputs not counted."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return torch.cuda.max_memory_allocated() - before
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as recorded:
        call()
    live = highest = 0
    for event in recorded.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            live += event.nbytes()  # type: ignore[attr-defined]
            highest = max(highest, live)
    return highest


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
