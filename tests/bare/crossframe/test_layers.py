"""Attention between frames equals plain formulas of the paper, also its gradients."""

import pytest
import torch
import torch.nn.functional as F
from kinema.motion.crossframe import TemporalAttn, sparse_causal
from torch import Tensor

from tests.papers import crossframe as reference
from tests.papers.error import relative_error

HEADS, WIDTH, PIXELS = 4, 32, 6


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def plain(layer: TemporalAttn) -> dict[str, Tensor]:
    """The layer's weights as Tune-A-Video names them, in a block called x."""
    state = {}
    for name, weight in layer.named_parameters():
        head = name if name.startswith("norm") else f"attn_temp.{name.replace('to_out', 'to_out.0')}"
        state[f"x.{head}"] = weight.detach().clone().requires_grad_(True)
    return state


def filled(seed: int = 3) -> TemporalAttn:
    layer = TemporalAttn(WIDTH)
    for n, weight in enumerate(layer.parameters()):
        weight.data = drawn(*weight.shape, seed=seed + n) * 0.3
    return layer


@pytest.mark.parametrize(("clips", "frames"), [(1, 1), (1, 7), (3, 2), (2, 24)])
def test_sparse_causal_reads_the_first_and_the_previous_frame(clips: int, frames: int) -> None:
    state = {f"a.to_{letter}.weight": drawn(WIDTH, WIDTH, seed=n) * 0.3 for n, letter in enumerate("qkv")}
    state |= {"a.to_out.0.weight": torch.eye(WIDTH), "a.to_out.0.bias": torch.zeros(WIDTH)}
    tokens = drawn(clips * frames, PIXELS, WIDTH, seed=9)
    q, k, v = (F.linear(tokens, state[f"a.to_{letter}.weight"]) for letter in "qkv")
    parts = (q, sparse_causal(k, frames), sparse_causal(v, frames))
    q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
    found = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    wanted = torch.cat([reference.sparse_causal_attention(clip, state, "a", HEADS) for clip in tokens.split(frames)])
    assert relative_error(found, wanted) <= 1e-5


@pytest.mark.parametrize(("clips", "frames"), [(1, 1), (2, 5), (1, 24)])
@pytest.mark.parametrize("strength", [1.0, 0.3])
def test_temporal_attention_equals_the_paper(clips: int, frames: int, strength: float) -> None:
    layer = filled()
    tokens = drawn(clips * frames, PIXELS, WIDTH, seed=1)
    found = layer(tokens, frames, HEADS, strength).detach()
    state = {name: weight.detach() for name, weight in plain(layer).items()}
    whole = torch.cat([reference.temporal_attention(clip, state, "x", HEADS) for clip in tokens.split(frames)])
    assert relative_error(found, tokens + strength * (whole - tokens)) <= 1e-5


def test_many_pixels_are_attended_to_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from kinema.motion.crossframe import layers

    layer, tokens = filled(), drawn(6, PIXELS, WIDTH)
    wanted = layer(tokens, 3, HEADS).detach()
    monkeypatch.setattr(layers, "ROWS", 5)
    assert relative_error(layer(tokens, 3, HEADS).detach(), wanted) <= 1e-6


def test_a_new_layer_changes_nothing_to_the_bit() -> None:
    layer, tokens = filled(), drawn(8, PIXELS, WIDTH)
    layer.start(torch.Generator().manual_seed(1))
    assert torch.equal(layer(tokens, 8, HEADS), tokens)
    again = filled(11)
    again.start(torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), again.parameters(), strict=True))
    bound = WIDTH**-0.5
    assert 0.9 * bound < float(layer.to_q.weight.detach().abs().max()) <= bound


def test_gradients_equal_those_of_the_paper() -> None:
    layer, tokens, target = filled(), drawn(5, PIXELS, WIDTH), drawn(5, PIXELS, WIDTH, seed=8)
    state = plain(layer)
    ours, theirs = (tokens.clone().requires_grad_(True) for _ in range(2))
    ((layer(ours, 5, HEADS) - target) ** 2).sum().backward()
    ((reference.temporal_attention(theirs, state, "x", HEADS) - target) ** 2).sum().backward()
    assert relative_error(gradient(ours), gradient(theirs)) <= 1e-5
    for weight, plain_weight in zip(layer.parameters(), state.values(), strict=True):
        assert relative_error(gradient(weight), gradient(plain_weight)) <= 1e-4


def gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad
