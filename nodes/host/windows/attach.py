"""Attach what ties the windows of a clip together: cross-window reference and naive reuse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import Downsample, ResBlock, UNetModel, Upsample, VideoResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.windows import Reader, WindowReferenceError, plan_windows, widest
from ..notices import notice
from ..options import CONTEXT_REFERENCES, REUSE
from ..patching import set_wrappers, wrapped
from . import patches
from .bank import ContextReference
from .reuse import NaiveReuse
from .sliding import SlidingContext


def refer(model: ModelPatcher, reference: ContextReference) -> ModelPatcher:
    """A clone of the model whose windows see one of them.

    Args:
        reference: without layers; of the model's those are taken that its options ask for.

    Raises:
        WindowReferenceError: the model is no UNet for pictures.
    """
    unet = model.get_model_object("diffusion_model")
    if not isinstance(unet, UNetModel) or any(isinstance(layer, VideoResBlock) for layer in unet.modules()):
        raise WindowReferenceError(
            f"Context Reference works on SD1.5 and SDXL models, and this one is a {type(unet).__name__}. Connect the "
            "model of an SD1.5 or SDXL checkpoint, or take the node out."
        )
    ways, share = reference.options.by.split("+"), reference.options.reference_weight
    attentions, blocks = readers(unet)
    reference = replace(
        reference,
        attentions=tuple(widest(attentions, share)) if "attention" in ways else (),
        blocks=tuple(widest(blocks, share)) if "adain" in ways else (),
    )
    referring = _with(model, CONTEXT_REFERENCES, reference, "Context Reference")
    set_wrappers(referring, CONTEXT_REFERENCES, {WrappersMP.APPLY_MODEL: patches.patched})
    return referring


def repeat(model: ModelPatcher, item: NaiveReuse) -> ModelPatcher:
    """A clone of the model whose windows take over what the first one predicts."""
    return _with(model, REUSE, item, "Naive Reuse")


def _with(model: ModelPatcher, key: str, item: ContextReference | NaiveReuse, node: str) -> ModelPatcher:
    changed = wrapped(model, key, {WrappersMP.OUTER_SAMPLE: Looked(key, node)})
    options = changed.model_options["transformer_options"]
    options[key] = (*options.get(key, ()), item)
    return changed


def readers(unet: UNetModel) -> tuple[list[Reader], list[Reader]]:
    """The spatial self-attentions of a UNet, and its blocks whose output is smaller than the latent, as they run."""
    attentions: list[Reader] = []
    blocks: list[Reader] = []
    level = 0
    sides = (("input", unet.input_blocks), ("middle", [unet.middle_block]), ("output", unet.output_blocks))
    for side, number, layers in ((side, n, layers) for side, stack in sides for n, layers in enumerate(stack)):
        for layer in layers or ():
            if isinstance(layer, SpatialTransformer):
                for index, block in enumerate(layer.transformer_blocks):
                    width: int = block.norm1.normalized_shape[0]  # type: ignore[union-attr, index]
                    attentions.append(Reader((side, number, index), width, level))
            level += isinstance(layer, Downsample) - isinstance(layer, Upsample)
        widths = [layer.out_channels for layer in layers or () if isinstance(layer, ResBlock)]
        if widths and level > 0:
            blocks.append(Reader((side, number), widths[-1], level))
    return attentions, blocks


@dataclass(frozen=True)
class Looked:
    """Looks at a clip before anything of it is sampled, and says if a node has nothing to do (``OUTER_SAMPLE``)."""

    key: str
    node: str

    def __call__(
        self, executor: Any, noise: Tensor, latent_image: Tensor, sampler: Any, sigmas: Tensor, *rest: Any, **more: Any
    ) -> Tensor:
        """Same signature as the host's ``CFGGuider.outer_sample``."""
        model_options = executor.class_obj.model_options
        options = model_options["transformer_options"]
        items = options.get(self.key, ())
        frames = noise.shape[0]
        told = [no_windows(frames, model_options.get("context_handler")), *short_values(frames, items)]
        if self.key == CONTEXT_REFERENCES:
            told += [missing_frames(frames, items), replaced_attentions(items, options.get("patches_replace", {}))]
        said = f"{self.key}.told"
        if any(told) and said not in options:
            # one text, because a node shows only its latest; and once, also where FreeInit samples several times
            notice("\n".join(f"{self.node}: {text}" for text in told if text))
            options[said] = True
        return executor(noise, latent_image, sampler, sigmas, *rest, **more)


def no_windows(frames: int, handler: Any) -> str | None:
    """What to say where there is one window, or none."""
    if not isinstance(handler, SlidingContext):
        return "it does nothing without windows. Connect Sliding Context before or after it."
    if any(len(plan_windows(frames, 0, stage.options)) > 1 for stage in handler.stages):
        return None
    return f"the clip of {frames} frames fits in one window, so there is nothing to do."


def short_values(frames: int, items: Sequence[ContextReference | NaiveReuse]) -> list[str]:
    """What to say of lists and masks with fewer entries than the clip has frames."""
    return [text for item in items for text in item.acts.told_short("its strength", frames)]


def missing_frames(frames: int, items: Sequence[ContextReference]) -> str | None:
    """What to say of listed frames that no window holds."""
    missing = sorted({frame for item in items for frame in item.options.frames if frame >= frames})
    if not missing:
        return None
    listed = ", ".join(map(str, missing[:8]))
    return f"indexes names {listed}, but the frames of the clip are 0 to {frames - 1}."


def replaced_attentions(items: Sequence[ContextReference], replaced: Any) -> str | None:
    """What to say where another node has put its own self-attention."""
    taken = replaced.get("attn1", {})
    places = {reader.layer for item in items for reader in item.attentions}
    count = sum(place in taken or place[:2] in taken for place in places)
    if not count:
        return None
    return f"another node replaces {count} of {len(places)} self-attentions; there the reference window is not seen."
