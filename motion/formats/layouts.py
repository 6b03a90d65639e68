"""How motion files spell their tensors, whatever their version: patterns for whole keys and one canonical name.

The original code (arXiv 2307.04725, ``motion_module.py``), HotshotXL and diffusers (``MotionAdapter``,
``UNetMotionModel``) save the same temporal transformer under three spellings. A training checkpoint holds the image
UNet as well. A key that none of these patterns explains means "not a motion module".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .picture_layers import ADDED, LATENT, LCM_PICTURE, PIA
from .sites import Site

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
        found = self.place.fullmatch(key)
        if found is None:
            return None
        for pattern, leaf in self.leaves:
            inner = pattern.fullmatch(found["leaf"])
            if inner is not None:
                side, level, index = found["side"] or "mid", found["level"], found["index"]
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
    """File keys that are none of these."""
    picture: str = ""
    """`PIA` or `LCM_PICTURE` if the file has layers that read a picture."""
    picture_keys: Mapping[str, str] = field(default_factory=dict)
    """File key to its name in those layers."""


def _place(container: str) -> re.Pattern[str]:
    sides = r"(?:(?P<side>down|up)_blocks\.(?P<level>\d+)|mid_block)"
    return re.compile(rf"{sides}\.{container}\.(?P<index>\d+)\.(?:temporal_transformer\.)?(?P<leaf>.+)")


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


_NUMBERED = _leaves(
    [(r"\g<n>", r"attention_blocks\.(?P<n>\d+)", r"norms\.(?P<n>\d+)")],
    "ff_norm",
    (r"attention_blocks\.(?P<n>\d+)\.pos_encoder\.(?:pe|positional_encoding)", r"attentions.\g<n>.positions.table"),
)
_DIFFUSERS = _leaves(
    [("0", "attn1", "norm1"), ("1", "attn2", "norm2")],
    "norm3",
    (r"pos_embed\.pe", SHARED_TABLE),
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

_UNET = re.compile(
    r"(conv_in|conv_norm_out|conv_out|(time|add)_embedding\.linear_[12])\.(weight|bias)"
    r"|((down|up)_blocks\.\d+|mid_block)\.("
    r"resnets\.\d+\.(norm1|norm2|conv1|conv2|conv_shortcut|time_emb_proj)\.(weight|bias)"
    r"|(down|up)samplers\.0\.conv\.(weight|bias)"
    r"|attentions\.\d+\.((norm|proj_in|proj_out)\.(weight|bias)"
    r"|transformer_blocks\.\d+\.(norm[123]\.(weight|bias)|attn[12]\.(to_[qkv]\.weight|to_out\.0\.(weight|bias))"
    r"|ff\.net\.(0\.proj|2)\.(weight|bias))))"
)
_PREFIX = re.compile(r"(?:[^.]+\.)*?(?=(?:down_blocks|up_blocks|mid_block)\.)")


def spelling(shapes: Shapes) -> Spelling:
    """Read a file in the layout that explains most of its keys.

    A prefix shared by all keys (``unet.``, ``model.``, ``motion_module.``) says nothing and is left out.

    Args:
        shapes: shape of every tensor in the file.
    """
    prefix = next((found[0] for key in shapes if (found := _PREFIX.match(key))), "")
    start = len(prefix) if all(key.startswith(prefix) for key in shapes) else 0
    kind, picture = _picture({key[start:]: shape for key, shape in shapes.items()})
    picture = {key: picture[key[start:]] for key in shapes if key[start:] in picture}
    unet = {key for key, shape in shapes.items() if key not in picture and _is_unet(key[start:], shape)}
    readings = []
    for layout in LAYOUTS:
        keys = {key: place for key in shapes if (place := layout.rename(key[start:])) is not None}
        unexplained = tuple(key for key in shapes if key not in keys and key not in unet and key not in picture)
        readings.append(Spelling(layout.name, keys, len(unet), unexplained, kind, picture))
    return max(readings, key=lambda reading: len(reading.keys))


def _picture(shapes: Shapes) -> tuple[str, dict[str, str]]:
    """The kind of the layers that read a picture, and key to name in them."""
    encoder = {key: key.removeprefix(_ENCODER) for key in shapes if key.startswith(_ENCODER)}
    if encoder:
        return LCM_PICTURE, encoder
    if shapes.get("conv_in.weight", ())[1:] == _NINE:
        return PIA, {key: key for key in ("conv_in.weight", "conv_in.bias") if key in shapes}
    return "", {}


def _is_unet(key: str, shape: tuple[int, ...]) -> bool:
    """Whether this is a tensor of a plain text-to-image UNet in diffusers' naming.

    An input layer with more than four channels belongs to a model that needs its extra channels.
    """
    return _UNET.fullmatch(key) is not None and (key != "conv_in.weight" or shape[1:2] == (4,))
