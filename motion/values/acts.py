"""How strongly something acts, and in which part of the sampling."""

from dataclasses import dataclass

from .motion_value import ONE, MotionValue


@dataclass(frozen=True, eq=False)
class Acts:
    """A strength within a part of the sampling, from ``start_percent`` to ``end_percent`` of it in 0..1."""

    strength: MotionValue = ONE
    start_percent: float = 0.0
    end_percent: float = 1.0

    @property
    def always(self) -> bool:
        """Whether it acts in the same way at every step."""
        return self.start_percent <= 0.0 and self.end_percent >= 1.0 and not self.strength.keyframes

    @property
    def never(self) -> bool:
        """Whether it is nothing at every frame, place and step."""
        return self.strength.is_zero

    def told_short(self, name: str, frames: int) -> list[str]:
        """See `MotionValue.told_short`."""
        return self.strength.told_short(name, frames)


ALWAYS = Acts()
"""In full, throughout."""
