"""A weight file as a ComfyUI model patcher, so that the host places, offloads, casts and patches its weights."""

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from weakref import WeakValueDictionary

import comfy.model_management as management
import comfy.model_patcher
import comfy.utils
import torch
from comfy.cli_args import args
from torch import Tensor

Model = TypeVar("Model", bound=torch.nn.Module)
Fingerprint = tuple[int, int] | None


class Weights(NamedTuple):
    """What a file holds and how to build a module around it."""

    tensors: Mapping[str, Tensor]
    """Those that are used; they decide the storage dtype as those of an image model do."""
    build: Callable[[Mapping[str, Tensor], torch.dtype, torch.device], torch.nn.Module]
    """Makes the module from the tensors, a dtype and the device it rests on."""


@dataclass(frozen=True)
class LoadedFile(Generic[Model]):
    """The weights of one file, read once for everybody who uses them."""

    patcher: comfy.model_patcher.ModelPatcher
    file: str
    kept: ClassVar[int] = 1
    """Files kept in memory although nobody may use them, so that a graph run again reads nothing."""

    @property
    def model(self) -> Model:
        """The layers themselves."""
        return self.patcher.model

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.patcher.cached_patcher_init[1][1]

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read a file of this kind; each kind has its own way.

        Raises:
            ValueError: the file cannot be read, or is of another kind.
        """
        raise NotImplementedError

    @classmethod
    def build(cls, path: str, disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
        """A patcher around a module whose weights the host places, offloads and casts.

        Raises:
            ValueError: see `read`.
        """
        return patcher_around(cls.read(path), disable_dynamic)

    @classmethod
    def load(cls, path: str) -> Self:
        """Read and load a file, unless it is in use or was one of the last to be asked for.

        Raises:
            ValueError: see `read`.
        """
        key = (cls, path, file_fingerprint(path))
        loaded = _in_use.get(key)
        if loaded is None:
            loaded = _in_use[key] = cls(load_patcher(cls, path), os.path.basename(path))
        latest = _latest.setdefault(cls, OrderedDict())
        latest[key] = loaded
        latest.move_to_end(key)
        while len(latest) > cls.kept:
            latest.popitem(last=False)
        return loaded  # type: ignore[return-value]


_in_use: WeakValueDictionary[Any, LoadedFile[Any]] = WeakValueDictionary()
_latest: dict[type, OrderedDict[Any, LoadedFile[Any]]] = {}


def load_patcher(
    loaded: type[LoadedFile[Any]], path: str, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    """The patcher of a file.

    The host calls it too, to load the file anew for deep clones on other GPUs and for non-dynamic delegates.
    """
    patcher = loaded.build(path, disable_dynamic)
    patcher.cached_patcher_init = (load_patcher, (loaded, path))
    return patcher


def patcher_around(weights: Weights, disable_dynamic: bool) -> comfy.model_patcher.ModelPatcher:
    """A patcher around a module that is built for its weights."""
    tensors = unmapped(weights.tensors)
    device = management.get_torch_device()
    dtype = management.unet_dtype(
        device,
        model_params=comfy.utils.calculate_parameters(tensors),
        weight_dtype=comfy.utils.weight_dtype(tensors),
    )
    model = weights.build(tensors, dtype, management.unet_offload_device())
    management.archive_model_dtypes(model)
    # looked up when called: the host replaces CoreModelPatcher at start-up
    patching = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    return patching(model, load_device=device, offload_device=management.unet_offload_device())


def unmapped(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The tensors, copied out of their file where the host was started with --disable-mmap."""
    return {key: tensor.clone() for key, tensor in tensors.items()} if args.disable_mmap else tensors


def file_fingerprint(path: str | None) -> Fingerprint:
    """Changes when the file is replaced, so that the node loads again; None where there is none, or it is gone."""
    try:
        status = None if path is None else os.stat(path)
    except OSError:
        return None
    return None if status is None else (status.st_mtime_ns, status.st_size)
