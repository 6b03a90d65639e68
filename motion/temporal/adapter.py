"""Domain adapters: low-rank changes of the image model's attention (AnimateDiff, arXiv 2307.04725, section 4.1).

AnimateDiff v3 was trained beside one, so that the look of the training videos ended up there and not in the motion
module. The image model takes it like any LoRA; here is only what a file has to be.
"""

from collections.abc import Mapping

from torch import Tensor

from ..formats import IMAGE_LORAS, check_finite, kind_and_place, shapes_of

ALPHA = ".alpha"


class AdapterError(ValueError):
    """A file is no domain adapter, or fits another image model; the message says which and what to do."""


def check_adapter(tensors: Mapping[str, Tensor], file: str) -> None:
    """Refuse files of another kind and damaged ones.

    Raises:
        AdapterError: it is known as something else, or a scale is no single number.
        WeightFileError: NaN or infinite values.
    """
    kind = kind_and_place(shapes_of(tensors), file)
    if kind is not None and kind.id not in IMAGE_LORAS:
        raise AdapterError(
            f"{file} is {kind.title}, not a domain adapter. {kind.advice} Choose a domain adapter here, for example "
            "v3_sd15_adapter."
        )
    for key, tensor in tensors.items():
        check_finite(key, tensor, file)
        if key.endswith(ALPHA) and tensor.numel() != 1:
            raise AdapterError(
                f"{file} is damaged: {key} should be one number and has {tensor.numel()}. Download it again, or save "
                "it once more with the tool that made it."
            )
