"""A motion model as a few lines for people."""

from collections.abc import Sequence
from textwrap import TextWrapper

from .module import MotionModel

WIDTH = 80
"""Columns of the text."""


def describe(model: MotionModel, file: str, given: Sequence[tuple[str, str]] = ()) -> str:
    """Lines of "what  answer", the answers below each other, long ones wrapped.

    Args:
        given: what was added to the motion model, as (what, answer) lines.
    """
    lines = [("file", file), *model.about, ("weights", _weights(model)), *given]
    margin = 2 + max(len(what) for what, _ in lines)
    wrapper = TextWrapper(WIDTH, subsequent_indent=" " * margin, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(f"{what + ':':<{margin}}{answer}") for what, answer in lines)


def _weights(model: MotionModel) -> str:
    tensors = list(model.parameters())
    numbers, size = sum(tensor.numel() for tensor in tensors), sum(tensor.nbytes for tensor in tensors)
    kinds = ", ".join(dict.fromkeys(str(tensor.dtype).removeprefix("torch.") for tensor in tensors))
    return f"{numbers / 1e6:,.1f} million, held as {kinds}, {size / 1e6:,.0f} MB"
