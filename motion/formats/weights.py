"""Read weight files without trusting them.

Nothing stored in a file is ever executed: ``.safetensors`` is read by its own library, every other
extension goes through torch's weights-only unpickler after the archive has been checked.
"""

import os
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

MAX_PICKLE_BYTES = 64 << 20
"""Largest index (``data.pkl``) accepted in a torch archive; the real ones are below 1 MB."""
FORBIDDEN = ("Unsupported global", "unsupported GLOBAL", "Can only build", "Can only create")
"""What torch's weights-only unpickler says when a file asks for more than tensors."""


class WeightFileError(ValueError):
    """A weight file cannot be used; the message names the file and what to do."""


def read_weights(path: str) -> dict[str, torch.Tensor]:
    """Read every tensor of a weight file, memory-mapped where the container allows it.

    Nested wrappers (``{"state_dict": ...}``) are flattened, values that are no tensors are dropped and a
    ``module.`` prefix shared by all keys (left by DistributedDataParallel) is removed.

    Raises:
        WeightFileError: missing, empty, truncated, damaged or unsafe file, or one without tensors.
    """
    name = os.path.basename(path)
    if not os.path.isfile(path):
        raise WeightFileError(f"{name} was not found at {path}. Check the file name, or refresh the node list.")
    if os.path.getsize(path) == 0:
        raise WeightFileError(f"{name} is empty (0 bytes). Download it again.")
    if path.lower().endswith((".safetensors", ".sft")):
        tensors = _read_safetensors(path, name)
    else:
        tensors = _tensors_in(_read_torch(path, name))
    if not tensors:
        raise WeightFileError(f"{name} contains no tensors. It is not a model file; download the right one.")
    return _without_ddp_prefix(tensors)


def _read_safetensors(path: str, name: str) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise WeightFileError(
            f"{name} is not a complete safetensors file ({error}). It is truncated, damaged or another kind of "
            "file under this name; download it again."
        ) from error


def _read_torch(path: str, name: str) -> Any:
    is_archive = zipfile.is_zipfile(path)
    if is_archive:
        _check_archive(path, name)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    except Exception as error:
        found = re.search(r"WeightsUnpickler error: (.*)", str(error)) or re.search(r"(.+)", str(error))
        reason = found[1].strip() if found else type(error).__name__
        if any(word in str(error) for word in FORBIDDEN):
            raise WeightFileError(
                f"{name} holds Python objects besides weights, which could run code when loaded, so it was not "
                "opened. Get the .safetensors version of this model, or convert it in an environment you trust."
            ) from error
        raise WeightFileError(
            f"{name} cannot be read as a torch weight file ({reason}). It is truncated, damaged or another kind "
            "of file under this name; download it again."
        ) from error


def _check_archive(path: str, name: str) -> None:
    """Refuse archives that would expand: torch stores its entries uncompressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise WeightFileError(f"{name} is a damaged torch archive ({error}). Download it again.") from error
    for entry in entries:
        too_large = entry.filename.endswith(".pkl") and entry.file_size > MAX_PICKLE_BYTES
        if too_large or entry.compress_type != zipfile.ZIP_STORED:
            raise WeightFileError(
                f"{name} is not a torch weight file: its entry {entry.filename!r} is compressed or oversized. "
                "Do not use this file; download the model from its author."
            )


def _tensors_in(value: Any) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint, whatever wrappers its author left around them."""
    if not isinstance(value, Mapping):
        return {}
    tensors = {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, torch.Tensor)}
    for item in value.values():
        for key, tensor in _tensors_in(item).items():
            tensors.setdefault(key, tensor)
    return tensors


def _without_ddp_prefix(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if all(key.startswith("module.") for key in tensors):
        return {key.removeprefix("module."): tensor for key, tensor in tensors.items()}
    return tensors


def check_finite(key: str, tensor: torch.Tensor, file: str) -> None:
    """Refuse a weight that holds NaN or infinite values, reading it once.

    Raises:
        WeightFileError: it does.
    """
    if torch.isfinite(tensor.sum(dtype=torch.float32 if tensor.itemsize == 1 else None)):
        return
    # the sum of large numbers may overflow
    if not torch.isfinite(tensor.float()).all():
        raise WeightFileError(
            f"{file} is damaged: {key} holds NaN or infinite values. Download it again; if it is your own training "
            "result, the training diverged."
        )
