"""SparseCtrl files (arXiv 2311.16933): a ControlNet for pictures at a few frames, with motion layers of its own.

The original code and diffusers (``SparseControlNetModel``) name the image layers alike; the motion layers are spelled
as `layouts` knows them. The image layers are renamed to the original Stable Diffusion names (``input_blocks``), which
ComfyUI's ControlNets have.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..formats import (
    NUMBER,
    SD15,
    SPARSE,
    SQRT_LINEAR,
    Format,
    Recognised,
    Rows,
    Shapes,
    is_bookkeeping,
    kind_and_place,
    layer_problem,
    read_structure,
    spelling,
    unet_name,
)

RGB, SCRIBBLE = "rgb", "scribble"
EXAMPLE = "Choose a SparseCtrl file, for example v3_sd15_sparsectrl_rgb."
MOTION = Format(
    "SparseCtrl",
    SD15,
    4,
    False,
    Rows(frozenset(), others=True),
    SQRT_LINEAR,
    rebuilt=32,
)
CONDITION = "controlnet_cond_embedding."
_CONDITIONS = {RGB: (f"{CONDITION}weight", 5), SCRIBBLE: (f"{CONDITION}conv_in.weight", 4)}
"""First layer of what reads the pictures, and its channels: those of a latent or a picture and one for the mask."""


class SparseError(ValueError):
    """A file is no SparseCtrl, or cannot be used here; the message says why and what to do."""


@dataclass(frozen=True)
class SparseFile:
    """A SparseCtrl file, named: what it reads, how wide it is and where each tensor goes."""

    reads: str
    """"rgb" reads latents of pictures, "scribble" pictures."""
    layers: Mapping[str, str]
    """File key to name in a ControlNet of the original layout."""
    motion: Recognised
    """The motion layers."""
    widths: tuple[int, ...]
    """Channels of each level."""
    context: int
    """Channels of the text encoding it was made for."""


def recognise_sparse(shapes: Shapes, file: str) -> SparseFile:
    """Read a SparseCtrl file by its keys and shapes.

    Args:
        shapes: shape of every tensor in the file.
        file: its name, for messages only.

    Raises:
        SparseError: the file is something else, or arranged in an unknown way.
        MotionFormatError: its motion layers are incomplete.
    """
    prefix = next((key.partition(CONDITION)[0] for key in shapes if CONDITION in key), "")
    start = len(prefix)
    plain = {key[start:]: shape for key, shape in shapes.items() if key.startswith(prefix)}
    kinds = [kind for kind, (key, into) in _CONDITIONS.items() if plain.get(key, ())[1:2] == (into,)]
    motion = spelling(plain)
    layers = {key: name for key in plain if key not in motion.keys and (name := _renamed(key)) is not None}
    unknown = [key for key in plain if key not in motion.keys and key not in layers and not is_bookkeeping(key)]
    if len(kinds) != 1 or not motion.keys or unknown:
        raise SparseError(_refusal(shapes, file, unknown))
    structure = read_structure(motion, plain, file, encoder_only=True)
    text = next((plain[key] for key in plain if key.endswith("attn2.to_k.weight") and key in layers), ())
    return SparseFile(
        kinds[0],
        {prefix + key: name for key, name in layers.items()},
        Recognised(MOTION, structure, {prefix + key: place for key, place in motion.keys.items()}),
        tuple(structure.channels[site] for site in sorted(structure.channels) if site.layer == 0),
        text[-1] if text else 0,
    )


def check_layers(sparse: SparseFile, shapes: Shapes, wanted: Shapes, file: str) -> None:
    """Compare the image layers of a file with those of the network that is built for it.

    Args:
        wanted: shapes of the network's tensors, by their names in a ControlNet of the original layout.

    Raises:
        SparseError: one is missing, has no place, or has another shape.
    """
    problem = layer_problem({name: tuple(shapes[key]) for key, name in sparse.layers.items()}, wanted)
    if problem is not None:
        raise SparseError(f"{file} is a SparseCtrl model, but {problem}. Download it again.")


def _renamed(key: str) -> str | None:
    """The name of an image layer in the original layout, None if it is none."""
    for pattern, name in _NAMES:
        match = pattern.fullmatch(key)
        if match is not None:
            return match.expand(name) if isinstance(name, str) else name(match)
    return None if key.startswith(_NOT_HERE) else unet_name(key)


_NOT_HERE = ("up_blocks.", "conv_norm_out.", "conv_out.")
"""What a UNet has and its encoder has not."""
_NAMES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(rf"controlnet_down_blocks\.({NUMBER})\.(weight|bias)"), r"zero_convs.\1.0.\2"),
    (re.compile(r"controlnet_mid_block\.(weight|bias)"), r"middle_block_out.0.\1"),
    (re.compile(r"controlnet_cond_embedding\.(?:conv_in\.)?(weight|bias)"), r"input_hint_block.0.\1"),
    (
        re.compile(rf"controlnet_cond_embedding\.blocks\.(?P<layer>{NUMBER})\.(?P<leaf>weight|bias)"),
        lambda match: f"input_hint_block.{2 * int(match['layer']) + 2}.{match['leaf']}",
    ),
    (re.compile(r"controlnet_cond_embedding\.conv_out\.(weight|bias)"), r"input_hint_block.14.\1"),
]


def _refusal(shapes: Shapes, file: str, unknown: list[str]) -> str:
    known = kind_and_place(shapes, file)
    if known is not None and known.id != SPARSE:
        return f"{file} is {known.title}, not a SparseCtrl model. {known.advice} {EXAMPLE}"
    if known is not None:
        sample = ", ".join(sorted(unknown)[:3]) or "what reads its pictures has an unknown form"
        return (
            f"{file} looks like a SparseCtrl model, but is arranged in an unknown way ({sample}). Please report the "
            f"file and where it comes from. {EXAMPLE}"
        )
    sample = ", ".join(list(shapes)[:3])
    return f"{file} is not a SparseCtrl model (first keys: {sample}). {EXAMPLE}"
