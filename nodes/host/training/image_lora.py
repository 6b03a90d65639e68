"""Low-rank layers beside the weights of an image model, by the host's weight wrappers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import comfy.utils
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.training import ImageLora

ATTENTION = ("to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight")
"""What a domain adapter changes of every attention (AnimateDiff, arXiv 2307.04725, section 4.1)."""
TRANSFORMER = (*ATTENTION, "ff.net.0.proj.weight", "ff.net.2.weight", "proj_in.weight", "proj_out.weight")
"""What MotionDirector (arXiv 2310.08465) changes of every spatial transformer."""


def places_of(model: ModelPatcher, leaves: tuple[str, ...]) -> dict[str, str]:
    """Names that diffusers has for weights of the spatial transformers, to the host's."""
    names: Mapping[str, str] = comfy.utils.unet_to_diffusers(model.model.model_config.unet_config)
    return {name: own for name, own in names.items() if ".attentions." in name and name.endswith(leaves)}


def new_image_lora(model: ModelPatcher, leaves: tuple[str, ...], rank: int, seed: int) -> ImageLora:
    """Layers that do nothing yet.

    Raises:
        TrainingError: the rank is out of range.
    """
    weights = model.model.diffusion_model.state_dict()
    shapes = {name.removesuffix(".weight"): weights[own].shape for name, own in places_of(model, leaves).items()}
    return ImageLora(shapes, rank, seed)


class BesideWeights:
    """Puts the layers on a copy of the model that is not loaded yet, and says how they act."""

    def __init__(self, copied: ModelPatcher, lora: ImageLora) -> None:
        self._lora, self._acts, self._fixed = lora, True, False
        places = places_of(copied, TRANSFORMER)
        for number, name in enumerate(lora.targets):
            copied.add_weight_wrapper(f"diffusion_model.{places[f'{name}.weight']}", _Wrapper(self, number))

    @contextmanager
    def acting(self, acts: bool, fixed: bool) -> Iterator[None]:
        """Within it they act or not, and get gradients or not."""
        before = self._acts, self._fixed
        self._acts, self._fixed = acts, fixed
        try:
            yield
        finally:
            self._acts, self._fixed = before

    def changed(self, number: int, weight: Tensor) -> Tensor:
        """A weight as it is now."""
        if not self._acts:
            return weight
        change = self._lora.change(number, weight)
        return weight + (change.detach() if self._fixed else change)


class _Wrapper:
    """One weight's, as the host calls it."""

    def __init__(self, beside: BesideWeights, number: int) -> None:
        self._beside, self._number = beside, number

    def __call__(self, weight: Tensor) -> Tensor:
        return self._beside.changed(self._number, weight)
