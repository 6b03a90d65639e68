"""Gradients through a temporal transformer equal those of the plain reference."""

import torch
from kinema.motion.temporal import Mixing, Term
from kinema.motion.temporal.lowrank import LowRankLinear

from tests.papers import temporal as reference
from tests.papers.error import relative_error

from .test_transformer import PLACE, build, clip, flat

FRAMES = 5


def grad(tensor: torch.Tensor) -> torch.Tensor:
    """The gradient that was taken of it."""
    assert tensor.grad is not None
    return tensor.grad


def test_gradients_of_weights_and_input() -> None:
    state, model = build(torch.float64)
    layer = model.at(("input", 4))
    layer.requires_grad_(True)
    x, target = clip(FRAMES, torch.float64), clip(FRAMES + 1, torch.float64)[:, :, :FRAMES]
    plain = {key: value.clone().requires_grad_(True) for key, value in state.items() if key.startswith(PLACE)}
    seen = x.clone().requires_grad_(True)
    ((reference.temporal_transformer(seen, plain, PLACE) - target) ** 2).mean().backward()
    ours = flat(x).requires_grad_(True)
    ((layer(ours, Mixing(FRAMES)) - flat(target)) ** 2).mean().backward()
    assert relative_error(grad(ours), flat(grad(seen))) < 1e-10
    block = f"{PLACE}.temporal_transformer.transformer_blocks.0"
    for n in range(2):
        thirds = [grad(plain[f"{block}.attention_blocks.{n}.to_{letter}.weight"]) for letter in "qkv"]
        assert relative_error(layer.attentions[n].to_qkv.weight.grad, torch.cat(thirds)) < 1e-10
        out = grad(plain[f"{block}.attention_blocks.{n}.to_out.0.weight"])
        assert relative_error(layer.attentions[n].to_out.weight.grad, out) < 1e-10
    for ours_named, theirs in {
        "norm": f"{PLACE}.temporal_transformer.norm",
        "proj_in": f"{PLACE}.temporal_transformer.proj_in",
        "proj_out": f"{PLACE}.temporal_transformer.proj_out",
        "ff_in": f"{block}.ff.net.0.proj",
        "ff_out": f"{block}.ff.net.2",
        "ff_norm": f"{block}.ff_norm",
    }.items():
        for part in ("weight", "bias"):
            found = getattr(layer.get_submodule(ours_named), part).grad
            assert relative_error(found, grad(plain[f"{theirs}.{part}"])) < 1e-10


def test_gradients_of_low_rank_terms_are_those_of_merged_weights() -> None:
    _, model = build(torch.float64)
    layer = model.at(("input", 4))
    x = flat(clip(FRAMES, torch.float64))
    leaves = [f"attentions.{n}.to_{part}" for n in range(2) for part in ("q", "k", "v", "out")]
    terms, grads = {}, {}
    for number, leaf in enumerate(leaves):
        low = LowRankLinear((64, 64), 3, dtype=torch.float64)
        with torch.no_grad():
            generator = torch.Generator().manual_seed(number)
            low.down.weight.copy_(torch.randn(3, 64, generator=generator, dtype=torch.float64))
            low.up.weight.copy_(torch.randn(64, 3, generator=generator, dtype=torch.float64) * 0.1)
        terms[leaf] = [Term(low, 0.5)]
    layer(x, Mixing(FRAMES, terms=terms)).square().mean().backward()
    with torch.no_grad():
        for n in range(2):
            change = [0.5 * _product(terms[f"attentions.{n}.to_{part}"]) for part in "qkv"]
            layer.attentions[n].to_qkv.weight += torch.cat(change)
            layer.attentions[n].to_out.weight += 0.5 * _product(terms[f"attentions.{n}.to_out"])
    layer.requires_grad_(True)
    layer(x, Mixing(FRAMES)).square().mean().backward()
    for n in range(2):
        thirds = layer.attentions[n].to_qkv.weight.grad.chunk(3)
        grads |= {f"attentions.{n}.to_{part}": third for part, third in zip("qkv", thirds, strict=True)}
        grads[f"attentions.{n}.to_out"] = layer.attentions[n].to_out.weight.grad
    for leaf, (term,) in terms.items():
        up, down = term.layer.up.weight, term.layer.down.weight
        assert relative_error(grad(up), 0.5 * grads[leaf] @ down.detach().t()) < 1e-10
        assert relative_error(grad(down), 0.5 * up.detach().t() @ grads[leaf]) < 1e-10


def _product(terms: list[Term]) -> torch.Tensor:
    layer = terms[0].layer
    return layer.up.weight @ layer.down.weight


def test_clips_that_are_learnt_together_are_those_that_are_sampled() -> None:
    """Where gradients are taken all clips are attended to at once, unless their strengths differ."""
    _, model = build(torch.float64)
    layer = model.at(("input", 4))
    x = flat(clip(FRAMES, torch.float64))
    for mixing in (Mixing(FRAMES), Mixing(FRAMES, scale=0.7), Mixing(FRAMES, scale=strengths(x))):
        with torch.no_grad():
            sampled = layer(x, mixing)
        assert relative_error(layer(x.clone().requires_grad_(True), mixing).detach(), sampled) < 1e-12


def strengths(x: torch.Tensor) -> torch.Tensor:
    """One for every clip, frame and pixel, (clips, frames, pixels)."""
    generator = torch.Generator().manual_seed(4)
    shape = (len(x) // FRAMES, FRAMES, x[0, 0].numel())
    return torch.rand(shape, generator=generator, dtype=x.dtype) + 0.5
