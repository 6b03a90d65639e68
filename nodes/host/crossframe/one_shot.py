"""A Tune-A-Video file, or one in training, on an image model."""

import os
import uuid
from collections.abc import Mapping
from typing import Any

import comfy.model_management as management
import comfy.ops
import torch
from comfy.ldm.modules.attention import BasicTransformerBlock
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel, VideoResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.crossframe import (
    OneShotError,
    OneShotModel,
    Place,
    TemporalLayers,
    base_queries,
    read_one_shot,
)
from ....motion.formats import read_weights
from ..files import LoadedFile, Weights
from ..memory import MAIN
from ..options import CROSS_FRAME, ONE_SHOT
from ..patching import set_wrappers
from ..temporal import HANDLER as MOTION_HANDLER
from ..temporal import PATCH, anchors_of
from .checks import Checked
from .runtime import HANDLER, LAYERS, TunedWrapper, pool_tuned_output

UNET = "diffusion_model."
"""Before the names of a UNet's weights in the host's models."""


class OneShotWeights(LoadedFile[TemporalLayers]):
    """What a Tune-A-Video file holds beside the weights of the image model."""

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read a file.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            OneShotError: it is no Tune-A-Video file, or not a whole one.
        """
        read = read_one_shot(read_weights(path), os.path.basename(path))

        def build(held: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device) -> TemporalLayers:
            meta = torch.device("meta")
            layers = TemporalLayers(read.widths, comfy.ops.manual_cast, dtype, meta, read.queries)
            state = {name: weight.to(device, dtype) for name, weight in held.items()}
            layers.requires_grad_(False).load_state_dict(state, assign=True)
            return layers.eval()

        return Weights(read.layers, build)


def load_one_shot(path: str) -> OneShotWeights:
    """Read and load a Tune-A-Video file, unless it is in use or was the last one to be asked for.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        OneShotError: it is no Tune-A-Video file, or not a whole one.
    """
    return OneShotWeights.load(path)


def apply_one_shot(model: ModelPatcher, loaded: OneShotWeights, strength: float, pooled: bool = True) -> ModelPatcher:
    """A clone of the model that samples clips as it was tuned; the given model stays as it is.

    Args:
        strength: how much of what was trained; frames read one another in any case.
        pooled: take the statistics of norms over the frames of a clip, as the authors do.

    Raises:
        OneShotError: the file was made for another base model, or there is one on the model already.
    """
    _check_fit(model, loaded.model.widths, loaded.file)
    tuned = model.clone()
    differences = _differences(model, loaded.model.queries)
    if strength != 0:
        tuned.add_patches(differences, strength)
    tuned.set_additional_models(ONE_SHOT, [loaded.patcher])
    _attach(tuned, TunedWrapper(anchors_of(model.get_model_object("diffusion_model")), strength, pooled))
    return tuned


def attach_training(model: ModelPatcher, trained: OneShotModel, pooled: bool = True) -> ModelPatcher:
    """A clone of the model that runs with parts in training; gradients reach them, and nothing else is changed.

    The parts stay where they are, so they have to be on the device of the model, and the model has to be one whose
    weights are no inference tensors: ``clone(force_deepcopy=True)`` within ``torch.inference_mode(False)``.

    Raises:
        OneShotError: they were made for another base model, or there is a Tune-A-Video on the model already.
    """
    _check_fit(model, trained.temporal.widths, "The model in training")
    clone = model.clone()
    for name, weight in trained.queries.items():
        clone.add_weight_wrapper(UNET + name, _InPlaceOf(weight))
    # so that the host puts the wrappers on weights that are loaded already
    clone.patches_uuid = uuid.uuid4()
    _attach(clone, TunedWrapper(anchors_of(model.get_model_object("diffusion_model")), 1.0, pooled, trained))
    return clone


def new_one_shot(
    model: ModelPatcher, device: torch.device, dtype: torch.dtype | None = None, seed: int = 0
) -> OneShotModel:
    """What Tune-A-Video trains, as it is before the training of this model: an identity.

    Args:
        dtype: of the trained weights; they are cast to what the model computes in.

    Raises:
        OneShotError: the model has no places for it.
    """
    _check_unet(model, "Tune-A-Video")
    own = {name.removeprefix(UNET): weight for name, weight in _own_weights(model).items()}
    generator = torch.Generator().manual_seed(seed)
    return OneShotModel(base_queries(own), comfy.ops.manual_cast, dtype, device, generator)


class _InPlaceOf:
    """A weight of the image model in training (host's ``add_weight_wrapper``)."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __call__(self, own: Tensor) -> Tensor:
        return self.weight.to(own)


def _attach(clone: ModelPatcher, wrapper: TunedWrapper) -> None:
    handlers = clone.model_options["transformer_options"].setdefault("patches", {}).setdefault(PATCH, [])
    # the host calls one handler a layer, and only that of motion models calls the next one
    first = 1 if handlers and handlers[0][1] is MOTION_HANDLER else 0
    handlers.insert(first, (LAYERS if wrapper.pooled else LAYERS[1:], HANDLER))
    wrappers = {WrappersMP.OUTER_SAMPLE: Checked(), WrappersMP.APPLY_MODEL: wrapper}
    if wrapper.pooled:
        wrappers[WrappersMP.DIFFUSION_MODEL] = pool_tuned_output
    set_wrappers(clone, ONE_SHOT, wrappers)


def _differences(model: ModelPatcher, queries: Mapping[str, Tensor]) -> dict[str, tuple[Tensor]]:
    """What has to be added to the model's weights for those of a file, as patches of the host.

    Differences, not replacements: so LoRAs act before and behind the node alike.
    """
    own = _own_weights(model)
    return {UNET + name: (weight.float() - own[UNET + name],) for name, weight in queries.items()}


def _own_weights(model: ModelPatcher) -> dict[str, Tensor]:
    """The queries of the model as its checkpoint has them, without patches, in single precision in main memory."""
    found: dict[str, Tensor] = {}
    for name, ((weight, convert), *_) in model.get_key_patches(UNET).items():
        if name.endswith(".to_q.weight"):
            plain = management.cast_to_device(weight, MAIN, torch.float32, copy=True)
            found[name] = convert(plain, inplace=True)
    return found


def _check_unet(model: ModelPatcher, what: str) -> Any:
    unet = model.get_model_object("diffusion_model")
    if not isinstance(unet, UNetModel) or any(isinstance(layer, VideoResBlock) for layer in unet.modules()):
        raise OneShotError(
            f"{what} is for image models of the form of SD1.5; this model is a {type(unet).__name__}, which has no "
            "place for it. Load an SD1.5 checkpoint."
        )
    if model.get_wrappers(WrappersMP.APPLY_MODEL, ONE_SHOT):
        raise OneShotError(
            "There is a Tune-A-Video on this model already, and a UNet can be tuned on one clip only. Take one of the "
            "two nodes out."
        )
    if CROSS_FRAME in model.model_options["transformer_options"]:
        raise OneShotError(
            f"{what} lets frames read the first one and the one before by itself. Take Cross-Frame Attention out."
        )
    return unet


def _check_fit(model: ModelPatcher, widths: Mapping[Place, int], file: str) -> None:
    """Refuse a UNet of another kind, or one whose transformer blocks are others or as wide as others.

    Raises:
        OneShotError: see above.
    """
    unet = _check_unet(model, file)
    wanted = {place.layer: width for place, width in widths.items()}
    own = {
        name: block.attn1.to_q.weight.shape[0]
        for name, block in unet.named_modules()
        if isinstance(block, BasicTransformerBlock)
    }
    if own.keys() == wanted.keys() and own == wanted:
        return
    if own.keys() != wanted.keys():
        raise OneShotError(
            f"{file} does not fit this model: it has temporal layers for {len(wanted)} transformer blocks, and the "
            f"model has {len(own)}, {len(own.keys() & wanted.keys())} of them the same. It was tuned from another base "
            "model (most are SD1.5, with 16); load that one, or another file."
        )
    name = next(name for name, width in own.items() if wanted[name] != width)
    raise OneShotError(
        f"{file} does not fit this model: at {name} it has {wanted[name]} channels, the model {own[name]}. It was "
        "tuned from another base model; load that one, or another file."
    )
