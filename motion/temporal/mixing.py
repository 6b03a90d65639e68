"""What a temporal transformer is told about the frames it mixes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from ..values import Strength, at, of_frames
from .lowrank import Term, Terms, terms_at, terms_of_frames
from .steering import Steering
from .views import View


@dataclass(frozen=True, eq=False)
class Mixing:
    """Which frames belong together, how strongly they are mixed, and what acts besides."""

    frames: int
    """Frames of a clip, at most the length of the position table, after it was adjusted."""
    scale: Strength = 1.0
    """Attention logit scale ("motion scale"); 1 is as trained."""
    effect: Strength = 1.0
    """Blend of the result, ``x + effect * change``."""
    pool_norm: bool = False
    """Take the group norm's statistics over all frames of a clip, as SDXL beta was trained."""
    terms: Terms = field(default_factory=dict)
    """Low-rank terms beside the linear layers, by the layer's name as motion files are read."""
    rows: Tensor | None = None
    """Adjusts the position tables, see `positions.position_matrix`."""
    views: Sequence[View] = ()
    """Windows of the clip within which frames attend to one another, each counted from position 0; without any, all
    frames do."""
    camera: Steering | None = None
    """Steers the first attention."""

    def at(self, pixels: slice, clips: slice) -> "Mixing":
        """The same for some of the pixels and clips."""
        return replace(
            self,
            scale=at(self.scale, pixels, clips),
            effect=at(self.effect, pixels, clips),
            terms=terms_at(self.terms, pixels, clips) if self.terms else self.terms,
            camera=None if self.camera is None else self.camera.at(pixels, clips),
        )

    def of_view(self, frames: Tensor) -> "Mixing":
        """The same for some of the frames, given their numbers, which see one another alone."""
        return replace(
            self,
            frames=len(frames),
            scale=of_frames(self.scale, frames),
            terms=terms_of_frames(self.terms, frames) if self.terms else self.terms,
            views=(),
            camera=None if self.camera is None else self.camera.of_frames(frames),
        )

    def beside(self, terms: Mapping[str, Term]) -> "Mixing":
        """The same with one more term beside some of the linear layers."""
        more = {leaf: (*self.terms.get(leaf, ()), term) for leaf, term in terms.items()}
        return replace(self, terms={**self.terms, **more})

    @property
    def longest_view(self) -> int:
        """Frames that are seen together at most."""
        return max([len(view.frames) for view in self.views], default=self.frames)
