"""Put a SparseCtrl on conditionings."""

from collections.abc import Sequence
from typing import Any

from comfy.controlnet import ControlNet
from einops import rearrange
from torch import Tensor

from ....motion.control import Placement, SparseError
from .control import SparseControl
from .timed import ControlStrength, TimedControl

LOADED_WRONGLY = (
    "This SparseCtrl was loaded with Load ControlNet Model, which leaves out its motion layers. Load it with Load "
    "SparseCtrl and put it on with Apply SparseCtrl."
)


def apply_sparse(
    conditionings: Sequence[list[Any]],
    control: Any,
    pictures: Tensor,
    placement: Placement,
    nearest: bool,
    strength: ControlStrength,
    vae: Any = None,
) -> list[list[Any]]:
    """Conditionings with a SparseCtrl and its pictures; those given stay as they are.

    Args:
        control: from Load SparseCtrl.
        pictures: (pictures, height, width, channels), 0 to 1.

    Raises:
        SparseError, PlacementError: it is another ControlNet, or the pictures do not fit.
    """
    if not isinstance(control, SparseControl):
        raise SparseError(
            LOADED_WRONGLY
            if reads_a_mask(control)
            else "This is an ordinary ControlNet. Put it on with Apply ControlNet, or load a SparseCtrl file with Load "
            "SparseCtrl."
        )
    hinted = control.placed(placement, nearest).set_cond_hint(rearrange(pictures, "n h w c -> n c h w"), vae=vae)
    # without a negative conditioning the host gives that of the positive one to the negative
    alone = not all(conditionings)
    known: dict[Any, TimedControl] = {}
    applied = []
    for conditioning in conditionings:
        entries = []
        for cond, options in conditioning:
            before = options.get("control")
            if before not in known:
                known[before] = TimedControl(hinted.copy().set_previous_controlnet(before), strength)
            entries.append([cond, options | {"control": known[before], "control_apply_to_uncond": alone}])
        applied.append(entries)
    return applied


def reads_a_mask(control: Any) -> bool:
    """Whether a ControlNet of the host reads a mask beside the picture, as SparseCtrl for scribbles does."""
    block = getattr(getattr(control, "control_model", None), "input_hint_block", None)
    return isinstance(control, ControlNet) and block is not None and block[0].weight.shape[1] == 4
