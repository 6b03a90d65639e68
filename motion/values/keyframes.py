"""Which of several keyframes acts at each step of a sampling."""

from collections.abc import Sequence


def active_keyframes(starts: Sequence[float], guarantees: Sequence[int], sigmas: Sequence[float]) -> list[int]:
    """The keyframe of each sampling step, -1 before the first one has started.

    The newest one that has started acts, but one that is guaranteed some steps keeps acting for as many before any
    later one may follow. A guarantee means nothing to keyframes that start before the first step: what a partial
    denoise leaves out was never there to be kept.

    Args:
        starts: noise level (sigma) at which each keyframe starts, falling.
        guarantees: steps each keyframe is guaranteed.
        sigmas: noise level of each sampling step.
    """
    current, used, owed, acting = -1, 0, 0, []
    for sigma in sigmas:
        if used >= owed:
            for later in range(current + 1, len(starts)):
                if starts[later] < sigma:
                    break
                current, used = later, 0
                owed = guarantees[later] if starts[later] <= sigmas[0] else 0
                if owed > 0:
                    break
        used += 1
        acting.append(current)
    return acting
