"""How far a result is from what a paper says."""

from torch import Tensor


def relative_error(found: Tensor, wanted: Tensor) -> float:
    """Norm of the difference over the norm of what is wanted, in double precision."""
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())
