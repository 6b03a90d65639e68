"""How strongly each output of a ControlNet counts, from the shallow ones to the middle."""

import re
from collections.abc import Sequence

from ..values import plain, read_number

LARGEST = 10.0
SOFT = 0.825
"""Base of the soft weights that "My prompt is more important" made known: 0.099, 0.121, ..., 0.825, 1 for SD1.5."""


LONGEST = 10_000
"""Characters of a list of weights; no ControlNet has a hundred outputs."""


class ProfileError(ValueError):
    """Weights cannot be read; the message says what to write."""


def soft_weights(outputs: int, base: float = SOFT) -> list[float]:
    """base^(n - 1 - i) for output i of n: the deepest counts in full, shallower ones, which draw details, less."""
    return [base ** (outputs - 1 - number) for number in range(outputs)]


def custom_weights(outputs: int, weights: Sequence[float]) -> list[float]:
    """A weight for each output; the last one goes on if there are fewer."""
    return [weights[min(number, len(weights) - 1)] for number in range(outputs)]


def parse_weights(text: str) -> tuple[float, ...]:
    """Read numbers with commas between them; none if the text is empty.

    Raises:
        ProfileError: something else, or a number beyond ±10.
    """
    if len(text) > LONGEST:
        raise ProfileError(
            f"there are {len(text)} characters, more than any ControlNet has outputs. Write fewer weights."
        )
    parts = [part.strip() for part in re.split(r"[,;\n\r]", plain(text).strip("[]() \t\r\n"))]
    weights = []
    for part in filter(None, parts):
        number = read_number(part)
        if number is None or abs(number) > LARGEST:
            raise ProfileError(
                f"{part[:40]!r} is no number between -10 and 10. Write one weight for each output with commas between "
                "them, for example 0.1, 0.3, 0.6, 1.0."
            )
        weights.append(number)
    return tuple(weights)
