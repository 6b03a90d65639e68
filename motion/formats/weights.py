"""Read weight files without trusting them.

Nothing stored in a file is ever executed, whatever its extension: by their first bytes, safetensors files go to their
own library and PyTorch files through torch's weights-only unpickler, after a look at what they would build.
"""

import errno
import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from .containers import container, unreadable
from .errors import WeightFileError
from .pickles import check_index, check_legacy, damaged, python_objects

MAX_PICKLE_BYTES = 16 << 20
"""Largest index accepted in a PyTorch file; the real ones are below 1 MB."""
FORBIDDEN = ("Unsupported global", "unsupported GLOBAL", "Can only build", "Can only create", "TorchScript")
"""What torch's weights-only unpickler says when a file asks for more than tensors."""
PLAIN = frozenset(
    {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}
    | {getattr(torch, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)}
    | {torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz}
)
"""Kinds of numbers that stand for themselves."""
MAX_DIMENSIONS, MAX_SIZE, MAX_NAME, MAX_DEPTH = 8, 2**31, 512, 16
"""Axes of a tensor, places on one, letters of a name, wrappers around each other: more than any model has."""
COPY = re.compile(r"(?<![a-z])ema(?![a-z])|average|shadow|optimi[sz]er|exp_avg")
NOTE = re.compile(
    r"(?:\w+\.)*(?:global_?step|step|epoch|iterations?|num_updates|lr|loss|logvar|betas|(?:sqrt_)?(?:one_minus_)?alphas_\w+"
    r"|(?:sqrt_|log_)\w*alphas_\w+|posterior_\w+|lr_scheduler\..+|position_ids|max_exp_avg_sq)$"
)
"""What trainers save beside weights."""
SHARED = 4
"""Times that the numbers of a file may be seen by tensors which share them."""
SLACK = 16 << 20
"""Bytes by which small files may exceed that."""


def read_weights(path: str) -> dict[str, torch.Tensor]:
    """Read every tensor of a weight file, memory-mapped where the container allows it.

    Nested wrappers (``{"state_dict": ...}``) are flattened, values that are no tensors are dropped and a
    ``module.`` prefix shared by all keys (left by DistributedDataParallel) is removed. Where two wrappers hold a tensor
    of the same name, the weights keep theirs, and those of a running average or an optimizer have their wrappers before
    it (``ema_state_dict.conv_in.weight``).

    Returns:
        Dense, real, strided tensors, which together see the file's numbers a few times at most.

    Raises:
        WeightFileError: missing, unreadable, truncated, damaged or unsafe file, another kind of file, or one without
            tensors or with others than those.
    """
    name = os.path.basename(path)
    kind = container(path, name)
    try:
        tensors = _read_safetensors(path, name) if kind == "safetensors" else _flat(_read_torch(path, name, kind), name)
        size = os.path.getsize(path)
    except OSError as error:
        raise unreadable(error, path, name) from error
    if not tensors:
        raise WeightFileError(f"{name} contains no tensors. It is not a model file; download the right one.")
    for key, tensor in tensors.items():
        _check_plain(key, tensor, name)
    if sum(tensor.nbytes for tensor in tensors.values()) > SHARED * size + SLACK:
        raise WeightFileError(
            f"{name} is no usual weight file: its tensors claim many times the numbers that are in it. Save it once "
            "more with the tool that made it, or get the .safetensors version of this model."
        )
    return _without_ddp_prefix(tensors)


def _read_safetensors(path: str, name: str) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except OSError:
        raise
    except SafetensorError as error:
        raise WeightFileError(
            f"{name} is not a complete safetensors file ({error}): it is cut off or damaged. Compare its size with the "
            "one where it comes from, and download it again."
        ) from error
    # sizes beyond 64 bits and kinds of numbers that this torch has not end in all sorts of errors
    except Exception as error:
        raise WeightFileError(
            f"{name} is a safetensors file with a tensor that torch cannot hold ({error or type(error).__name__}). "
            "Save it once more with the tool that made it, or get another version of this model."
        ) from error


def _read_torch(path: str, name: str, kind: str) -> Any:
    if kind == "zip":
        _check_archive(path, name)
    else:
        with open(path, "rb") as file:
            check_legacy(io.BytesIO(file.read(MAX_PICKLE_BYTES)), os.path.getsize(path), name)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=kind == "zip")
    except Exception as error:
        _pass_on(error)
        if any(word in str(error) for word in FORBIDDEN):
            raise python_objects(name) from error
        raise damaged(name, error) from error


def _check_archive(path: str, name: str) -> None:
    """Refuse archives that would expand, and indexes that would build more than tensors.

    torch stores its entries uncompressed and once each, so that what is looked through here is what it reads.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            indexes = [entry for entry in entries if entry.filename.endswith(".pkl")]
            for entry in entries:
                too_large = entry in indexes and entry.file_size > MAX_PICKLE_BYTES
                if too_large or entry.compress_type != zipfile.ZIP_STORED:
                    raise WeightFileError(
                        f"{name} is not a torch weight file: its entry {entry.filename[:80]!r} is compressed or "
                        "oversized. Unpack it if it is an archive of models, else get the model from its author."
                    )
            if not any(entry.filename.endswith("data.pkl") for entry in indexes):
                shown = ", ".join(ascii(entry.filename[:80]) for entry in entries[:3]) or "nothing"
                raise WeightFileError(
                    f"{name} is a zip archive without PyTorch's index of weights (it holds {shown}). Unpack it and "
                    "choose the model inside."
                )
            if max(Counter(entry.filename.lower() for entry in indexes).values()) > 1:
                raise ValueError("two entries have one name")
            size = os.path.getsize(path)
            for entry in indexes:
                check_index(io.BytesIO(archive.read(entry)), size, name)
    except WeightFileError:
        raise
    except Exception as error:
        _pass_on(error)
        raise damaged(name, error) from error


def _pass_on(error: Exception) -> None:
    """Raise again what the system says about the file itself; a place in it that cannot be is damage."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error


def _flat(value: Any, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint, whatever wrappers its author left around them."""
    tensors: dict[str, torch.Tensor] = {}
    # a running average has the names of the weights, which come first
    for path, group in sorted(_groups(value, name), key=lambda match: is_copy(".".join(match[0]))):
        for key, tensor in group.items():
            tensors.setdefault(".".join((*path, key)) if key in tensors else key, tensor)
    return tensors


def is_copy(wrapper: str) -> bool:
    """Whether a wrapper or prefix says that below it are no weights to run, but averages or a training's state."""
    return COPY.search(wrapper.lower()) is not None


def is_bookkeeping(key: str) -> bool:
    """Whether a tensor is a trainer's note, or of a copy, and not of the network to run."""
    return NOTE.match(key) is not None or is_copy(key)


def _groups(value: Any, name: str) -> Iterator[tuple[tuple[str, ...], dict[str, torch.Tensor]]]:
    """The tensors of every mapping in a checkpoint with the wrappers around it, each mapping once."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    seen: set[int] = set()
    for path, held in waiting:
        if not isinstance(held, Mapping) or id(held) in seen:
            continue
        if len(path) > MAX_DEPTH:
            raise WeightFileError(
                f"{name} is no usual weight file: it nests its contents more than {MAX_DEPTH} levels deep. Save the "
                "weights alone, or get the .safetensors version of this model."
            )
        seen.add(id(held))
        yield path, {key: item for key, item in held.items() if isinstance(key, str) and torch.is_tensor(item)}
        waiting += [((*path, _wrapper(key)), item) for key, item in held.items() if isinstance(item, Mapping)]


def _wrapper(key: Any) -> str:
    """What a wrapper is called; numbers of thousands of digits cannot be written."""
    if isinstance(key, int) and abs(key) < MAX_SIZE:
        return str(key)
    return key[:MAX_NAME] if isinstance(key, str) else type(key).__name__


def _check_plain(key: str, tensor: torch.Tensor, file: str) -> None:
    """Refuse everything but dense, real, strided tensors that own as many numbers as they show.

    Raises:
        WeightFileError: this is another tensor.
    """
    if len(key) > MAX_NAME or not key.isprintable():
        raise WeightFileError(
            f"{file} is no usual weight file: the name of a tensor ({key[:40]!a} …) has {len(key):,} letters or "
            "such that cannot be shown. Get another version of this model."
        )
    problem = _unusual(tensor)
    if problem:
        raise WeightFileError(
            f"{file} cannot be used: {key} is {problem}, and only plain tensors of real numbers can be read. Get "
            "another version of this model, or save it once more with dense tensors of 16 or 32 bits."
        )


def _unusual(tensor: torch.Tensor) -> str | None:
    if tensor.is_meta:
        return "an empty tensor without data (meta)"
    if tensor.is_quantized:
        return "a quantised tensor"
    if tensor.is_nested:
        return "a nested tensor"
    if tensor.layout != torch.strided:
        return "a sparse tensor"
    if tensor.dtype not in PLAIN:
        return f"a tensor of {str(tensor.dtype).removeprefix('torch.')} numbers"
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.device.type != "cpu":
        return f"a tensor of an unusual kind ({type(tensor).__name__})"
    if tensor.ndim > MAX_DIMENSIONS or max(tensor.shape, default=0) > MAX_SIZE:
        return "a tensor of impossible size"
    if any(step < 1 for size, step in zip(tensor.shape, tensor.stride(), strict=True) if size > 1):
        return "one number that repeats itself (an expanded tensor)"
    if tensor.nbytes > tensor.untyped_storage().nbytes():
        return "a tensor larger than its numbers in the file"
    return None


def _without_ddp_prefix(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if all(key.startswith("module.") for key in tensors):
        return {key.removeprefix("module."): tensor for key, tensor in tensors.items()}
    return tensors


def shapes_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor, by which files are recognised."""
    return {key: tuple(tensor.shape) for key, tensor in tensors.items()}


def check_finite(key: str, tensor: torch.Tensor, file: str) -> None:
    """Refuse a weight that holds NaN or infinite values, reading it once.

    Raises:
        WeightFileError: it does.
    """
    if not tensor.is_floating_point() or torch.isfinite(
        tensor.sum(dtype=torch.float32 if tensor.itemsize == 1 else None)
    ):
        return
    # the sum of large numbers may overflow
    if not torch.isfinite(tensor.float()).all():
        raise WeightFileError(
            f"{file} is damaged: {key} holds NaN or infinite values. Download it again; if it is your own training "
            "result, the training diverged."
        )


def check_weight(key: str, tensor: torch.Tensor, file: str) -> None:
    """Refuse a weight that holds NaN, infinite values or whole numbers, which stand for others in quantised files.

    Raises:
        WeightFileError: it does.
    """
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise WeightFileError(
            f"{file} cannot be used: {key} holds whole numbers ({kind}) where weights belong. Get the version of this "
            "model with 16 or 32 bits."
        )
    check_finite(key, tensor, file)


__all__ = ["WeightFileError", "check_finite", "check_weight", "is_bookkeeping", "is_copy", "read_weights"]
