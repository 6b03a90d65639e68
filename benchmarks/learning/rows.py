"""The table, and how figures get into it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor

from .learning import Learnt
from .plan import Plan
from .scenes import PLAIN, Look, Scenes, draw_scenes

HEAD = ("| what is learnt | measured | without | with | true clips |", "|---|---|---|---|---|")
TRUE_CLIPS, TRUE_SEED = 256, 7


@dataclass(frozen=True)
class Row:
    """One figure without and with what was learnt, and that of true clips, where there is one."""

    stage: str
    measured: str
    without: str
    learnt: str
    truth: str = ""

    def __str__(self) -> str:
        return f"| {self.stage} | {self.measured} | {self.without} | {self.learnt} | {self.truth} |"


def table(rows: Iterable[Row]) -> str:
    """As Markdown."""
    return "\n".join((*HEAD, *map(str, rows)))


def losses(stage: str, learnt: Learnt, of: str = "what is held out") -> Row:
    """Before and after."""
    return Row(stage, f"loss on {of}", f"{learnt.before:.4f}", f"{learnt.after:.4f}")


def figures(stage: str, measured: str, measure: Callable[[Tensor], float], *clips: Tensor) -> Row:
    """A measure of clips without, with, and of true ones."""
    return Row(stage, measured, *(f"{measure(each):.3f}" for each in clips))


def shares(stage: str, measured: str, *parts: float) -> Row:
    """Parts of the clips without, with, and of true ones."""
    return Row(stage, measured, *(f"{each:.0%}" for each in parts))


def true_scenes(plan: Plan, look: Look = PLAIN) -> Scenes:
    """Clips that nothing was learnt from or sampled for."""
    return draw_scenes(TRUE_CLIPS, plan.format, (plan.seed << 32) - TRUE_SEED, look)
