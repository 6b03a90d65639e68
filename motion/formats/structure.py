"""What the shapes of a motion file say: where its modules sit, how wide they are, whether anything is missing."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .layouts import SHARED_TABLE, Shapes, Spelling
from .picture_layers import PICTURE_SHAPES
from .sites import Site

GROUPS = 32
"""Groups of the motion module's group norm; its 8 attention heads divide every width that these do."""

SPARSE_LEVELS = 4
"""SparseCtrl exists for SD1.5 alone."""


class MotionFormatError(ValueError):
    """The file is no motion module; the message says what it is and where it belongs."""


@dataclass(frozen=True)
class Structure:
    """What the shapes of a file say, before anybody names it."""

    layout: str
    channels: Mapping[Site, int]
    """Channels of the temporal transformer at each site."""
    attentions: int
    positions: int | None
    """Rows of the position tables, None if the file has none."""
    unet: bool = False
    """Whether the image UNet is in the file too, as in a training checkpoint."""
    picture: str = ""
    """The kind of its layers that read a picture, as `layouts` names it."""

    @property
    def levels(self) -> int:
        """Resolution levels of the UNet: 4 for SD1.5, 3 for SDXL."""
        return 1 + max((site.level for site in self.channels if site.side != "mid"), default=-1)

    @property
    def has_mid(self) -> bool:
        """Whether the middle block has a module of its own."""
        return any(site.side == "mid" for site in self.channels)

    @property
    def used_levels(self) -> frozenset[int]:
        """Levels with modules, 0 the finest (``motion_module_resolutions`` of the original code)."""
        top = self.levels - 1
        return frozenset(s.level if s.side == "down" else top - s.level for s in self.channels if s.side != "mid")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level with modules, the finest first."""
        widest = {_level(site, self.levels - 1): width for site, width in self.channels.items() if site.side != "mid"}
        return tuple(widest[level] for level in sorted(widest))

    @property
    def up_only(self) -> bool:
        """Whether only the way out has modules (``motion_module_decoder_only``)."""
        return not any(site.side == "down" for site in self.channels)


def read_structure(spelled: Spelling, shapes: Shapes, file: str, encoder_only: bool = False) -> Structure:
    """The structure of a file whose every key is explained.

    Args:
        encoder_only: it is a SparseCtrl, which has the way down alone, not a motion module.

    Raises:
        MotionFormatError: a tensor or a whole module is missing, doubled or of another shape.
    """
    what = f"{file} is a {'SparseCtrl model' if encoder_only else 'motion module'}"
    leaves: dict[Site, dict[str, tuple[int, ...]]] = {}
    for key, (site, leaf) in spelled.keys.items():
        parts = leaves.setdefault(site, {})
        _require(leaf not in parts, what, f"it holds {leaf} of {site} twice")
        parts[leaf] = tuple(shapes[key])
    names = {leaf for parts in leaves.values() for leaf in parts}
    attentions = _count(names, r"attentions\.([0-9]+)\..*")
    tables = {shape[-2:-1] for parts in leaves.values() for leaf, shape in parts.items() if leaf.endswith("table")}
    _require(attentions > 0, what, "it has no attention layers")
    _require(len(tables) <= 1, what, "its position tables differ in length")
    rows = next(iter(tables), ())
    expected = set(_expected_leaves(attentions, "" if not tables else "shared" if SHARED_TABLE in names else "own"))
    channels = {}
    for site, parts in leaves.items():
        missing = expected - parts.keys()
        _require(not missing, what, f"{len(missing)} tensors of {site} are missing, such as {min(missing, default='')}")
        channels[site] = math.prod(parts["proj_in.bias"])
        _require(
            channels[site] % GROUPS == 0, what, f"{site} has {channels[site]} channels, which {GROUPS} does not divide"
        )
        wrong = _wrong_shapes(parts, channels[site])
        _require(not wrong, what, f"tensors of {site} have unexpected shapes: {', '.join(wrong)}")
    structure = Structure(
        spelled.layout, channels, attentions, rows[0] if rows else None, spelled.unet > 0, spelled.picture
    )
    _check_arrangement(structure, what, encoder_only)
    if spelled.picture:
        _check_picture(structure, {name: tuple(shapes[key]) for key, name in spelled.picture_keys.items()}, what)
    return structure


def _check_picture(structure: Structure, parts: Mapping[str, tuple[int, ...]], file: str) -> None:
    """The layers that read a picture are whole and as wide as the levels they feed.

    Raises:
        MotionFormatError: a tensor is missing, too much or of another shape, or there is no level to feed.
    """
    whole = not structure.up_only and len(structure.used_levels) == structure.levels
    _require(whole, file, f"its layers that read a picture ({structure.picture}) need parts at every level going down")
    wanted = PICTURE_SHAPES[structure.picture](structure.widths)
    wrong = [
        f"{name} {parts.get(name, 'missing') or 'a single number'}"
        for name in wanted
        if parts.get(name) != wanted[name]
    ]
    wrong += [f"{name} unknown" for name in parts if name not in wanted]
    _require(not wrong, file, f"its layers that read a picture are not as expected: {', '.join(wrong[:3])}")


def _expected_leaves(attentions: int, table: str) -> Iterable[str]:
    for part in ("norm", "proj_in", "ff_norm", "ff_in", "ff_out", "proj_out"):
        yield from (f"{part}.weight", f"{part}.bias")
    for n in range(attentions):
        for part in ("norm.weight", "norm.bias", "to_q.weight", "to_k.weight", "to_v.weight", "to_out.weight"):
            yield f"attentions.{n}.{part}"
        yield f"attentions.{n}.to_out.bias"
        if table == "own":
            yield f"attentions.{n}.{SHARED_TABLE}"
    if table == "shared":
        yield SHARED_TABLE


def _wrong_shapes(parts: Mapping[str, tuple[int, ...]], c: int) -> list[str]:
    special = {"ff_in.weight": (8 * c, c), "ff_in.bias": (8 * c,), "ff_out.weight": (c, 4 * c)}
    wrong = []
    for leaf, shape in parts.items():
        square = (c, c) if re.search(r"(proj_in|proj_out|to_[qkv]|to_out)\.weight$", leaf) else (c,)
        if leaf.endswith("table"):
            fits = len(shape) in (2, 3) and shape[:-2] in ((), (1,)) and shape[-2] > 0 and shape[-1] == c
        else:
            fits = shape == special.get(leaf, square)
        if not fits:
            wrong.append(f"{leaf} {shape or 'a single number'}")
    return wrong


def _check_arrangement(structure: Structure, what: str, encoder_only: bool) -> None:
    """Modules sit where the original code can put them: both ways or up only, at all levels or some, mid or not.

    Those of a SparseCtrl sit at every level of the way down.

    Raises:
        MotionFormatError: one is missing, one is where no layer is, or widths are not mirrored.
    """
    channels, top = structure.channels, structure.levels - 1
    wanted = _wanted(structure, encoder_only)
    extra = channels.keys() - wanted - (set() if encoder_only else {Site("mid", 0, 0)})
    missing = wanted - channels.keys()
    _require(
        not missing,
        what,
        f"it is incomplete: {len(missing)} of its {len(wanted | channels.keys())} parts are missing, such as the one "
        f"for {min(missing, default='')}",
    )
    _require(not extra, what, f"it has a part for {min(extra, default='')}, where image models have no layer")
    widths = {(top - s.level if s.side == "up" else s.level): width for s, width in channels.items() if s.side != "mid"}
    uneven = [s for s, width in channels.items() if s.side != "mid" and widths[_level(s, top)] != width]
    _require(not uneven, what, f"{min(uneven, default='')} is not as wide as its counterpart")


def _wanted(structure: Structure, encoder_only: bool) -> set[Site]:
    """The places that have to have a module; the middle of a motion module may have one besides."""
    if encoder_only:
        return {Site("down", level, layer) for level in range(SPARSE_LEVELS) for layer in range(2)}
    top = structure.levels - 1
    wanted = {Site("up", top - level, layer) for level in structure.used_levels for layer in range(3)}
    if not structure.up_only:
        wanted |= {Site("down", level, layer) for level in structure.used_levels for layer in range(2)}
    return wanted


def _level(site: Site, top: int) -> int:
    return top - site.level if site.side == "up" else site.level


def _count(names: Iterable[str], pattern: str) -> int:
    return 1 + max((int(match[1]) for name in names if (match := re.fullmatch(pattern, name))), default=-1)


def _require(condition: bool, what: str, problem: str) -> None:
    if not condition:
        raise MotionFormatError(f"{what}, but {problem}. Download it again.")
