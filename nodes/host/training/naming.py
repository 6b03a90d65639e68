"""Names of what is learnt: the kind of network it is part of, a dot, and its name there."""

from collections.abc import Mapping

from torch import Tensor, nn

from ....motion.formats import SHARED_TABLE
from ....motion.temporal import MotionModel
from ....motion.training import TEMPORAL


def named_by(kind: str, module: nn.Module) -> dict[str, nn.Parameter]:
    """All weights of a module, by kind and name."""
    return {f"{kind}.{name}": parameter for name, parameter in module.named_parameters()}


def of_kind(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of a kind, by their names in its module."""
    return {name.removeprefix(f"{kind}."): weight for name, weight in weights.items() if name.startswith(f"{kind}.")}


def without_tables(motion: MotionModel) -> dict[str, nn.Parameter]:
    """What is learnt of a motion model: all but its position tables, which are computed."""
    return {name: each for name, each in named_by(TEMPORAL, motion).items() if not name.endswith(SHARED_TABLE)}
