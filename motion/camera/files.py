"""Read CameraCtrl files: the published checkpoint, or the same without its training state."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..formats import CAMERA, NUMBER, POSITIONS, Site, check_finite, is_bookkeeping, kind_and_place, shapes_of
from ..temporal import MotionModel, stack_rows
from .encoder import CameraModel, CameraStructure, merge_name

_LEVEL = rf"(?P<level>{NUMBER})\.(?P<layer>{NUMBER})\."
_RAYS, _FRAMES = rf"encoder_down_conv_blocks\.{_LEVEL}", rf"encoder_down_attention_blocks\.{_LEVEL}"
_PLACE = rf"(?P<side>down|up)_blocks\.(?P<level>{NUMBER})\.motion_modules\.(?P<layer>{NUMBER})\.temporal_transformer\."
_KIND = r"(?P<kind>weight|bias)"
_HERE, _THERE = r"encoder.rays.\g<level>.\g<layer>", r"encoder.frames.\g<level>.\g<layer>"
NAMES: tuple[tuple[str, str], ...] = (
    (rf"encoder_conv_in\.{_KIND}", r"encoder.conv_in.\g<kind>"),
    (rf"{_RAYS}(?P<leaf>in_conv|block1|block2)\.{_KIND}", rf"{_HERE}.\g<leaf>.\g<kind>"),
    (rf"{_FRAMES}attention_blocks\.0\.to_(?P<leaf>[qkv])\.weight", rf"{_THERE}.attention.to_\g<leaf>.weight"),
    (rf"{_FRAMES}attention_blocks\.0\.to_out\.0\.{_KIND}", rf"{_THERE}.attention.to_out.\g<kind>"),
    (rf"{_FRAMES}attention_blocks\.0\.{POSITIONS}", rf"{_THERE}.attention.positions.table"),
    (rf"{_FRAMES}norms\.0\.{_KIND}", rf"{_THERE}.attention.norm.\g<kind>"),
    (rf"{_FRAMES}ff\.net\.0\.proj\.{_KIND}", rf"{_THERE}.ff_in.\g<kind>"),
    (rf"{_FRAMES}ff\.net\.2\.{_KIND}", rf"{_THERE}.ff_out.\g<kind>"),
    (rf"{_FRAMES}ff_norm\.{_KIND}", rf"{_THERE}.ff_norm.\g<kind>"),
)
"""File key to the name in `CameraModel`; query, key and value are stacked afterwards."""
_MERGE = re.compile(rf"{_PLACE}transformer_blocks\.0\.attention_blocks\.0\.processor\.qkv_merge\.{_KIND}")


class CameraError(ValueError):
    """A file is no CameraCtrl model, or does not fit a motion module; the message says which and what to do."""


def read_camera(tensors: Mapping[str, Tensor], file: str) -> tuple[CameraStructure, dict[str, Tensor]]:
    """What a file is, and its tensors under the names of `CameraModel`.

    Raises:
        CameraError: it is something else, incomplete, or of another structure.
        WeightFileError: NaN or infinite values.
    """
    shapes = shapes_of(tensors)
    kind = kind_and_place(shapes, file)
    if kind is None or kind.id != CAMERA:
        what, place = (f"is {kind.title}, not", f"{kind.advice} ") if kind else ("is not", "")
        raise CameraError(
            f"{file} {what} a CameraCtrl model. {place}Choose a CameraCtrl file here, for example CameraCtrl_pruned."
        )
    state: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        plain = key.removeprefix("module.")
        if is_bookkeeping(plain):
            continue
        check_finite(key, tensor, file)
        name = _renamed(plain)
        if name is None:
            raise CameraError(
                f"{file} is a CameraCtrl model of an unfamiliar arrangement: it holds {key}, which none has. Please "
                "report the file and where it comes from."
            )
        state[name] = tensor.squeeze(0) if name.endswith("table") and tensor.ndim == 3 else tensor
    return _checked(state, file)


def _renamed(key: str) -> str | None:
    for pattern, name in NAMES:
        match = re.fullmatch(pattern, key)
        if match is not None:
            return match.expand(name)
    match = _MERGE.fullmatch(key)
    if match is None:
        return None
    site = Site(match["side"], int(match["level"]), int(match["layer"]))
    return f"merges.{merge_name(site.block)}.{match['kind']}"


def _checked(state: dict[str, Tensor], file: str) -> tuple[CameraStructure, dict[str, Tensor]]:
    """The structure, and the state if it is what the structure needs."""
    widths = _sizes(state, r"encoder\.rays\.(\d+)\.0\.block1\.bias")
    merges = _sizes(state, r"merges\.(\w+)\.bias")
    tables = _sizes(state, r"encoder\.frames\.(0)\.0\.attention\.positions\.table")
    if not widths or not merges or not tables:
        part = "layers that tell a motion module are" if tables else "encoder of camera paths is"
        raise CameraError(
            f"{file} is a part of a CameraCtrl model: its {part} missing. Get CameraCtrl_pruned, which has all of it."
        )
    structure = CameraStructure(
        tuple(widths.values()),
        len(_sizes(state, r"encoder\.rays\.0\.(\d+)\.block1\.bias")),
        tables["0"],
        {(side, int(number)): merges[name] for name in merges for side, number in [name.split("_")]},
    )
    stacked = _stacked(state)
    wanted = shapes_of(CameraModel(structure, device="meta").state_dict())
    given = shapes_of(stacked)
    wrong = sorted(key for key in wanted.keys() | given.keys() if wanted.get(key) != given.get(key))
    if wrong:
        key = wrong[0]
        raise CameraError(
            f"{file} is a CameraCtrl model, but {len(wrong)} of its parts are missing or of unexpected shapes, such as "
            f"{key}: {given.get(key, 'nothing') or 'a single number'} where {wanted.get(key, 'nothing')} belongs. "
            "Download it again."
        )
    return structure, stacked


def _sizes(state: Mapping[str, Tensor], pattern: str) -> dict[str, int]:
    """The first size of tensors by the part of their name that a pattern picks, sorted by it."""
    matched = ((re.fullmatch(pattern, name), tensor) for name, tensor in state.items())
    return dict(sorted((match[1], tensor.shape[0]) for match, tensor in matched if match is not None and tensor.ndim))


def _stacked(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value of each attention as one product."""
    stacked = {name: tensor for name, tensor in state.items() if not re.search(r"\.to_[qkv]\.weight$", name)}
    for name in state:
        if name.endswith(".to_q.weight"):
            head = name.removesuffix("q.weight")
            parts = [state[f"{head}{letter}.weight"] for letter in "qkv" if f"{head}{letter}.weight" in state]
            # those of different widths stay apart, for the check of the shapes to find
            stacked[f"{head}qkv.weight"] = stack_rows(parts) if len({part.shape for part in parts}) == 1 else parts[0]
    return stacked


def load_camera_model(
    structure: CameraStructure,
    state: Mapping[str, Tensor],
    operations: Any = nn,
    dtype: torch.dtype | None = None,
    device: Any = None,
) -> CameraModel:
    """Build the model around its weights; nothing is copied where dtype and device agree."""
    rest, held = torch.device(device or "cpu"), dtype or torch.get_default_dtype()
    model = CameraModel(structure, operations, dtype, torch.device("meta")).requires_grad_(False)
    model.load_state_dict({name: value.to(rest, held) for name, value in state.items()}, assign=True)
    return model.eval()


def check_fit(camera: CameraModel, motion: MotionModel, file: str, motion_file: str) -> None:
    """Refuse a motion module of other widths or places than the camera's.

    Raises:
        CameraError: it is made for another base model, or has no place for the camera.
    """
    merges = camera.structure.merges
    shared = [block for block in merges if block in motion.channels]
    if motion.format.levels != len(camera.structure.widths) or not shared:
        raise CameraError(
            f"{file} steers motion modules for SD1.5, but {motion_file} is one for {motion.format.base}. Choose a "
            "motion module for SD1.5, for example v3_sd15_mm."
        )
    uneven = [block for block in shared if merges[block] != motion.channels[block]]
    if uneven:
        block = min(uneven)
        raise CameraError(
            f"{file} does not fit {motion_file}: at the {block[0]} block {block[1]} it has {merges[block]} channels, "
            f"the motion module {motion.channels[block]}. Choose a motion module for SD1.5, for example v3_sd15_mm."
        )
