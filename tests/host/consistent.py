"""Windows that agree, as the nodes make them and by hand: one after another, with hooks on the modules of the UNet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import comfy.sample
import torch
from comfy.ldm.modules.attention import BasicTransformerBlock
from kinema.motion.values import Acts
from kinema.motion.windows import ReferenceOptions, WindowOptions, plan_windows
from kinema.nodes.host.windows import attach as reference
from kinema.nodes.host.windows import bank
from kinema.nodes.host.windows import sliding as windows
from kinema.nodes.inputs import as_value
from torch import Tensor

from .models import Patcher, conds

FRAMES, CFG = 7, 5.0
OPTIONS = WindowOptions(length=4, overlap=1)
PLANNED = plan_windows(FRAMES, 0, OPTIONS)
"""Windows of the frames 0 to 3 and 3 to 6."""
ADAIN = [("input", n) for n in (4, 5, 7, 8, 10, 11)] + [("middle", 0)] + [("output", n) for n in range(8)]
"""Blocks of an SD1.5 UNet that make something smaller than the latent, without those that only scale."""


def slid(model: Patcher, at_once: int = 1) -> Patcher:
    """The Sliding Context node."""
    return windows.slide(model, windows.Stage(OPTIONS), at_once)


def referred(model: Patcher, strength: Any = 1.0, on_cpu: bool = False, end: float = 1.0, **options: Any) -> Patcher:
    """The Context Reference node."""
    value = as_value("strength", strength)
    seen = bank.ContextReference(ReferenceOptions(**options), acts=Acts(value, end_percent=end), on_cpu=on_cpu)
    return reference.refer(model, seen)


def reusing(model: Patcher, weight: float = 0.95, strength: Any = 1.0, end: float = 1.0) -> Patcher:
    """The Naive Reuse node."""
    return reference.repeat(model, reference.NaiveReuse(weight, Acts(as_value("strength", strength), end_percent=end)))


class ByHand:
    """Runs one window after another with hooks on the modules of the UNet, and does there what the papers say."""

    def __init__(self, model: Patcher, strengths: list[float], fidelity: float, by: str) -> None:
        self.model, self.strengths, self.fidelity, self.by = model, strengths, fidelity, by
        self.unet = model.model.diffusion_model
        self.rows: list[int] = []
        self.kept: dict[Any, Tensor] = {}

    def predict(self, frames: list[int], reads: bool, writes: bool) -> Tensor:
        """The first prediction of a window from its own part of the noise."""
        patched = self.model.clone()
        patched.set_model_attn2_patch(self._note_rows)
        seen: list[Tensor] = []
        noise = torch.randn(FRAMES, 4, 8, 8, generator=torch.manual_seed(7))[frames]
        with ExitStack() as stack, torch.inference_mode():
            for module, hook in self._hooks([self.strengths[frame] for frame in frames], reads, writes):
                stack.callback(module.register_forward_hook(hook).remove)
            comfy.sample.sample(
                patched, noise, 1, CFG, "euler", "normal", *conds(), torch.zeros_like(noise),
                callback=lambda _step, x0, *_: seen.append(x0.clone()), disable_pbar=True, seed=7,
            )  # fmt: skip
        return seen[0]

    def _note_rows(self, q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        self.rows = options["cond_or_uncond"]
        return q, k, v

    def _hooks(self, strengths: list[float], reads: bool, writes: bool) -> Iterator[tuple[Any, Callable[..., Any]]]:
        if "attention" in self.by:
            for block in (module for module in self.unet.modules() if isinstance(module, BasicTransformerBlock)):
                yield block.attn1, self._attention(block, strengths, reads, writes)
        if "adain" in self.by:
            for side, number in ADAIN:
                blocks = {"input": self.unet.input_blocks, "output": self.unet.output_blocks}
                layers: Any = self.unet.middle_block if side == "middle" else blocks[side][number]
                yield layers[-1], self._adain((side, number), strengths, reads, writes)

    def _attention(self, block: Any, strengths: list[float], reads: bool, writes: bool) -> Callable[..., Any]:
        def attend(n: Tensor, other: Tensor) -> Tensor:
            def heads(x: Tensor) -> Tensor:
                return x.unflatten(-1, (block.n_heads, -1)).transpose(1, 2)

            q, k, v = heads(block.attn1.to_q(n)), heads(block.attn1.to_k(other)), heads(block.attn1.to_v(other))
            weights = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, dim=-1)
            return block.attn1.to_out((weights @ v).transpose(1, 2).flatten(2))

        def hook(_module: Any, inputs: Any, _output: Tensor) -> Tensor:
            n = inputs[0]
            s = torch.tensor(strengths * 2)[:, None, None]
            plain = attend(n, n)
            result = plain
            if reads:
                shown = attend(n, torch.cat([n, s * self.kept[block] + (1 - s) * n], dim=1))
                result = self._faithful(plain, shown)
            if writes:
                self.kept[block] = n.clone()
            return result

        return hook

    def _adain(self, place: Any, strengths: list[float], reads: bool, writes: bool) -> Callable[..., Any]:
        def hook(_module: Any, _inputs: Any, h: Tensor) -> Tensor:
            s = torch.tensor(strengths * 2)[:, None, None, None]
            result = h
            if reads:
                other = self.kept[place]
                deviations = [(x.var((2, 3), correction=0, keepdim=True) + 1e-6) ** 0.5 for x in (h, other)]
                means = [x.mean((2, 3), keepdim=True) for x in (h, other)]
                matched = (h - means[0]) / deviations[0] * deviations[1] + means[1]
                result = self._faithful(h, s * matched + (1 - s) * h)
            if writes:
                self.kept[place] = h.clone()
            return result

        return hook

    def _faithful(self, plain: Tensor, shown: Tensor) -> Tensor:
        """Mix plain sampling into the unconditional rows."""
        parts = zip(self.rows, plain.chunk(2), shown.chunk(2), strict=True)
        f = self.fidelity
        return torch.cat([f * p + (1 - f) * s if which == 1 else s for which, p, s in parts])


def by_hand(model: Patcher, strength: Any = 1.0, fidelity: float = 1.0, by: str = "attention") -> Tensor:
    """The prediction of a clip of two windows of which the second one sees the first."""
    strengths = strength if isinstance(strength, list) else [strength] * FRAMES
    hand = ByHand(model, strengths, fidelity, by)
    wanted = torch.zeros(FRAMES, 4, 8, 8)
    for number, window in enumerate(PLANNED):
        index = list(window.frames)
        part = hand.predict(index, reads=number > 0, writes=number == 0)
        wanted[index] += part * torch.tensor(window.weights)[:, None, None, None]
    return wanted
