"""How motion files spell their tensors, whatever their version: patterns for whole keys and one canonical name.

The original code (arXiv 2307.04725, ``motion_module.py``), HotshotXL and diffusers (``MotionAdapter``,
``UNetMotionModel``) save the same temporal transformer under three spellings. A training checkpoint holds the image
UNet as well. What lies beside such a network is left out: a step counter, an optimizer, a text encoder, a second set of
the same layers. A key inside it that none of these patterns explains means "not a motion module".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .picture_layers import ADDED, LATENT, LCM_PICTURE, PIA
from .sites import NUMBER, Site
from .unet_names import unet_name
from .weights import is_copy

Shapes = Mapping[str, tuple[int, ...]]
SHARED_TABLE = "positions.table"
"""Canonical leaf of a position table that every attention of a block uses, as diffusers saves it."""


@dataclass(frozen=True)
class Layout:
    """One spelling: a pattern for the place, and canonical names for what is inside it."""

    name: str
    place: re.Pattern[str]
    leaves: tuple[tuple[re.Pattern[str], str], ...]

    def rename(self, key: str) -> tuple[Site, str] | None:
        """(site, canonical leaf) of a key, or None if this layout has no such key."""
        match = self.place.fullmatch(key)
        if match is None:
            return None
        for pattern, leaf in self.leaves:
            inner = pattern.fullmatch(match["leaf"])
            if inner is not None:
                side, level, index = match["side"] or "mid", match["level"], match["index"]
                return Site(side, int(level or 0), int(index)), inner.expand(leaf)
        return None


@dataclass(frozen=True)
class Spelling:
    """A file read in the layout that explains most of it."""

    layout: str
    keys: Mapping[str, tuple[Site, str]]
    """File key to (site, canonical leaf)."""
    unet: int
    """Tensors of an image UNet in the same file, which a motion module does not need."""
    unexplained: tuple[str, ...]
    """File keys of the same network, or of temporal layers without a place, that are none of these."""
    picture: str = ""
    """`PIA` or `LCM_PICTURE` if the file has layers that read a picture."""
    picture_keys: Mapping[str, str] = field(default_factory=dict)
    """File key to its name in those layers."""
    ignored: tuple[str, ...] = ()
    """File keys beside the network."""
    prefix: str = ""
    """What all keys of the network begin with."""
    copies: tuple[str, ...] = ()
    """What the keys of other networks with temporal layers begin with."""


def _place(container: str) -> re.Pattern[str]:
    sides = rf"(?:(?P<side>down|up)_blocks\.(?P<level>{NUMBER})|mid_block)"
    return re.compile(rf"{sides}\.{container}\.(?P<index>{NUMBER})\.(?:temporal_transformer\.)?(?P<leaf>.+)")


def _leaves(attentions: Iterable[tuple[str, str, str]], ff_norm: str, table: tuple[str, str]) -> tuple:
    """Leaf patterns of a temporal transformer.

    Args:
        attentions: (number in the canonical name, pattern of the attention, pattern of its norm); a number that
            stands in the key is the group ``n``.
        table: pattern and canonical name of the position table.
    """
    block = r"transformer_blocks\.0\."
    rows = [
        (r"norm\.(weight|bias)", r"norm.\1"),
        (r"(proj_in|proj_out)\.(weight|bias)", r"\1.\2"),
        (rf"{block}ff\.net\.0\.proj\.(weight|bias)", r"ff_in.\1"),
        (rf"{block}ff\.net\.2\.(weight|bias)", r"ff_out.\1"),
        (rf"{block}{ff_norm}\.(weight|bias)", r"ff_norm.\1"),
        (block + table[0], table[1]),
    ]
    for n, attention, norm in attentions:
        rows += [
            (rf"{block}{attention}\.to_(?P<part>[qkv])\.weight", rf"attentions.{n}.to_\g<part>.weight"),
            (rf"{block}{attention}\.to_out\.0\.(?P<part>weight|bias)", rf"attentions.{n}.to_out.\g<part>"),
            (rf"{block}{norm}\.(?P<part>weight|bias)", rf"attentions.{n}.norm.\g<part>"),
        ]
    return tuple((re.compile(pattern), leaf) for pattern, leaf in rows)


POSITIONS = r"(?:pos_encoder|pos_embed)\.(?:pe|pos_encoding|positional_encoding)"
"""The ways in which a position table is spelled."""
_NUMBERED = _leaves(
    [(r"\g<n>", rf"attention_blocks\.(?P<n>{NUMBER})", rf"norms\.(?P<n>{NUMBER})")],
    "ff_norm",
    (rf"attention_blocks\.(?P<n>{NUMBER})\.{POSITIONS}", r"attentions.\g<n>.positions.table"),
)
_DIFFUSERS = _leaves(
    [("0", "attn1", "norm1"), ("1", "attn2", "norm2")],
    "norm3",
    (POSITIONS, SHARED_TABLE),
)
ORIGINAL, HOTSHOT, DIFFUSERS = "original", "HotshotXL", "diffusers"
LAYOUTS = (
    Layout(ORIGINAL, _place("motion_modules"), _NUMBERED),
    Layout(HOTSHOT, _place("temporal_attentions"), _NUMBERED),
    Layout(DIFFUSERS, _place("motion_modules"), _DIFFUSERS),
)

_ENCODER = "img_encoder."
_NINE = (LATENT + ADDED, 3, 3)
"""Of PIA's first layer."""

_XL = re.compile(r"add_embedding\.linear_[12]\.(weight|bias)")
"""What an SDXL UNet has besides."""
_PREFIX = re.compile(r"(?:[^.]+\.)*?(?=(?:down_blocks|up_blocks|mid_block)\.)")
TEMPORAL = re.compile(r"(motion_modules|temporal_attentions)[._]")
"""Part of every key of a temporal layer, whoever wrote it."""


def spelling(shapes: Shapes) -> Spelling:
    """Read a file in the layout that explains most of it.

    A file may hold several networks with temporal layers, told apart by what their keys begin with (``model.``,
    ``model_ema.``). The one with most tensors is taken; among equals one that is no running average, then the first.

    Args:
        shapes: shape of every tensor in the file.
    """
    networks: dict[str, list[str]] = {}
    for key in shapes:
        match = _PREFIX.match(key)
        if match is not None:
            networks.setdefault(match[0], []).append(key)
    readings = {prefix: _reading(prefix, keys) for prefix, keys in networks.items()}
    temporal = {prefix: len(keys) for prefix, (_, keys) in readings.items() if keys}
    # of equals the first is the largest
    prefix = max(temporal or networks or [""], key=lambda each: (temporal.get(each, 0), not is_copy(each)))
    layout, keys = readings.get(prefix, (ORIGINAL, {}))
    start, inside = len(prefix), {key for key in shapes if key.startswith(prefix)}
    kind, picture = _picture(
        {key[start:] if key in inside else key: key for key in shapes if key in inside or key.startswith(_ENCODER)},
        shapes,
    )
    unet = {key for key in inside if key not in picture and _is_unet(key[start:], shapes[key])}
    rest = [key for key in shapes if key not in keys and key not in picture and key not in unet]
    others = {key for each, members in networks.items() if each != prefix for key in members}
    unexplained = tuple(key for key in rest if key not in others and _matters(key[start:] if key in inside else key))
    beside = set(rest) - set(unexplained)
    copies = tuple(each for each in temporal if each != prefix)
    ignored = tuple(key for key in rest if key in beside and not key.startswith(copies))
    return Spelling(layout, keys, len(unet), unexplained, kind, picture, ignored, prefix, copies)


def _reading(prefix: str, keys: Sequence[str]) -> tuple[str, dict[str, tuple[Site, str]]]:
    """The layout that explains most of these keys, and what they are in it."""
    start = len(prefix)
    readings = [
        (layout.name, {key: place for key in keys if (place := layout.rename(key[start:])) is not None})
        for layout in LAYOUTS
    ]
    return max(readings, key=lambda reading: len(reading[1]))


def _matters(key: str) -> bool:
    """Whether a tensor that nobody explains makes the network another one, or is a temporal layer without a place."""
    return _PREFIX.match(key) is not None or TEMPORAL.search(key) is not None or key == "conv_in.weight"


def _picture(names: Mapping[str, str], shapes: Shapes) -> tuple[str, dict[str, str]]:
    """The kind of the layers that read a picture, and file key to name in them.

    Args:
        names: key in the network to key in the file.
    """
    encoder = {file: key.removeprefix(_ENCODER) for key, file in names.items() if key.startswith(_ENCODER)}
    if encoder:
        return LCM_PICTURE, encoder
    if shapes.get(names.get("conv_in.weight", ""), ())[1:] == _NINE:
        return PIA, {names[key]: key for key in ("conv_in.weight", "conv_in.bias") if key in names}
    return "", {}


def _is_unet(key: str, shape: tuple[int, ...]) -> bool:
    """Whether this is a tensor of a plain text-to-image UNet in diffusers' naming.

    An input layer with more than four channels belongs to a model that needs its extra channels.
    """
    known = unet_name(key) is not None or _XL.fullmatch(key) is not None
    return known and (key != "conv_in.weight" or shape[1:2] == (4,))
