"""What accompanies a motion model: MotionLoRAs, a camera, a picture it animates, and whatever comes to be.

A companion travels with a motion model, or joins it at Animate Model. It says which weights the host loads beside,
looks at a clip before it is sampled, and says what acts in a call of the model. Nobody else knows more of it than that.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.formats import Block
from ....motion.temporal import Mixing, MotionModel
from ....motion.values import Acts, MotionValue
from ..files import LoadedFile
from ..sampling import Moment

if TYPE_CHECKING:
    from .motion import LoadedMotion
    from .runtime import Runtime

File = TypeVar("File", bound=LoadedFile[Any])


@dataclass(frozen=True)
class Clip:
    """A clip that is about to be sampled."""

    frames: int
    height: int
    width: int
    """Height and width of its latents."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The host's ``transformer_options`` of the sampling, where other nodes leave their patches."""
    conditional: frozenset[Any] = frozenset()
    """The host's ``uuid`` of every conditioning that says what the clip shows, not what it shall not."""


class Acting:
    """What a companion does in one call of the model; by itself nothing."""

    @property
    def values(self) -> Sequence[MotionValue]:
        """What it asks `Runtime.strength` for."""
        return ()

    def into(self, options: dict[str, Any]) -> None:
        """Put patches of its own into the call's copy of ``transformer_options``, inner dictionaries replaced."""

    def added(self, block: Block, x: Tensor, effect: MotionValue) -> Tensor:
        """The output of a UNet block with what it adds, before the temporal transformer there sees it.

        Args:
            x: (conditionings * frames of the call, channels, height, width).
            effect: the motion model's own strength.
        """
        return x

    def mixed(self, mixing: Mixing, block: Block, x: Tensor, runtime: "Runtime") -> Mixing:
        """How the temporal transformer at a block mixes frames, with what it changes about that."""
        return mixing


class Companion(ABC):
    """Something on a motion-model wire, or on a wire into Animate Model."""

    role: ClassVar[str]
    """What it is to the motion model, in a word for people: "picture", "camera", "MotionLoRA"."""
    gives: ClassVar[str] = ""
    """The kind of picture it gives to motion models that animate one."""

    @property
    def patchers(self) -> Sequence[ModelPatcher]:
        """Weights for the host to load beside the motion model."""
        return ()

    @property
    def never(self) -> bool:
        """Whether it does nothing at any step, so that it need not be there."""
        return False

    @abstractmethod
    def describe(self) -> str:
        """A few words on it, for Motion Model Info."""

    def check_motion(self, motion: "LoadedMotion") -> list[str]:
        """What to say of a motion module that it fits in part.

        Raises:
            ValueError: it does not fit.
        """
        return []

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of a clip before it is sampled.

        Raises:
            ValueError: it does not fit the clip; the message says what to change.
        """
        return []

    def prepare(self, clip: Clip, model: ModelPatcher) -> Any:
        """What it works out once for a sampling, before the host loads the models; `Moment.prepared` has it then.

        Args:
            model: the image model that samples.

        Raises:
            ValueError: it does not fit the clip or the model.
        """
        return None

    @abstractmethod
    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> Acting | None:
        """What it does in one call, None for nothing.

        Args:
            model: the motion model in use on this device.
            weights: the models of its patchers in use on this device.
        """


class WeightedCompanion(Companion, Generic[File]):
    """What one whose weights come from a file of its own, and act with a strength, has in common with others."""

    loaded: File
    acts: Acts

    @property
    def patchers(self) -> Sequence[ModelPatcher]:
        """Its own."""
        return (self.loaded.patcher,)

    @property
    def never(self) -> bool:
        """Whether its strength is 0 throughout."""
        return self.acts.never
