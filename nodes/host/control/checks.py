"""Looks at the ControlNets of a clip once, before anything of it is sampled."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from comfy.controlnet import ControlBase, ControlLora, ControlNet, T2IAdapter

from .apply import LOADED_WRONGLY
from .windowed import FollowsClip, chain

SAME_SHAPE = 0.02
"""So much may the proportions of two pictures differ without anyone seeing it."""
WIDTHS = {768: "SD1.5", 1024: "SD2", 2048: "SDXL"}
"""Width of a prompt by the image model it is made for."""


class ControlError(ValueError):
    """A ControlNet and a model, or a ControlNet and its pictures, do not fit each other."""


def controls_of(conds: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[ControlBase]:
    """Every control object on conditionings once, those below and inside others too."""
    heads = (cond.get("control") for group in conds.values() for cond in group)
    links = (link for head in heads for link in chain(head) if isinstance(link, ControlBase))
    return list(dict.fromkeys(links))


def check_controls(
    controls: Iterable[ControlBase], unet: Any, clip: Sequence[int], at_once: int, in_windows: bool
) -> list[str]:
    """What to say of controls whose pictures do not quite fit a clip.

    Args:
        unet: the image model's network.
        clip: frames, channels, height and width of the latent.
        at_once: frames that motion layers see together at most.
        in_windows: whether the clip is longer than a context window.

    Raises:
        ControlError: a control for another image model, or pictures with channels it cannot read.
        PlacementError, SparseError: a SparseCtrl does not fit the clip.
    """
    told: list[str] = []
    for control in controls:
        name = "T2I-Adapter" if isinstance(control, T2IAdapter) else "ControlNet"
        _check_base(name, control, unet)
        hint = control.cond_hint_original
        if isinstance(control, FollowsClip):
            control.check_clip(clip[0], at_once)
        elif hint is not None:
            _check_channels(name, control, hint.shape[1])
            told += _told(name, hint.shape, clip, in_windows)
    return list(dict.fromkeys(told))


def _told(name: str, hint: Sequence[int], clip: Sequence[int], in_windows: bool) -> Iterator[str]:
    count, frames = hint[0], clip[0]
    if count > frames:
        yield f"The {name} has {count} pictures, but the clip has {frames} frames: the first {frames} are used."
    elif 1 < count < frames:
        rest = "the last one is used for the rest" if in_windows else "they are used over and over"
        yield f"The {name} has {count} pictures, but the clip has {frames} frames: {rest}."
    shape, wanted = hint[3] / hint[2], clip[3] / clip[2]
    if abs(shape / wanted - 1.0) > SAME_SHAPE:
        size = f"{8 * clip[3]} x {8 * clip[2]}"
        yield f"The pictures of the {name} have {hint[3]} x {hint[2]} pixels, the clip {size}: their edges are cut off."


def _check_base(name: str, control: ControlBase, unet: Any) -> None:
    made_for, wanted = _prompt_width(control), _prompt_width(unet)
    if made_for is None or wanted is None or made_for == wanted:
        return
    kinds = [WIDTHS.get(width, f"models with prompts of width {width}") for width in (made_for, wanted)]
    raise ControlError(
        f"The {name} is made for {kinds[0]}, but the checkpoint is {kinds[1]}. Load a {name} for {kinds[1]}, or a "
        f"{kinds[0]} checkpoint."
    )


def _prompt_width(of: Any) -> int | None:
    """Width of the prompts a network reads, None if it reads none."""
    if isinstance(of, ControlLora):
        weights: Iterable[tuple[str, torch.Tensor]] = of.control_weights.items()
    elif isinstance(of, ControlNet):
        weights = of.control_model.named_parameters()
    elif isinstance(of, torch.nn.Module):
        weights = of.named_parameters()
    else:
        return None
    ends = ("attn2.to_k.weight", "attn2.to_k.down")
    return next((weight.shape[1] for key, weight in weights if key.endswith(ends)), None)


def _check_channels(name: str, control: ControlBase, channels: int) -> None:
    expected = _hint_channels(control)
    if expected is None or expected == channels:
        return
    if expected == 4:
        raise ControlError(LOADED_WRONGLY)
    raise ControlError(
        f"The pictures of the {name} have {channels} channels, but it reads {expected}. If they are transparent, put "
        "Split Image with Alpha in front of Apply ControlNet."
    )


def _hint_channels(control: ControlBase) -> int | None:
    if not isinstance(control, ControlNet) or getattr(control, "vae", None) is not None:
        return None
    if isinstance(control, ControlLora):
        return control.control_weights["input_hint_block.0.weight"].shape[1]
    block = getattr(control.control_model, "input_hint_block", None)
    return block[0].weight.shape[1] if block is not None and not control.concat_mask else None
