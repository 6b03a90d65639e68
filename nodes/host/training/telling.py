"""What came of a training, in lines for people."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ....motion.training import Curve

AVERAGED = 100
"""Steps whose losses are told together, where there are ten times as many."""
RISEN = 1.1
"""Times the first losses; the last ones are seldom more if anything was learnt."""


def report(
    paths: Mapping[str, Path], curve: Curve, clips: int, begun: int, rate: float, notes: Iterable[str] = ()
) -> str:
    """Files, losses, and what somebody may not expect.

    Args:
        paths: the files by part, the last one the most important.
        clips: how many were learnt from.
        begun: the step it went on from; 0 if it was begun.
        rate: the learning rate.
        notes: sentences without a full stop.
    """
    steps = len(curve.losses)
    *others, last = [path.name for path in paths.values()]
    lines = [f"{last}: {_count(steps, 'step')}, {_count(clips, 'clip')}"]
    if others:
        lines.append(f"together with {', '.join(others)}")
    if begun == steps:
        lines.append("all of it had been learnt before; it is saved again from its checkpoint")
    elif begun:
        lines.append(f"it went on from step {begun}, where it was stopped")
    lines += _losses(curve, rate)
    lines += notes
    return "\n".join([*lines, f"saved in {next(iter(paths.values())).parent}"])


def _losses(curve: Curve, rate: float) -> list[str]:
    steps, validations = len(curve.losses), list(curve.validations.values())
    span = max(1, min(AVERAGED, steps // 10))
    first, last = (sum(part) / span for part in (curve.losses[:span], curve.losses[-span:]))
    over = "step" if span == 1 else f"{span} steps"
    lines = [f"loss: {first:.4g} over the first {over}, {last:.4g} over the last"] if steps > 1 else []
    if len(validations) > 1:
        lines.append(f"loss on clips that were held out: {validations[0]:.5g} before, {validations[-1]:.5g} after")
    before, after = (validations[0], validations[-1]) if len(validations) > 1 else (first, last)
    if after > RISEN * before and (span > 1 or len(validations) > 1):
        lines.append(f"the loss rose: nothing of use was learnt. Lower learning_rate, which is {rate:g}")
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
