"""LPIPS (arXiv 1801.03924): how far pictures are apart to a network that was trained to name things.

The network is torchvision's file of AlexNet or VGG16; the heads, which weigh its channels, are a few kilobytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .errors import EvaluationError
from .scores import Score, scored

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""What is taken from colours in -1..1, and what they are divided by then."""
TINY = 1e-8
LEAST_SIDE = 32
"""Pixels; of smaller pictures nothing is left in the deepest layer."""


@dataclass(frozen=True)
class Layer:
    """A convolution, with what comes before and behind it."""

    place: int
    """Its number in torchvision's file."""
    shape: tuple[int, int, int]
    """Channels out, channels in, side of the kernel."""
    pool: int = 0
    """Side of the maximum before it, in steps of two; 0 for none."""
    stride: int = 1
    head: bool = False
    """Whether pictures are compared behind it."""

    def __call__(self, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Its features, none below 0."""
        if self.pool:
            features = functional.max_pool2d(features, self.pool, 2)
        # torchvision pads an 11 x 11 kernel by 2, all others by their half
        padding = 2 if self.stride > 1 else self.shape[2] // 2
        return functional.conv2d(features, weight, bias, self.stride, padding).relu()


ALEX = (
    Layer(0, (64, 3, 11), stride=4, head=True),
    Layer(3, (192, 64, 5), pool=3, head=True),
    Layer(6, (384, 192, 3), pool=3, head=True),
    Layer(8, (256, 384, 3), head=True),
    Layer(10, (256, 256, 3), head=True),
)
VGG = (
    *(Layer(0, (64, 3, 3)), Layer(2, (64, 64, 3), head=True)),
    *(Layer(5, (128, 64, 3), pool=2), Layer(7, (128, 128, 3), head=True)),
    *(Layer(10, (256, 128, 3), pool=2), Layer(12, (256, 256, 3)), Layer(14, (256, 256, 3), head=True)),
    *(Layer(17, (512, 256, 3), pool=2), Layer(19, (512, 512, 3)), Layer(21, (512, 512, 3), head=True)),
    *(Layer(24, (512, 512, 3), pool=2), Layer(26, (512, 512, 3)), Layer(28, (512, 512, 3), head=True)),
)
BACKBONES: Mapping[str, tuple[Layer, ...]] = {"alex": ALEX, "vgg": VGG}
"""By the name of the file that has their heads."""


@dataclass(frozen=True, eq=False)
class Perceptual:
    """A network and its heads."""

    layers: tuple[Layer, ...]
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    heads: tuple[Tensor, ...]

    def to(self, device: torch.device) -> "Perceptual":
        """The same on another device."""
        moved = ([tensor.to(device) for tensor in all] for all in (self.weights, self.biases, self.heads))
        weights, biases, heads = map(tuple, moved)
        return Perceptual(self.layers, weights, biases, heads)

    def distances(self, first: Tensor, second: Tensor) -> Tensor:
        """(n,) of pictures (n, 3, height, width) in 0..1."""
        shift, scale = (first.new_tensor(each)[:, None, None] for each in (SHIFT, SCALE))
        features = (torch.cat([first, second]) * 2.0 - 1.0 - shift) / scale
        total = first.new_zeros(len(first))
        heads = iter(self.heads)
        for layer, weight, bias in zip(self.layers, self.weights, self.biases, strict=True):
            features = layer(features, weight, bias)
            if layer.head:
                units = features / (TINY + features.square().sum(1, keepdim=True)).sqrt()
                one, other = units.chunk(2)
                total = total + torch.einsum("nchw,c->nhw", (one - other).square(), next(heads)).mean((1, 2))
        return total

    def score(self, clip: Tensor, truth: Tensor) -> Score:
        """Frame by frame, one after the other."""
        pairs = zip(clip, truth, strict=True)
        return scored("lpips", torch.cat([self.distances(one[None], other[None]) for one, other in pairs]))


def backbone_of(state: Mapping[str, Tensor], name: str) -> str:
    """Which of `BACKBONES` a file holds.

    Raises:
        EvaluationError: neither of them.
    """
    for title, layers in BACKBONES.items():
        if all(_shape(state, f"features.{each.place}.weight") == _wanted(each) for each in layers):
            return title
    raise EvaluationError(
        f"{name} is neither AlexNet nor VGG16 as torchvision has them. Choose alexnet-owt-7be5be79.pth or "
        "vgg16-397923af.pth, from download.pytorch.org/models."
    )


def read_perceptual(state: Mapping[str, Tensor], name: str, heads: Mapping[str, Tensor], heads_name: str) -> Perceptual:
    """Put a network and its heads together.

    Raises:
        EvaluationError: another network, or heads that do not belong to it.
    """
    title = backbone_of(state, name)
    layers = BACKBONES[title]
    compared = [each.shape[0] for each in layers if each.head]
    found = [heads.get(f"lin{number}.model.1.weight") for number in range(len(compared))]
    if any(head is None or tuple(head.shape) != (1, size, 1, 1) for head, size in zip(found, compared, strict=True)):
        raise EvaluationError(
            f"{heads_name} does not hold the LPIPS heads of {name}. Choose {title}.pth, which is in the lpips package "
            "and in torchmetrics."
        )
    return Perceptual(
        layers,
        tuple(state[f"features.{each.place}.weight"].float() for each in layers),
        tuple(state[f"features.{each.place}.bias"].float() for each in layers),
        tuple(head.float().flatten() for head in found if head is not None),
    )


def check_large_enough(clip: Tensor) -> None:
    """Make sure that LPIPS sees something.

    Raises:
        EvaluationError: pictures that are too small.
    """
    if min(clip.shape[2:]) < LEAST_SIDE:
        height, width = clip.shape[2:]
        raise EvaluationError(
            f"LPIPS needs pictures of {LEAST_SIDE} pixels a side; these are {width} x {height}. Leave lpips at none, "
            "or connect larger ones."
        )


def _shape(state: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    return tuple(state[key].shape) if key in state else ()


def _wanted(layer: Layer) -> tuple[int, ...]:
    out, into, side = layer.shape
    return out, into, side, side
