"""Names of what is learnt: the kind of network it is part of, a dot, and its name there."""

from collections.abc import Mapping

from torch import Tensor, nn


def named_by(kind: str, module: nn.Module) -> dict[str, nn.Parameter]:
    """All weights of a module, by kind and name."""
    return {f"{kind}.{name}": parameter for name, parameter in module.named_parameters()}


def of_kind(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of a kind, by their names in its module."""
    return {name.removeprefix(f"{kind}."): weight for name, weight in weights.items() if name.startswith(f"{kind}.")}
