"""The two UNets of Animate Anyone: the denoising one, and the ReferenceNet that reads the character's picture.

Both were trained with diffusers and are spelled so. The ReferenceNet (arXiv 2311.17117, section 3.2) is the same UNet
without output layers; only what its 16 self-attentions read is ever used, so that everything behind the last one's
norm is dead weight, which files may hold.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..formats import (
    IMAGE_UNET,
    MOORE_FACE,
    REFERENCE_UNET,
    FileKind,
    Shapes,
    is_bookkeeping,
    kind_and_place,
    kind_of,
    layer_problem,
    unet_name,
)
from .errors import CharacterError

DENOISING, REFERENCE = "denoising UNet", "reference UNet"
LAST = "output_blocks.11.1."
"""The last transformer, of which the ReferenceNet runs the beginning alone."""
DEAD = re.compile(
    r"output_blocks\.11\.1\.(proj_out\.|transformer_blocks\.0\.(attn[12]|norm[23]|ff)\.)[a-z0-9_.]*|out\.[02]\..*"
)
"""Tensors of a ReferenceNet that nothing reads; without any of those in the last transformer it is MagicAnimate's."""
_LEVELS, _CONTEXT, _LATENT = 4, 768, 4
"""Of Stable Diffusion 1.5: levels, channels of an embedding and of a latent."""
_PREFIXES = ("", "module.", "unet.")
_KINDS = {DENOISING: IMAGE_UNET, REFERENCE: REFERENCE_UNET}
_EXAMPLE = {DENOISING: "denoising_unet.pth", REFERENCE: "reference_unet.pth"}


@dataclass(frozen=True)
class UnetFile:
    """A UNet's file, named: how wide it is and where each tensor goes."""

    names: Mapping[str, str]
    """File key to name in the original layout, dead tensors left out."""
    widths: tuple[int, ...]
    """Channels of each level."""
    context: int
    """Channels of the embedding it was made for."""

    def shapes(self, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        """Shape by name, of the tensors that are used."""
        return {name: tuple(shapes[key]) for key, name in self.names.items()}


def recognise_unet(shapes: Shapes, file: str, part: str) -> UnetFile:
    """Read a UNet of Animate Anyone by its keys and shapes.

    Args:
        file: its name, for messages only.
        part: `DENOISING` or `REFERENCE`. The denoising UNet of every release, the reference UNet of Moore's face model
            and Stable Diffusion 1.5 itself are the same key for key, so the place a file is chosen for decides.

    Raises:
        CharacterError: it is something else, or of another base.
    """
    prefix = next((each for each in _PREFIXES if f"{each}conv_in.weight" in shapes), "")
    plain = {key.removeprefix(prefix): tuple(shape) for key, shape in shapes.items() if key.startswith(prefix)}
    plain = {key: shape for key, shape in plain.items() if not is_bookkeeping(key)}
    names = {key: name for key in plain if (name := unet_name(key)) is not None}
    unknown = [key for key in shapes if key.removeprefix(prefix) not in names and not is_bookkeeping(key)]
    kind = kind_of(plain)
    if kind is None or kind.id != _KINDS[part]:
        raise CharacterError(_refusal(shapes, kind, file, part))
    widths = tuple(_widths(plain))
    text = next(shape[-1] for key, shape in plain.items() if key.endswith("attn2.to_k.weight"))
    if len(widths) != _LEVELS or text != _CONTEXT:
        raise CharacterError(
            f"{file} is a UNet of {len(widths)} levels for embeddings of {text} numbers; the {part} of Animate Anyone "
            f"is made from Stable Diffusion 1.5, which has {_LEVELS} and {_CONTEXT}. Choose {_EXAMPLE[part]} of a "
            "release here."
        )
    if unknown or plain["conv_in.weight"][1:2] != (_LATENT,):
        what = unknown[0] if unknown else "a first layer for other latents"
        raise CharacterError(
            f"{file} is built like a {part} of Animate Anyone, but holds {what}, which none has. Choose "
            f"{_EXAMPLE[part]} of a release here."
        )
    used = {prefix + key: name for key, name in names.items() if part == DENOISING or not DEAD.fullmatch(name)}
    return UnetFile(used, widths, text)


def check_unet(unet: UnetFile, shapes: Shapes, wanted: Shapes, file: str, part: str) -> None:
    """Compare a file with the network that is built for it.

    Args:
        wanted: shapes of the network's tensors, by their names in the original layout.

    Raises:
        CharacterError: a tensor is missing, has no place, or has another shape.
    """
    problem = layer_problem(unet.shapes(shapes), wanted)
    if problem is not None:
        raise CharacterError(f"{file} is a {part} of Animate Anyone, but {problem}. Download it again.")


def _widths(plain: Shapes) -> Iterator[int]:
    level = 0
    while f"down_blocks.{level}.resnets.0.conv1.bias" in plain:
        yield plain[f"down_blocks.{level}.resnets.0.conv1.bias"][0]
        level += 1


def _refusal(shapes: Shapes, kind: FileKind | None, file: str, part: str) -> str:
    advice = f"Choose {_EXAMPLE[part]} of a release here."
    # the face model's denoising UNet is a motion module too, to whoever wants one
    known = kind if kind is not None and kind.id == MOORE_FACE else kind_and_place(shapes, file)
    if known is not None:
        return f"{file} is {known.title}, which is not what belongs here. {known.advice} {advice}"
    return f"{file} is not a {part} of Animate Anyone (first keys: {', '.join(list(shapes)[:3])}). {advice}"
