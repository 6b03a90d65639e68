"""Where temporal layers sit in a Stable Diffusion UNet.

Motion files count resolution levels and layers; UNets of the original code count a flat list of blocks. With two
ResBlocks a level both count the same places (AnimateDiff, arXiv 2307.04725; ``UNet3DConditionModel``).
"""

from typing import NamedTuple

NUMBER = "(?:0|[1-9][0-9]?)"
"""A place in a key; longer numbers are none that a network has, and would cost whoever counts up to them."""
Block = tuple[str, int]
"""A UNet block as ComfyUI names it while it runs: ("input" | "middle" | "output", number)."""


class Site(NamedTuple):
    """One place for a temporal transformer, as motion files count it."""

    side: str
    """"down", "mid" or "up"."""
    level: int
    layer: int

    @property
    def block(self) -> Block:
        """The UNet block: a level has two ResBlocks and a downsampler going in, three ResBlocks going out."""
        if self.side == "down":
            return "input", 1 + 3 * self.level + self.layer
        if self.side == "up":
            return "output", 3 * self.level + self.layer
        return "middle", 0

    def __str__(self) -> str:
        return f"the {self.side} block {self.level}.{self.layer}"
