"""Whether something takes no longer than its size says, on a fast machine or a slow one. No dependencies."""

import time
from collections.abc import Callable

MOMENT = 0.1
"""What takes fewer seconds of the processor is let pass, however it grows."""
STEPS, GROWTH = 4, 9.0
"""What is STEPS times as long may take GROWTH times as long: in proportion is 4, a square is 16."""
TRIES = 3


def seconds(run: Callable[[], object]) -> float:
    """What a call takes of this process's processor time, in seconds; the machine's other work is not in it."""
    start = time.process_time()
    run()
    return time.process_time() - start


def in_proportion(cost: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether the time of ``cost(size)()`` grows no faster than ``size``.

    ``cost`` makes what is measured, outside of the measure. A machine that is busy or slow is so for both sizes, and
    one good try of a few counts.
    """
    whole = seconds(cost(size))
    if whole < MOMENT:
        return True
    for _ in range(TRIES):
        if whole <= GROWTH * seconds(cost(size // STEPS)):
            return True
        whole = min(whole, seconds(cost(size)))
    return False
