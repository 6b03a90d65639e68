"""What is wrong with jobs before they run, and a runner that is gone."""

from collections.abc import Sequence

SHOWN = 20
"""Problems that a message lists."""


class JobsError(ValueError):
    """Jobs cannot be run as they are told.

    Args:
        problems: sentences, each with the row and the column it is about.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(problems) - SHOWN
        super().__init__("\n".join([*problems[:SHOWN], *([f"and {more} more"] if more > 0 else [])]))


class RunnerLostError(RuntimeError):
    """A runner cannot be reached, or no longer knows its job; that says nothing about the job."""
