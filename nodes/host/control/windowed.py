"""Hint pictures of ControlNets and T2I-Adapters for the frames of one context window.

The host hands every window the first frames of a hint. Here each window gets copies of the control objects with its own
frames; the objects in the person's graph stay as they are, and the copies are gone with the sampling.
"""

import copy
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import comfy.utils
from comfy.controlnet import ControlBase, ControlNet
from torch import Tensor

KEPT = 4
"""Windows whose hints stay in the network's resolution and on its device, so that short loops reuse them."""


class FollowsClip(ControlBase, ABC):
    """Marks control objects whose pictures belong to single frames of the whole clip.

    They look up what is theirs in each call, so nothing has to cut their pictures to windows.
    """

    @abstractmethod
    def check_clip(self, frames: int, at_once: int) -> None:
        """Stop before a sampling if it does not fit the clip.

        Args:
            frames: of the whole clip.
            at_once: frames that motion layers see together.

        Raises:
            ValueError: it does not fit; the message says what to do.
        """


class WindowControls:
    """The control objects of one sampling, window by window."""

    def __init__(self) -> None:
        self._resized: dict[tuple[int, int, int], Tensor] = {}
        self._windows: OrderedDict[tuple[int, tuple[int, ...]], tuple[ControlBase, ControlBase]] = OrderedDict()

    def of(self, control: ControlBase, frames: Sequence[int], size: tuple[int, int]) -> ControlBase:
        """The control object with the hints of some frames.

        Positive and negative conditioning get the same object, or the host could not run them in one batch.

        Args:
            frames: their numbers in the whole clip.
            size: height and width of the latent.
        """
        if _slices_itself(control) or not _is_clip(control):
            return control
        key = (id(control), tuple(frames))
        if key not in self._windows:
            # the original is kept beside its copy, so that its id stays taken
            self._windows[key] = (control, self._copied(control, frames, size))
            while len(self._windows) > KEPT:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return self._windows[key][1]

    def _copied(self, control: ControlBase, frames: Sequence[int], size: tuple[int, int]) -> ControlBase:
        part = copy.copy(control)
        part.cond_hint = part.extra_concat = None
        if hasattr(part, "control_input"):
            part.control_input = None  # type: ignore[attr-defined]
        hint = part.cond_hint_original
        if hint is not None and not isinstance(part, FollowsClip):
            part.cond_hint_original = _picked(self._in_size(part, hint, size), frames)
        part.extra_concat_orig = [_picked(extra, frames) for extra in part.extra_concat_orig]
        inner = getattr(part, "inner", None)
        if isinstance(inner, ControlBase):
            part.inner = self._copied(inner, frames, size)  # type: ignore[attr-defined]
        if part.previous_controlnet is not None:
            part.previous_controlnet = self._copied(part.previous_controlnet, frames, size)
        part.multigpu_clones = {
            device: self._copied(clone, frames, size) for device, clone in part.multigpu_clones.items()
        }
        return part

    def _in_size(self, control: ControlBase, hint: Tensor, size: tuple[int, int]) -> Tensor:
        """The hint in the size a ControlNet reads, worked out once a sampling for all windows and steps."""
        if not isinstance(control, ControlNet) or hint.shape[0] == 1:
            return hint
        ratio = control.compression_ratio
        if control.vae is not None:
            ratio *= control.vae.spacial_compression_encode()
        height, width = size[0] * ratio, size[1] * ratio
        if hint.shape[-2:] == (height, width):
            return hint
        key = (id(hint), height, width)
        if key not in self._resized:
            self._resized[key] = comfy.utils.common_upscale(hint, width, height, control.upscale_algorithm, "center")
        return self._resized[key]


def _picked(hint: Tensor, frames: Sequence[int]) -> Tensor:
    """The frames of a hint; one picture serves all of them, a short clip goes on with its last picture."""
    last = hint.shape[0] - 1
    return hint if last == 0 else hint[[min(frame, last) for frame in frames]]


def chain(control: ControlBase | None) -> Iterator[ControlBase]:
    """A control object, what it holds and those before it."""
    if control is not None:
        yield control
        yield from chain(getattr(control, "inner", None))
        yield from chain(getattr(control, "previous_controlnet", None))


def _is_clip(control: ControlBase) -> bool:
    """Whether a hint of a chain has more than one picture and has to be cut to the window."""
    cut = [link for link in chain(control) if not isinstance(link, FollowsClip)]
    hints = [hint for link in cut for hint in (link.cond_hint_original, *link.extra_concat_orig) if hint is not None]
    return any(hint.shape[0] > 1 for hint in hints)


def _slices_itself(control: ControlBase) -> bool:
    """Whether a chain holds an object of another pack that reads ``ad_params`` and picks its frames alone."""
    return any(hasattr(link, "sub_idxs") for link in chain(control))
