"""Recognise a motion file by its keys and shapes, and nothing else.

A published layout is a set of whole-key patterns (how the file spells a temporal transformer) and a `Format`
is a set of positive conditions on what those keys describe. A key that no pattern explains means "not a motion
module", and `refusals` then says by name what the file is instead.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from .refusals import refusal
from .sites import Site

Shapes = Mapping[str, tuple[int, ...]]


class MotionFormatError(ValueError):
    """The file is no motion module; the message says what it is and where it belongs."""


@dataclass(frozen=True)
class Layout:
    """One spelling of the same tensors: a pattern for the place, and new names for what is inside it."""

    name: str
    place: re.Pattern[str]
    leaves: tuple[tuple[re.Pattern[str], str], ...]

    def rename(self, key: str) -> tuple[Site, str] | None:
        """(site, canonical leaf) of a key, or None if this layout has no such key."""
        found = self.place.fullmatch(key)
        if found is None:
            return None
        for pattern, leaf in self.leaves:
            inner = pattern.fullmatch(found["leaf"])
            if inner is not None:
                side, level, index = found["side"] or "mid", found["level"], found["index"]
                return Site(side, int(level or 0), int(index)), inner.expand(leaf)
        return None


def _leaves(attention: str, norm: str, ff_norm: str, position: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Leaf patterns of a temporal transformer; the attention number is a group named ``n``."""
    block = r"transformer_blocks\.0\."
    rows = [
        (r"norm\.(weight|bias)", r"norm.\1"),
        (r"(proj_in|proj_out)\.(weight|bias)", r"\1.\2"),
        (rf"{block}{attention}to_([qkv])\.weight", r"attentions.\g<n>.to_\2.weight"),
        (rf"{block}{attention}to_out\.0\.(weight|bias)", r"attentions.\g<n>.to_out.\2"),
        (rf"{block}{norm}(weight|bias)", r"attentions.\g<n>.norm.\2"),
        (rf"{block}ff\.net\.0\.proj\.(weight|bias)", r"ff_in.\1"),
        (rf"{block}ff\.net\.2\.(weight|bias)", r"ff_out.\1"),
        (rf"{block}{ff_norm}\.(weight|bias)", r"ff_norm.\1"),
        (rf"{block}{position}", r"attentions.\g<n>.positions.table" if "?P<n>" in position else r"positions.table"),
    ]
    return tuple((re.compile(pattern), leaf) for pattern, leaf in rows)


def _place(container: str, inner: str = "") -> re.Pattern[str]:
    sides = r"(?:(?P<side>down|up)_blocks\.(?P<level>\d+)|mid_block)"
    return re.compile(rf"{sides}\.{container}\.(?P<index>\d+)\.{inner}(?P<leaf>.+)")


_NUMBER = r"(?P<n>\d+)"
LAYOUTS = (
    Layout(
        "original",
        _place("motion_modules", r"temporal_transformer\."),
        _leaves(
            rf"attention_blocks\.{_NUMBER}\.",
            rf"norms\.{_NUMBER}\.",
            "ff_norm",
            rf"attention_blocks\.{_NUMBER}\.pos_encoder\.pe",
        ),
    ),
)


@dataclass(frozen=True)
class Structure:
    """What the shapes of a file say, before anybody names it."""

    layout: str
    channels: Mapping[Site, int]
    """Channels of the temporal transformer at each site."""
    attentions: int
    positions: int | None
    """Rows of the position tables, None if the file has none."""

    @property
    def levels(self) -> int:
        """Resolution levels of the UNet: 4 for SD1.5, 3 for SDXL."""
        return 1 + max((site.level for site in self.channels if site.side == "down"), default=-1)

    @property
    def has_mid(self) -> bool:
        """Whether the middle block has a module of its own."""
        return any(site.side == "mid" for site in self.channels)


@dataclass(frozen=True)
class Format:
    """A published kind of motion module and what its authors trained it with."""

    name: str
    base: str
    levels: int
    has_mid: bool
    positions: frozenset[int | None]
    beta_schedule: str
    pool_resnets: bool = False
    """Group norms of the UNet's ResBlocks and output take their statistics over the frames of a clip."""
    pool_motion: bool = False
    """The motion module's own group norm does so too."""
    layouts: frozenset[str] = frozenset({"original"})
    trained_frames: int = 16
    advice: str = ""

    def matches(self, structure: Structure) -> bool:
        """Whether this is the format of a file with that structure."""
        return (
            structure.levels == self.levels
            and structure.has_mid == self.has_mid
            and structure.positions in self.positions
            and structure.layout in self.layouts
        )


SD15, SDXL = "SD1.5", "SDXL"
ANIMATEDIFF = "sqrt_linear (AnimateDiff)"
FORMATS = (
    Format("AnimateDiff v1", SD15, 4, False, frozenset({24}), ANIMATEDIFF, pool_resnets=True),
    Format("AnimateDiff v2", SD15, 4, True, frozenset({32}), ANIMATEDIFF),
    Format(
        "AnimateDiff v3",
        SD15,
        4,
        False,
        frozenset({32}),
        ANIMATEDIFF,
        advice="Load v3_sd15_adapter, its domain adapter, on the image model as well: it removes the look of "
        "the training videos.",
    ),
    Format("AnimateDiff SDXL beta", SDXL, 3, False, frozenset({32}), "linear (AnimateDiff-SDXL)", pool_motion=True),
)


@dataclass(frozen=True)
class Recognised:
    """A motion file, named: its format, its structure and where each tensor goes."""

    format: Format
    structure: Structure
    keys: Mapping[str, tuple[Site, str]]
    """File key to (site, canonical leaf)."""

    @property
    def max_frames(self) -> int:
        """Longest clip the position tables can number."""
        return self.structure.positions or 0


def recognise(shapes: Shapes, file: str) -> Recognised:
    """Name the motion format of a file.

    Args:
        shapes: shape of every tensor in the file.
        file: its name, for messages only; it plays no part in recognition.

    Raises:
        MotionFormatError: the file is something else, incomplete, or of a layout nobody published.
    """
    for layout in LAYOUTS:
        keys = {key: renamed for key in shapes if (renamed := layout.rename(key)) is not None}
        if keys and len(keys) == len(shapes):
            structure = _structure(layout.name, keys, shapes, file)
            found = [format for format in FORMATS if format.matches(structure)]
            if len(found) == 1:
                return Recognised(found[0], structure, keys)
            raise MotionFormatError(
                f"{file} is laid out like a motion module, but with {structure.levels} levels, "
                f"{'a' if structure.has_mid else 'no'} mid block and position tables of {structure.positions} "
                "frames, which no published version has. Please report the file and where it comes from."
            )
    raise MotionFormatError(refusal(shapes, file))


def _structure(layout: str, keys: Mapping[str, tuple[Site, str]], shapes: Shapes, file: str) -> Structure:
    leaves: dict[Site, dict[str, tuple[int, ...]]] = {}
    for key, (site, leaf) in keys.items():
        leaves.setdefault(site, {})[leaf] = tuple(shapes[key])
    attentions = {_count(parts, r"attentions\.(\d+)\..*") for parts in leaves.values()}
    tables = {shape[-2] for parts in leaves.values() for leaf, shape in parts.items() if leaf.endswith("table")}
    _require(len(attentions) == 1 and len(tables) <= 1, file, "its modules differ from each other")
    expected = set(_expected_leaves(attentions.copy().pop(), bool(tables)))
    channels = {}
    for site, parts in leaves.items():
        missing = expected - parts.keys()
        _require(not missing, file, f"{len(missing)} tensors of {site} are missing, such as {min(missing, default='')}")
        channels[site] = parts["proj_in.weight"][0]
        wrong = _wrong_shapes(parts, channels[site])
        _require(not wrong, file, f"tensors of {site} have unexpected shapes: {', '.join(wrong)}")
    return Structure(layout, channels, attentions.pop(), tables.pop() if tables else None)


def _expected_leaves(attentions: int, tables: bool) -> Iterable[str]:
    for part in ("norm", "proj_in", "ff_norm", "ff_in", "ff_out", "proj_out"):
        yield from (f"{part}.weight", f"{part}.bias")
    for n in range(attentions):
        for part in ("norm.weight", "norm.bias", "to_q.weight", "to_k.weight", "to_v.weight", "to_out.weight"):
            yield f"attentions.{n}.{part}"
        yield f"attentions.{n}.to_out.bias"
        if tables:
            yield f"attentions.{n}.positions.table"


def _wrong_shapes(parts: Mapping[str, tuple[int, ...]], c: int) -> list[str]:
    special = {"ff_in.weight": (8 * c, c), "ff_in.bias": (8 * c,), "ff_out.weight": (c, 4 * c)}
    wrong = []
    for leaf, shape in parts.items():
        square = (c, c) if re.search(r"(proj_in|proj_out|to_[qkv]|to_out)\.weight$", leaf) else (c,)
        fits = shape[-1] == c if leaf.endswith("table") else shape == special.get(leaf, square)
        if not fits:
            wrong.append(f"{leaf} {shape}")
    return wrong


def _count(names: Set[str] | Mapping[str, object], pattern: str) -> int:
    return 1 + max((int(found[1]) for name in names if (found := re.fullmatch(pattern, name))), default=-1)


def _require(condition: bool, file: str, problem: str) -> None:
    if not condition:
        raise MotionFormatError(f"{file} is a motion module, but {problem}. Download it again.")
