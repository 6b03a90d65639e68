"""The two UNets of Animate Anyone: the denoising one, and the ReferenceNet that reads the character's picture.

Both were trained with diffusers and are spelled so. The ReferenceNet (arXiv 2311.17117, section 3.2) is the same UNet
without output layers; only what its 16 self-attentions read is ever used, so that everything behind the last one's
norm is dead weight, which files may hold.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mode

from ..formats import (
    APPEARANCE_ENCODER,
    FACE_DENOISER,
    IMAGE_UNET,
    LATENT,
    LDM_UNET,
    MODULE,
    MOTION_MODULE,
    REFERENCE_UNET,
    Shapes,
    is_bookkeeping,
    key_lines,
    kind_and_place,
    kind_of,
    layer_problem,
    shown,
    unet_name,
    wrapper,
)
from .errors import CharacterError
from .spatial import GROUPS

DENOISING, REFERENCE = "denoising UNet", "reference UNet"
_DEAD = re.compile(r"output_blocks\.11\.1\.(proj_out\.|transformer_blocks\.0\.(attn[12]|norm[23]|ff)\.)[a-z0-9_.]*")
"""Tensors of a ReferenceNet that nothing reads; without any of those in the last transformer it is MagicAnimate's."""
_LEVELS, _CONTEXT = 4, 768
"""Of Stable Diffusion 1.5: levels, and channels of an embedding."""
_INPAINTING = {9: ", as those for inpainting do"}
_WIDEST = 1 << 14
"""Channels of a level; Stable Diffusion 1.5 has 1280."""
_LEVEL = re.compile(r"down_blocks\.([0-9]{1,2})\.")
_KINDS = {DENOISING: IMAGE_UNET, REFERENCE: REFERENCE_UNET}
_EXAMPLE = {DENOISING: "denoising_unet.pth", REFERENCE: "reference_unet.pth"}
_ASIDES = {
    (LDM_UNET, DENOISING): "If it is a denoising UNet that was converted, load it so too and connect its model to "
    "Animate Character.",
    (IMAGE_UNET, REFERENCE): "The reference UNet of Moore's face model looks so too; that model cannot be used here.",
    (APPEARANCE_ENCODER, REFERENCE): "A reference UNet cut behind its last norm looks so too: get the whole one.",
}
"""What to say besides of a kind of file that is chosen for a part."""


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
    own = [key for key in shapes if not is_bookkeeping(key)]
    prefix = wrapper(own)
    plain = {key.removeprefix(prefix): tuple(shapes[key]) for key in own}
    kind = kind_of(plain)
    if kind is None or kind.id != _KINDS[part]:
        raise CharacterError(_refusal(shapes, plain, file, part))
    _check_base(plain, file, part)
    names = {key: unet_name(key) for key in plain}
    unknown = next((key for key, name in names.items() if name is None), None)
    if unknown is not None:
        raise CharacterError(
            f"{file} is built like a {part} of Animate Anyone, but holds {shown(prefix + unknown)}, which none has. "
            f"{_advice(part)}"
        )
    named = {prefix + key: name for key, name in names.items() if name is not None}
    used = {key: name for key, name in named.items() if part == DENOISING or not _DEAD.fullmatch(name)}
    return UnetFile(used, _widths(plain, file, part), _CONTEXT)


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


def _check_base(plain: Shapes, file: str, part: str) -> None:
    """Stop at a UNet that is not made from Stable Diffusion 1.5.

    Raises:
        CharacterError: it is of another base.
    """
    levels = len({match[1] for key in plain if (match := _LEVEL.match(key))})
    texts = [shape[-1] for key, shape in plain.items() if shape and key.endswith("attn2.to_k.weight")]
    # a single damaged one is told by its name, later
    text = mode(texts) if texts else None
    if (levels, text) != (_LEVELS, _CONTEXT):
        reads = "that reads no embedding" if text is None else f"for embeddings of {text} numbers"
        raise CharacterError(
            f"{file} is a UNet of {levels} levels {reads}; the {part} of Animate Anyone is made from Stable Diffusion "
            f"1.5, which has {_LEVELS} and {_CONTEXT}. {_advice(part)}"
        )
    first = plain.get("conv_in.weight", ())
    if len(first) == 4 and first[1] != LATENT:
        raise CharacterError(
            f"{file} is a UNet whose first layer reads {first[1]} channels{_INPAINTING.get(first[1], '')}; the {part} "
            f"of Animate Anyone reads the {LATENT} of a latent. {_advice(part)}"
        )


def _widths(plain: Shapes, file: str, part: str) -> tuple[int, ...]:
    """Channels of each level.

    Raises:
        CharacterError: a level has none, or as many as cannot be.
    """
    widths = []
    for level in range(_LEVELS):
        key = f"down_blocks.{level}.resnets.0.conv1.bias"
        shape = plain.get(key)
        width = shape[0] if shape else 0
        if not 0 < width <= _WIDEST or width % GROUPS or width % (widths or [width])[0]:
            found = "nothing" if shape is None else str(shape or "a single number")
            raise CharacterError(
                f"{file} is a {part} of Animate Anyone, but damaged: {key} is {found}, where the channels of a level "
                "belong. Download it again."
            )
        widths.append(width)
    return tuple(widths)


def _advice(part: str) -> str:
    return f"Choose {_EXAMPLE[part]} of a release here."


def _refusal(shapes: Shapes, plain: Shapes, file: str, part: str) -> str:
    # the face model's denoising UNet is a motion module too, to whoever wants one
    known = FACE_DENOISER if FACE_DENOISER.applies(key_lines(plain)) else kind_and_place(shapes, file)
    if known is None:
        sample = ", ".join(map(shown, list(shapes)[:3])) or "none"
        return f"{file} is not a {part} of Animate Anyone (first keys: {sample}). {_advice(part)}"
    words = [
        f"{file} is {known.title}, but the {part} of Animate Anyone belongs here.",
        "Choose it as motion_module." if known.id == MODULE else known.advice.removesuffix(MOTION_MODULE).strip(),
        _ASIDES.get((known.id, part), ""),
        _advice(part),
    ]
    return " ".join(word for word in words if word)
