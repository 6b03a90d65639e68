"""Domain adapters: low-rank changes of the image model's attention (AnimateDiff, arXiv 2307.04725, section 4.1).

AnimateDiff v3 was trained beside one, so that the look of the training videos ended up there and not in the motion
module. The image model takes it like any LoRA; here is only what a file has to be.
"""

from collections.abc import Mapping

from torch import Tensor

from ..formats import check_finite, kind_and_place

IMAGE_LORAS = (
    "a domain adapter (a LoRA for the image model)",
    "the spatial half of a MotionDirector LoRA (a LoRA for the image model)",
    "a LoRA for an image model",
)
"""Kinds of `motion.formats.kinds` that act on an image model."""


class AdapterError(ValueError):
    """A file is no domain adapter, or fits another image model; the message says which and what to do."""


def check_adapter(tensors: Mapping[str, Tensor], file: str) -> None:
    """Refuse files of another kind and damaged ones.

    Raises:
        AdapterError: it is known as something else.
        WeightFileError: NaN or infinite values.
    """
    found = kind_and_place({key: tuple(tensor.shape) for key, tensor in tensors.items()}, file)
    if found is not None and found[0] not in IMAGE_LORAS:
        raise AdapterError(
            f"{file} is {found[0]}, not a domain adapter. {found[1]} Choose a domain adapter here, for example "
            "v3_sd15_adapter."
        )
    for key, tensor in tensors.items():
        check_finite(key, tensor, file)
