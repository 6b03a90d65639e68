"""What the index of a PyTorch file would build, found out without building it.

torch's weights-only unpickler runs no code of the file, but follows it into whatever it may cost: a key that is a tuple
of tuples takes exponential time to hash, a deep one ends the process, ``bytearray(10**11)`` fills the memory. So the
index is read here first, as opcodes of the standard library's ``pickletools``, in time linear in its length.
"""

import pickletools
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from .errors import WeightFileError

MAGIC = 0x1950A86A20F9469CFC6C
"""What a PyTorch file that is no archive begins with, as a pickled number."""
MAX_OPCODES = 1 << 20
"""Steps to build everything in a file: 30 for each tensor, 250,000 for a whole SDXL model with its optimizer."""
LEGACY_PARTS = 5
"""Pickles at its beginning: the magic number, a version, the machine, the index, the names of the storages."""


class _Global(NamedTuple):
    name: str


class _Thing:
    """Something whose contents play no part."""


THING, MARK = _Thing(), _Thing()
_REBUILD = "torch._utils._rebuild_"
UNUSUAL = {
    f"{_REBUILD}sparse_tensor": "sparse",
    f"{_REBUILD}sparse_csr_tensor": "sparse",
    f"{_REBUILD}qtensor": "quantised",
    f"{_REBUILD}nested_tensor": "nested",
    "torch.nested._internal.nested_tensor._rebuild_njt": "nested",
    "torch.nested._internal.nested_tensor.NestedTensor": "nested",
    f"{_REBUILD}meta_tensor_no_storage": "empty (meta)",
    f"{_REBUILD}wrapper_subclass": "wrapped",
    f"{_REBUILD}device_tensor_from_numpy": "converted",
    f"{_REBUILD}device_tensor_from_cpu_tensor": "converted",
}
"""Functions that build tensors with anything but plain numbers in a row, and how those are called."""
KNOWN = frozenset(
    {
        "collections.OrderedDict",
        "torch.Size",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "torch.storage.TypedStorage",
        "torch.storage.UntypedStorage",
        f"{_REBUILD}tensor",
        f"{_REBUILD}tensor_v2",
        f"{_REBUILD}tensor_v3",
        f"{_REBUILD}parameter",
        f"{_REBUILD}parameter_with_state",
        # numbers of NumPy and the record of a trainer, which training scripts leave; torch decides about them
        "_codecs.encode",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    }
)
DATA_ONLY = ("torch.storage.", "torch.serialization.")
"""Modules whose names are passed on but not called: a storage is as large as its caller says."""
LATIN = ("latin1", "latin-1")
DTYPES = ("float", "double", "half", "bfloat", "int", "uint", "long", "short", "bool", "complex", "quint", "qint")
SCALARS = (str, int, float, bool, bytes, type(None))


def check_index(file: BinaryIO, size: int, name: str) -> Any:
    """Read one pickle to its end without building what it describes.

    Args:
        file: stands at the beginning of the pickle, and afterwards behind it.
        size: bytes of the whole file; no storage can hold more numbers.
        name: for messages.

    Returns:
        The value, if it is a plain number or text.

    Raises:
        WeightFileError: it describes more than tensors in containers, tensors of an unusual kind, or is damaged.
    """
    return _Reader(size, name).read(file)


def check_legacy(file: BinaryIO, size: int, name: str) -> None:
    """The same for all pickles at the beginning of a PyTorch file that is no archive.

    Raises:
        WeightFileError: also if it is a pickle of something else.
    """
    reader = _Reader(size, name)
    for part in range(LEGACY_PARTS):
        value = reader.read(file)
        if part == 0 and value != MAGIC:
            raise WeightFileError(
                f"{name} is a Python pickle, but none that PyTorch saved. Get the .safetensors version of this model."
            )


def damaged(name: str, error: Exception) -> WeightFileError:
    """What to say of an index that breaks off or makes no sense."""
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    # long ones, and those that name functions, are for whoever writes programs
    if len(reason) > 120 or "()" in reason or "attribute" in reason:
        reason = "its contents make no sense"
    return WeightFileError(
        f"{name} is a PyTorch file that is cut off or damaged ({reason}). Compare its size with the one where it comes "
        "from, and download it again."
    )


def python_objects(name: str, what: str = "") -> WeightFileError:
    """What to say of a file that asks for more than tensors."""
    return WeightFileError(
        f"{name} holds Python objects besides weights{what}, which could run code when loaded, so it was not opened. "
        "Get the .safetensors version of this model, or convert it in an environment you trust."
    )


class _Reader:
    """A pickle machine whose values are scalars, lists and tuples of values, and things without contents."""

    def __init__(self, size: int, name: str) -> None:
        self.size, self.name = size, name
        self.opcodes = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def read(self, file: BinaryIO) -> Any:
        """One pickle, as `check_index` tells."""
        self.stack, self.memo = [], {}
        try:
            return self.run(pickletools.genops(file))
        except WeightFileError:
            raise
        except Exception as error:
            raise damaged(self.name, error) from error

    def run(self, opcodes: Iterator[tuple[Any, Any, int | None]]) -> Any:
        """Follow the opcodes to the end of the pickle."""
        for opcode, argument, _ in opcodes:
            self.opcodes += 1
            if self.opcodes > MAX_OPCODES:
                raise ValueError(f"its index has more than {MAX_OPCODES:,} steps")
            if opcode.name == "STOP":
                value = self.stack.pop()
                return value if isinstance(value, SCALARS) else None
            if _PUSHED.fullmatch(opcode.name):
                self.stack.append(argument)
                continue
            step = _STEPS.get(opcode.name)
            if step is None:
                raise ValueError(f"{opcode.name} is no opcode that PyTorch writes")
            step(self, argument)
        raise EOFError

    def marked(self) -> list[Any]:
        """The values since the last mark, which goes too."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is MARK:
                items = self.stack[place + 1 :]
                del self.stack[place:]
                return items
        raise ValueError("a mark is missing")

    def last(self, count: int) -> list[Any]:
        """So many values, which go."""
        if len(self.stack) < count:
            raise ValueError("a value is missing")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def look_up(self, name: str) -> None:
        module, _, leaf = name.rpartition(" ")
        full = f"{'builtins' if module == '__builtin__' else module}.{leaf}"
        if full in UNUSUAL:
            raise WeightFileError(
                f"{self.name} holds {UNUSUAL[full]} tensors, not plain ones. Get another version of this model, or "
                "save it once more with dense tensors of 16 or 32 bits."
            )
        is_type = module == "torch" and (leaf.endswith("Storage") or leaf.startswith(DTYPES))
        if full not in KNOWN and not is_type:
            raise python_objects(self.name, f" ({full[:80]})")
        self.stack.append(_Global(full))

    def called(self) -> None:
        """A function takes arguments, of which those that would be hashed or looked up are checked."""
        function, given = self.last(2)
        if not isinstance(function, _Global) or function.name not in KNOWN or function.name.startswith(DATA_ONLY):
            raise python_objects(self.name)
        if not isinstance(given, tuple):
            raise ValueError("a function has no arguments")
        if function.name == "collections.OrderedDict" and given:
            pairs: list[Any] = given[0] if isinstance(given[0], list) else [None]
            if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
                raise ValueError("a dictionary is made of something else than pairs")
            self.keyed([value for pair in pairs for value in pair])
        if function.name == "_codecs.encode" and (len(given) != 2 or given[1] not in LATIN):
            raise ValueError("bytes are written in an unusual way")
        self.stack.append(THING)

    def built(self) -> None:
        """Something gets a dictionary of attributes."""
        if self.last(1)[0] is not THING:
            raise ValueError("an object is built of something else than its attributes")

    def keyed(self, items: list[Any]) -> None:
        """Keys are plain: hashing them takes no longer than reading them."""
        if len(items) % 2 or not all(isinstance(key, SCALARS) for key in items[::2]):
            raise ValueError("a key is neither a text nor a number")

    def storage(self, built: Any) -> None:
        """A reference to numbers that lie elsewhere in the file: ("storage", type, key, device, count, ...)."""
        good = isinstance(built, tuple) and len(built) in (5, 6) and built[0] == "storage"
        if not good or not isinstance(built[4], int) or not 0 <= built[4] <= self.size:
            raise ValueError("a tensor has more numbers than the file")
        self.stack.append(THING)


def _memoize(reader: _Reader, place: int | None) -> None:
    reader.memo[len(reader.memo) if place is None else place] = reader.stack[-1]


def _replace(count: int, make: Callable[[list[Any]], Any]) -> Callable[[_Reader, Any], None]:
    """Takes so many values off the stack and puts one there."""
    return lambda reader, _: reader.stack.append(make(reader.last(count)))


def _append(reader: _Reader, items: list[Any]) -> None:
    if not isinstance(reader.stack[-1], list):
        raise ValueError("a list is missing")
    reader.stack[-1].extend(items)


def _set_item(reader: _Reader, _: Any) -> None:
    reader.keyed(reader.last(2))


_PUSHED = re.compile(
    r"(BIN)?INT[12]?|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BINSTRING|BINBYTES|BINUNICODE)|STRING|UNICODE|BIN(BYTES|UNICODE)8"
)
"""Opcodes whose argument is their value."""
_STEPS: dict[str, Callable[[_Reader, Any], object]] = {
    "PROTO": lambda reader, protocol: None,
    "FRAME": lambda reader, length: None,
    "NONE": lambda reader, _: reader.stack.append(None),
    "NEWTRUE": lambda reader, _: reader.stack.append(True),
    "NEWFALSE": lambda reader, _: reader.stack.append(False),
    "MARK": lambda reader, _: reader.stack.append(MARK),
    "POP": lambda reader, _: reader.last(1),
    "POP_MARK": lambda reader, _: reader.marked(),
    "EMPTY_TUPLE": lambda reader, _: reader.stack.append(()),
    "EMPTY_LIST": lambda reader, _: reader.stack.append([]),
    "EMPTY_DICT": lambda reader, _: reader.stack.append(THING),
    "LIST": lambda reader, _: reader.stack.append(reader.marked()),
    "DICT": lambda reader, _: (reader.keyed(reader.marked()), reader.stack.append(THING)),
    "TUPLE": lambda reader, _: reader.stack.append(tuple(reader.marked())),
    "TUPLE1": _replace(1, tuple),
    "TUPLE2": _replace(2, tuple),
    "TUPLE3": _replace(3, tuple),
    "APPEND": lambda reader, _: _append(reader, reader.last(1)),
    "APPENDS": lambda reader, _: _append(reader, reader.marked()),
    "SETITEM": _set_item,
    "SETITEMS": lambda reader, _: reader.keyed(reader.marked()),
    "GLOBAL": _Reader.look_up,
    "STACK_GLOBAL": lambda reader, _: reader.look_up(" ".join(map(str, reader.last(2)))),
    "REDUCE": lambda reader, _: reader.called(),
    "NEWOBJ": lambda reader, _: reader.called(),
    "BUILD": lambda reader, _: reader.built(),
    "BINPERSID": lambda reader, _: reader.storage(*reader.last(1)),
    "PUT": _memoize,
    "BINPUT": _memoize,
    "LONG_BINPUT": _memoize,
    "MEMOIZE": _memoize,
    "GET": lambda reader, place: reader.stack.append(reader.memo[place]),
    "BINGET": lambda reader, place: reader.stack.append(reader.memo[place]),
    "LONG_BINGET": lambda reader, place: reader.stack.append(reader.memo[place]),
}
