"""Read the files of guiders: what they are, by keys and shapes alone, and their tensors under the module's names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..formats import (
    FACE_MASK,
    MODULE,
    Shapes,
    check_weight,
    is_bookkeeping,
    key_lines,
    kind_and_place,
    kind_of,
    shapes_of,
    shown,
    wrapper,
)
from .errors import CharacterError
from .guider import Guider, GuiderKind, GuiderStructure
from .guider_layouts import GUIDER_LAYOUTS, GuiderLayout

EXAMPLE = "Choose pose_guider.pth, or a guidance encoder of Champ."


@dataclass(frozen=True)
class RecognisedGuider:
    """A guider's file, named: its kind, its widths, and where each tensor goes."""

    layout: GuiderLayout
    structure: GuiderStructure
    keys: Mapping[str, str]
    """File key to the name in the module; what nobody uses has none."""

    @property
    def kind(self) -> GuiderKind:
        """The kind of the guider."""
        return self.layout.guider.kind


def recognise_guider(shapes: Shapes, file: str) -> RecognisedGuider:
    """Tell what a file is by its keys and shapes.

    Args:
        shapes: shape of every tensor in the file.
        file: its name, for messages only.

    Raises:
        CharacterError: it is something else, incomplete, or of another structure.
    """
    named = [key for key in shapes if not is_bookkeeping(key)]
    prefix = wrapper(named)
    plain = {key.removeprefix(prefix): shapes[key] for key in named}
    lines = key_lines(plain)
    fitting = [layout for layout in GUIDER_LAYOUTS if layout.applies(lines)]
    kind = kind_of(plain)
    if len(fitting) != 1 or (kind is not None and kind.id == FACE_MASK):
        raise CharacterError(_refusal(shapes, file))
    layout = fitting[0]
    built = _built(layout, plain, file)
    wanted, unused = built.shapes, layout.unused(built.structure)
    extra = sorted(plain.keys() - wanted.keys() - unused.keys())
    if extra:
        raise CharacterError(
            f"{file} looks like {layout.guider.kind.title}, but it holds {shown(prefix + extra[0])}, which none has. "
            f"Please report the file and where it comes from. {EXAMPLE}"
        )
    known = {key: tuple(shape) for key, shape in {**wanted, **unused}.items() if key in wanted or key in plain}
    wrong = sorted(key for key, shape in known.items() if plain.get(key) != shape)
    if wrong:
        key = wrong[0]
        raise CharacterError(
            f"{file} is {layout.guider.kind.title}, but {len(wrong)} of its tensors are missing or of unexpected "
            f"shapes, such as {prefix}{key}: {_shown(plain.get(key))} where {_shown(known[key])} belongs. Download it "
            "again."
        )
    return RecognisedGuider(layout, built.structure, {prefix + key: built.names[key] for key in wanted})


def read_guider(tensors: Mapping[str, Tensor], file: str) -> tuple[RecognisedGuider, dict[str, Tensor]]:
    """What a file is, and its tensors under the names of the module, without those that nobody uses.

    Raises:
        CharacterError: see `recognise_guider`.
        WeightFileError: NaN, infinite values or whole numbers.
    """
    recognised = recognise_guider(shapes_of(tensors), file)
    for key in recognised.keys:
        check_weight(key, tensors[key], file)
    return recognised, {name: tensors[key] for key, name in recognised.keys.items()}


def load_guider(
    recognised: RecognisedGuider,
    state: Mapping[str, Tensor],
    operations: Any = nn,
    dtype: torch.dtype | None = None,
    device: Any = None,
) -> Guider:
    """Build the guider around its weights; nothing is copied where dtype and device agree."""
    rest, held = torch.device(device or "cpu"), dtype or torch.get_default_dtype()
    guider = recognised.layout.build(recognised.structure, operations, dtype, torch.device("meta"))
    guider.requires_grad_(False)
    guider.load_state_dict({name: value.to(rest, held) for name, value in state.items()}, assign=True)
    return guider.eval()


class _Built(NamedTuple):
    """A guider as a file's widths ask for, without weights."""

    structure: GuiderStructure
    names: Mapping[str, str]
    """File key to the name in the module, of every tensor that it needs."""
    shapes: Mapping[str, tuple[int, ...]]
    """By file key."""


def _built(layout: GuiderLayout, shapes: Shapes, file: str) -> _Built:
    """Build what a file describes, to compare the file with.

    Raises:
        CharacterError: a width is missing, or is none that a guider can have.
    """
    title = layout.guider.kind.title

    def size(key: str) -> int:
        shape = shapes.get(key, ())
        if not shape or shape[0] < 1:
            raise CharacterError(
                f"{file} is {title}, but its {key} is {'empty' if key in shapes else 'missing'}. Download it again."
            )
        return shape[0]

    structure = layout.structure(size)
    try:
        state = layout.build(structure, device="meta").state_dict()
    except ValueError as error:
        raise CharacterError(
            f"{file} looks like {title}, but its transformers have widths that none can have ({error}). Please report "
            f"the file and where it comes from. {EXAMPLE}"
        ) from error
    names = {layout.key(name): name for name in state}
    return _Built(structure, names, {key: tuple(state[name].shape) for key, name in names.items()})


def _shown(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else str(shape or "a single number")


def _refusal(shapes: Shapes, file: str) -> str:
    other = kind_and_place(shapes, file)
    if other is None:
        sample = ", ".join(map(shown, list(shapes)[:3])) or "none"
        return f"{file} is not a pose guider (first keys: {sample}). {EXAMPLE}"
    advice = "Choose it as motion_module." if other.id == MODULE else other.advice
    return f"{file} is {other.title}, not a pose guider that can be used here. {advice} {EXAMPLE}"
