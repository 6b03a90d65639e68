"""Weight files with something wrong: seeded files of every kind and container, and ways to spoil them.

A spoiled file has to be read, or refused by one of the pack's own errors, in a time and memory that its size bounds.
"""

import io
import json
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from kinema.motion.camera.files import CameraError, load_camera_model, read_camera
from kinema.motion.control.sparse import SparseError, recognise_sparse
from kinema.motion.crossframe import OneShotError, read_one_shot
from kinema.motion.formats import WeightFileError, read_weights, recognise
from kinema.motion.formats.structure import MotionFormatError
from kinema.motion.temporal import AdapterError, check_adapter, load_lora_model, load_motion_model, read_lora
from kinema.motion.temporal.lora_files import LoraError
from safetensors.torch import save
from torch import Tensor

from tests.harness.seeded.layouts import motion_module, respelled
from tests.harness.seeded.layouts_camera import camera_ctrl
from tests.harness.seeded.layouts_crossframe import one_shot
from tests.harness.seeded.layouts_lora import domain_adapter, motion_lora
from tests.harness.seeded.weights_pictures import pia
from tests.harness.seeded.weights_sparse import sparse_control

State = dict[str, Tensor]
OWN = (WeightFileError, MotionFormatError, LoraError, AdapterError, CameraError, SparseError, OneShotError)
WIDTHS = (32, 32, 32, 32)


def _load_module(tensors: State) -> None:
    found = recognise({key: tuple(tensor.shape) for key, tensor in tensors.items()}, "file")
    load_motion_model(tensors, found, "file")


def _load_lora(tensors: State) -> None:
    load_lora_model(read_lora(tensors, "file"))


def _load_camera(tensors: State) -> None:
    load_camera_model(*read_camera(tensors, "file"))


def _load_sparse(tensors: State) -> None:
    found = recognise_sparse({key: tuple(tensor.shape) for key, tensor in tensors.items()}, "file")
    load_motion_model(tensors, found.motion, "file")


KINDS: dict[str, tuple[Callable[[], State], Callable[[State], Any]]] = {
    "module": (lambda: motion_module(WIDTHS, positions=8), _load_module),
    "diffusers": (lambda: respelled(motion_module(WIDTHS, mid=False), "diffusers"), _load_module),
    "hotshot": (lambda: respelled(motion_module((32, 32, 32), mid=False, positions=24), "HotshotXL"), _load_module),
    "pia": (lambda: pia(WIDTHS), _load_module),
    "lora": (lambda: motion_lora(WIDTHS, rank=2, style="peft", alpha=2.0), _load_lora),
    "adapter": (lambda: domain_adapter(WIDTHS, rank=2), lambda state: check_adapter(state, "file")),
    "camera": (lambda: camera_ctrl(WIDTHS), _load_camera),
    "tune-a-video": (lambda: one_shot(WIDTHS), lambda state: read_one_shot(state, "file")),
    "sparse": (lambda: sparse_control("rgb", WIDTHS), _load_sparse),
}
"""What makes a file of each kind, and what reads it."""


@cache
def seeded(kind: str) -> State:
    """The tensors of a good file."""
    return KINDS[kind][0]()


def packed(content: Any, container: str) -> bytes:
    """A file of a container."""
    if container == "safetensors":
        return save({key: value.contiguous() for key, value in content.items()})
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=container == "zip")
    return file.getvalue()


@cache
def good(kind: str, container: str) -> bytes:
    """A file as it should be."""
    return packed(seeded(kind), container)


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (self.marker, "w")


def _itself() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["state_dict"] = found
    return found


def _deep(levels: int = 400) -> dict[str, Any]:
    found: Any = torch.ones(2)
    for _ in range(levels):
        found = {"x": found}
    return found


def _quantised() -> Tensor:
    return torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)


ODD: dict[str, Callable[[random.Random], Any]] = {
    "one number": lambda _: torch.ones(1).expand(100_000, 100_000),
    "negative rows": lambda _: torch.ones(1).expand(320),
    "meta": lambda _: torch.ones(4, 4, device="meta"),
    "quantised": lambda _: _quantised(),
    "sparse": lambda _: torch.eye(4).to_sparse(),
    "compressed": lambda _: torch.eye(4).to_sparse_csr(),
    "nested": lambda _: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "complex": lambda _: torch.ones(4, 4, dtype=torch.complex64),
    "fp4": lambda _: torch.zeros(4, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
    "scale": lambda _: torch.zeros(4, 4, dtype=torch.uint8).view(torch.float8_e8m0fnu),
    "whole": lambda dice: torch.ones(4, 4, dtype=dice.choice([torch.int8, torch.bool, torch.int64, torch.uint16])),
    "eight bits": lambda dice: torch.ones(32, 32).to(dice.choice([torch.float8_e4m3fn, torch.float8_e5m2])),
    "itself": lambda _: _itself(),
    "deep": lambda _: _deep(),
    "no tensor": lambda _: "text",
    "large number": lambda _: 10**4000,
    "empty": lambda _: torch.empty(0, 2**20),
    "turned": lambda _: torch.ones(32, 32).t(),
    "nan": lambda _: torch.full((32, 32), float("nan")),
}
"""Values that a tensor may become."""
DTYPES = (torch.float16, torch.bfloat16, torch.float64, torch.int32, torch.float8_e4m3fn)
KEYS = (
    "down_blocks.99999999.motion_modules.0.temporal_transformer.norm.weight",
    "down_blocks.0.motion_modules.99999999999.temporal_transformer.norm.weight",
    f"down_blocks.{'9' * 5000}.motion_modules.0.temporal_transformer.norm.weight",
    f"down_blocks.0.motion_modules.0.transformer_blocks.0.attention_blocks.{'9' * 400}.to_q.weight",
    "down_blocks.0.motion_modules.0.transformer_blocks.0.attention_blocks.99999999.pos_encoder.pe",
    f"encoder_down_conv_blocks.{'7' * 300}.0.block1.weight",
    f"controlnet_down_blocks.{'7' * 300}.weight",
    "down_blocks.٣.motion_modules.0.proj_in.lora_A.weight",
    "motion_modules." * 3000,
    "a" * 100_000,
    "line\nbreak",
    "nul\0",
    "",
    ".",
    "global_step",
    "ema_state_dict.x",
)
"""What a key may become."""


def spoiled_tensors(kind: str, container: str, dice: random.Random) -> bytes:
    """A few tensors are others, are missing, have other names or shapes."""
    content: dict[Any, Any] = dict(seeded(kind))
    for _ in range(dice.choice([1, 1, 2, 5])):
        key = dice.choice(list(content))
        value = content.pop(key)
        how = dice.choice(["odd", "odd", "key", "gone", "shape", "dtype", "wrapped", "object"])
        if how == "odd":
            content[key] = ODD[dice.choice(list(ODD))](dice)
        elif how == "key":
            content[dice.choice([*KEYS, 10**4400 if container != "safetensors" else "n", key + ".x"])] = value
        elif how == "shape" and torch.is_tensor(value):
            flat = value.flatten()
            content[key] = dice.choice([value[None], flat, flat[:0], flat[:1], torch.zeros(()), value[..., None, None]])
        elif how == "dtype" and torch.is_tensor(value):
            content[key] = value.to(dice.choice(DTYPES))
        elif how == "wrapped":
            content |= {"ema_state_dict": dict(content), key: value}
        elif how == "object":
            content[key] = {dice.choice([None, 1, (1, 2), b"x"]): value}
    if container == "safetensors":
        content = {str(key)[:200_000] if isinstance(key, str) else "n": v for key, v in content.items() if _plain(v)}
    try:
        return packed(content, container)
    except Exception:
        # torch writes fewer things than it reads
        writable = {key: value for key, value in content.items() if _plain(value) and isinstance(key, str)}
        return packed(writable, container)


def _plain(value: Any) -> bool:
    return (
        type(value) is Tensor
        and value.layout == torch.strided
        and not (value.is_meta or value.is_nested or value.is_quantized)
        and value.untyped_storage().nbytes() >= value.nbytes
    )


def spoiled_bytes(kind: str, container: str, dice: random.Random) -> bytes:
    """Bytes are changed, cut off, doubled or put in, most of them near the beginning or the end."""
    data = bytearray(good(kind, container))
    for _ in range(dice.choice([1, 3, 30])):
        size = len(data)
        near = dice.randrange(min(size, 4000))
        place = dice.choice([near, dice.randrange(size), size - 1 - near])
        how = dice.choice(["change", "change", "cut", "insert", "double"])
        if how == "change":
            data[place] = dice.choice([0, 255, dice.randrange(256)])
        elif how == "cut":
            del data[place : place + dice.choice([1, 8, 1000, len(data)])]
        elif how == "insert":
            data[place:place] = dice.randbytes(dice.choice([1, 8, 100]))
        else:
            data[place:place] = data[place : place + 100]
        if not data:
            break
    return bytes(data)


def spoiled_index(kind: str, container: str, dice: random.Random) -> bytes:
    """The index of the file is another, and the rest agrees with it as far as checksums go."""
    data = good(kind, container)
    if container == "safetensors":
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + size])
        entry = header[dice.choice(list(header))]
        change = dice.choice(["shape", "dtype", "data_offsets"])
        entry[change] = {
            "shape": dice.choice(SHAPES),
            "dtype": dice.choice(["F4", "F6_E2M3", "C64", "U64", "BOOL", "F8_E8M0", "F8_E5M2", "X", 3]),
            "data_offsets": dice.choice([[0, 0], [0, 2**63], [8, 4], [-1, 3], [0, 4], []]),
        }[change]
        written = json.dumps(header).encode()
        return struct.pack("<Q", len(written)) + written + data[8 + size :]
    if container == "legacy":
        return data[:15] + _spoiled_pickle(data[15:], dice)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries:
            archive.writestr(name, _spoiled_pickle(content, dice) if name.endswith(".pkl") else content)
    written = file.getvalue()
    return written.replace(b"archive/data", b"archive/\xff\xfeta") if dice.random() < 0.1 else written


def _spoiled_pickle(data: bytes, dice: random.Random) -> bytes:
    how = dice.choice(["bytes", "bytes", "put in", "put in", "whole"])
    if how == "whole":
        return dice.choice(BOMBS)
    found = bytearray(data)
    for _ in range(dice.choice([1, 2, 10])):
        place = dice.randrange(2, min(len(found), 50_000))
        if how == "bytes":
            found[place] = dice.randrange(256)
        else:
            found[place:place] = dice.choice(FRAGMENTS)
    return bytes(found)


SHAPES = ([0, 2**63], [2**62, 4], [-1], [2**31, 2**31], [0] * 100, [1] * 70, [1.5], "x", [[]], [0, 2**40])
"""Shapes for the header of a safetensors file."""
FRAGMENTS = (
    b"(", b"t", b"0", b"}", b"]", b")", b"N", b"R", b"b", b"s", b"a", b"\x85", b"2", b"Q", b".",
    b"cos\nsystem\n", b"cbuiltins\nbytearray\n", b"cbuiltins\nset\n", b"ctorch\nTensor\n",
    b"ctorch._utils\n_rebuild_qtensor\n",
    b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"J\xff\xff\xff\x7f", b"I" + b"9" * 5000 + b"\n",
    b"\x8b\xff\xff\xff\x7f",
    b"X\xff\xff\xff\xff", b"X\x02\x00\x00\x00\xed\xa0", b"h\xff", b"j\xff\xff\xff\xff", b"r\xff\xff\xff\xff",
)  # fmt: skip
"""Opcodes to put between others."""
_SHARED = b"\x80\x02)" + b"q\x00h\x00\x86" * 60
BOMBS = (
    _SHARED + b"}h\x00N\x73.",
    b"\x80\x02}" + b")" + b"\x85" * 300_000 + b"Ns.",
    b"\x80\x02}" + _SHARED[2:] + b"Ns.",
    b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x10\x85R.",
    b"\x80\x02ccollections\nOrderedDict\n(]((" + b")" + b"\x85" * 300_000 + b"Ntatte\x85R.",
    b"\x80\x02ccollections\nOrderedDict\n)R(" + b")" + b"\x85" * 300_000 + b"N\x86tb.",
    b"\x80\x02ctorch.storage\nUntypedStorage\n\x8a\x05\x00\x00\x00\x00\x10\x85R.",
    b"\x80\x02ctorch\nTensor\n\x8a\x05\x00\x00\x00\x00\x10\x85R.",
    b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b".",
    b"\x80\x02" + b"(" * 300_000 + b".",
    b"\x80\x02c__builtin__\neval\nU\x04quit\x85R.",
    pickle.dumps(OrderedDict(a=1), 2),
)
"""Whole indexes that cost or do something when they are followed."""
SPOIL: dict[str, Callable[[str, str, random.Random], bytes]] = {
    "tensors": spoiled_tensors,
    "bytes": spoiled_bytes,
    "index": spoiled_index,
}
CONTAINERS = ("safetensors", "zip", "legacy")


def read(path: Path, kind: str) -> str:
    """Read a file as the node of its kind does: "read", or the words that refuse it."""
    try:
        KINDS[kind][1](read_weights(str(path)))
    except OWN as error:
        said = str(error)
    else:
        return "read"
    # it can be shown and sent, and gives a reason
    assert said.encode()
    assert "()" not in said
    return said
