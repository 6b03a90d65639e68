"""A motion file as a ComfyUI model patcher, so that the host places, offloads, casts and patches its weights."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakValueDictionary

import comfy.model_management as management
import comfy.model_patcher
import comfy.ops
import comfy.utils
import torch
from comfy.cli_args import args

from ....motion.formats import read_weights, recognise
from ....motion.temporal import MotionModel, PositionAdjustment, load_motion_model, position_matrix
from ..pictures.animated import NODES, Picture, PictureError

if TYPE_CHECKING:
    from ..camera.camera import CameraControl


Model = TypeVar("Model", bound=torch.nn.Module)


@dataclass(frozen=True)
class LoadedFile(Generic[Model]):
    """The weights of one file."""

    patcher: comfy.model_patcher.ModelPatcher
    file: str

    @property
    def model(self) -> Model:
        """The layers themselves."""
        return self.patcher.model


@dataclass(frozen=True)
class LoadedMotion(LoadedFile[MotionModel]):
    """What travels on a motion-model wire."""

    adjustments: tuple[PositionAdjustment, ...] = ()
    """What is done to its position tables, one after the other."""
    camera: "CameraControl | None" = None
    """What steers its camera."""
    picture: Picture | None = None
    """The picture it animates, for motion modules that do."""

    @cached_property
    def rows(self) -> torch.Tensor | None:
        """The matrix that adjusts the position tables, None if they stay as they are."""
        return position_matrix(self.model.max_frames, self.adjustments) if self.adjustments else None

    @property
    def max_frames(self) -> int:
        """Longest clip the position tables can number."""
        return self.model.max_frames if self.rows is None else self.rows.shape[0]

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """What nodes have added to it, as (what, answer) lines."""
        lines = []
        if self.rows is not None:
            lines.append(("positions", f"adjusted, up to {self.max_frames} frames at once"))
        if self.picture is not None:
            lines.append(("picture", f"from {NODES[self.picture.kind]}"))
        if self.camera is not None:
            lines.append(("camera", f"{self.camera.loaded.file}, a path of {len(self.camera.path)} frames"))
        return tuple(lines)

    @property
    def left_out(self) -> str | None:
        """What of its file is not used, None if all of it is."""
        lines = [f"{what} {answer}" for what, answer in self.model.left_out]
        return f"{self.file}: {'; '.join(lines)}." if lines else None

    def adjusted(self, adjustment: PositionAdjustment) -> "LoadedMotion":
        """The same motion module with its position tables adjusted once more.

        Raises:
            PositionError: no table is left.
        """
        changed = replace(self, adjustments=(*self.adjustments, adjustment))
        position_matrix(self.model.max_frames, changed.adjustments)
        return changed

    def with_picture(self, picture: Picture) -> "LoadedMotion":
        """The same motion module with a picture to animate, in place of one it may have.

        Raises:
            PictureError: it takes none, or a picture of another kind.
        """
        self.check_takes(picture.kind)
        return replace(self, picture=picture)

    def check_takes(self, kind: str) -> None:
        """Stop unless it animates that kind of picture.

        Raises:
            PictureError: it takes none, or a picture of another kind.
        """
        format = self.model.format
        if format.picture != kind:
            what = f"takes {NODES[format.picture]}" if format.picture else "takes no picture"
            raise PictureError(
                f"{self.file} is {format.name}, which {what}. {NODES[kind]} is for {kind}: load its file in Load "
                "Motion Module."
            )


Fingerprint = tuple[int, int] | None


def load_motion(path: str) -> LoadedMotion:
    """Read, recognise and load a motion file, unless it is in use or was the last one to be asked for.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        MotionFormatError: it is no motion module.
    """
    return _load_once(path, file_fingerprint(path))


_in_use: WeakValueDictionary[tuple[str, Fingerprint], LoadedMotion] = WeakValueDictionary()


# one, because it keeps up to 2 GB alone; everything else stays as long as a graph or a node's result holds it
@functools.lru_cache(1)
def _load_once(path: str, fingerprint: Fingerprint) -> LoadedMotion:
    loaded = _in_use.get((path, fingerprint))
    if loaded is None:
        loaded = _in_use[path, fingerprint] = LoadedMotion(_load_patcher(path), os.path.basename(path))
    return loaded


def _load_patcher(path: str, disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
    file = os.path.basename(path)
    tensors = read_weights(path)
    recognised = recognise({key: tuple(tensor.shape) for key, tensor in tensors.items()}, file)
    # a training checkpoint holds a whole image model besides
    tensors = {key: tensors[key] for key in (*recognised.keys, *recognised.picture_keys)}
    tensors = unmapped(tensors)
    return managed(
        tensors,
        lambda dtype, place: load_motion_model(tensors, recognised, file, comfy.ops.manual_cast, dtype, place),
        (_load_patcher, (path,)),
        disable_dynamic,
    )


def unmapped(tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """The tensors, copied out of their file where the host was started with --disable-mmap."""
    return {key: tensor.clone() for key, tensor in tensors.items()} if args.disable_mmap else tensors


def managed(
    tensors: Mapping[str, torch.Tensor],
    build: Callable[[torch.dtype, torch.device], torch.nn.Module],
    again: tuple[Callable[..., comfy.model_patcher.ModelPatcher], tuple[Any, ...]],
    disable_dynamic: bool = False,
) -> comfy.model_patcher.ModelPatcher:
    """A patcher around a module whose weights the host places, offloads and casts.

    Args:
        tensors: the file's weights, which decide the storage dtype as those of an image model do.
        build: makes the module from a dtype and the device it rests on.
        again: function and arguments that load it anew; deep clones for several GPUs and non-dynamic delegates need it.
    """
    device = management.get_torch_device()
    dtype = management.unet_dtype(
        device,
        model_params=comfy.utils.calculate_parameters(tensors),
        weight_dtype=comfy.utils.weight_dtype(tensors),
    )
    model = build(dtype, management.unet_offload_device())
    management.archive_model_dtypes(model)
    # looked up when called: the host replaces CoreModelPatcher at start-up
    kind = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = kind(model, load_device=device, offload_device=management.unet_offload_device())
    patcher.cached_patcher_init = again
    return patcher


def file_fingerprint(path: str | None) -> Fingerprint:
    """Changes when the file is replaced, so that the node loads again; None for one that is gone."""
    try:
        status = None if path is None else os.stat(path)
    except OSError:
        status = None
    if status is None:
        return None
    return status.st_mtime_ns, status.st_size


__all__ = ["LoadedFile", "LoadedMotion", "file_fingerprint", "load_motion", "managed"]
