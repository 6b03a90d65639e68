"""Cross-frame attention on an image model: every frame reads the first one, inside the host's UNet.

Nothing is stored on the UNet: a wrapper around each call of the model puts a patch of every self-attention into a copy
of ``transformer_options``. Where the clip comes in windows, keys and values of frame 0 are kept from the window that
holds it for those that do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import comfy.ldm.modules.attention as attention
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel, VideoResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.crossframe import FIRST_NUMBER, CrossFrameError, first_rows, previous_rows
from ..notices import notice
from ..options import CROSS_FRAME, ONE_SHOT, READING
from ..patching import set_wrappers
from ..sampling import Call, timing_of
from .looking import Looked

LayerName = tuple[str, int, int]
"""A block of the UNet, and the number of the transformer block in it."""


@dataclass(frozen=True)
class CrossFrame:
    """What frames read in place of themselves."""

    previous: bool = False
    """Besides the first frame also the one before."""
    strength: float = 1.0
    """Their share of what an attention gives; the rest is that of the image model."""


@dataclass(eq=False)
class FirstFrame:
    """Keys and values of frame 0, as they were last seen in a sampling in windows."""

    kept: dict[tuple[LayerName, Any], tuple[Tensor, ...]] = field(default_factory=dict)
    """By attention and conditioning: (1, tokens, channels) each."""
    missed: bool = False
    """Whether a window came before it."""


@dataclass(eq=False)
class Across:
    """The self-attentions of one call of the model."""

    settings: CrossFrame
    places: Sequence[LayerName]
    call: Call
    conditionings: Sequence[Any]
    """What names each of them through a sampling."""
    first: FirstFrame | None
    """None where all frames come in one call."""

    def into(self, options: dict[str, Any]) -> None:
        """Put the patches into a call's own copy of ``transformer_options``."""
        replaced = options.get("patches_replace", {})
        there = replaced.get("attn1", {})
        # what another node does there may rely on as many keys as queries
        own = {place: self.attend for place in self.places if place not in there and place[:2] not in there}
        options["patches_replace"] = {**replaced, "attn1": {**there, **own}}

    def attend(self, query: Tensor, key: Tensor, value: Tensor, extra: dict[str, Any]) -> Tensor:
        """The self-attention of a block (host patch ``attn1`` replace)."""
        self._check(query, key, value, extra)

        def attended(key: Tensor, value: Tensor) -> Tensor:
            precision = extra.get("attn_precision")
            return attention.optimized_attention(
                query, key, value, extra["n_heads"], attn_precision=precision, transformer_options=extra
            )

        shown = attended(*self._seen((*extra["block"], extra["block_index"]), (key, value)))
        share = self.settings.strength
        return shown if share == 1.0 else torch.lerp(attended(key, value), shown, share)

    def _seen(self, place: LayerName, parts: Sequence[Tensor]) -> list[Tensor]:
        """Keys and values of what each row reads."""
        numbers, frames = self.call.numbers, self.call.frames
        rows = first_rows(numbers, frames)
        before = previous_rows(numbers, frames) if self.settings.previous else []
        seen: list[list[Tensor]] = [[] for _ in parts]
        chunks = zip(*(part.chunk(len(self.conditionings)) for part in parts), strict=True)
        for conditioning, own in zip(self.conditionings, chunks, strict=True):
            kept = self._kept((place, conditioning), own, rows[0])
            for found, part, first in zip(seen, own, kept or own, strict=True):
                read = first.expand_as(part) if kept is not None else _taken(part, rows)
                found.append(torch.cat([read, _taken(part, before)], dim=1) if before else read)
        return [torch.cat(each) if len(each) > 1 else each[0] for each in seen]

    def _kept(self, key: tuple[LayerName, Any], own: Sequence[Tensor], row: int) -> Sequence[Tensor] | None:
        """Frame 0 of a conditioning where it is not among these rows; where it is, it is kept for later windows."""
        if self.first is None:
            return None
        if FIRST_NUMBER in self.call.numbers:
            # copies, because a slice would hold on to all other rows
            self.first.kept[key] = tuple(part[row : row + 1].clone() for part in own)
            return None
        kept = self.first.kept.get(key, ())
        if any(each.shape[1:] == part.shape[1:] for each, part in zip(kept, own, strict=False)):
            return [each.to(part) for each, part in zip(kept, own, strict=True)]
        if not self.first.missed:
            self.first.missed = True
            notice(
                "Cross-Frame Attention: the first windows of this sampling come before the one that holds frame 0 and "
                "read their own first frame. Use Sliding Context, which begins with it."
            )
        return None

    def _check(self, query: Tensor, key: Tensor, value: Tensor, extra: dict[str, Any]) -> None:
        """Stop where another node reads something else in the same attention.

        Raises:
            CrossFrameError: see above.
        """
        if READING in extra:
            raise CrossFrameError(
                "Reference Picture and Cross-Frame Attention act on the same self-attentions, and the picture would "
                "not be seen. Take one of the two out."
            )
        rows = len(self.conditionings) * self.call.together
        if {part.shape[0] for part in (query, key, value)} != {rows}:
            raise CrossFrameError(
                "Another node cuts the frames into tiles or changes their number, so that they cannot read one "
                "another. Take it (HyperTile, for example) or Cross-Frame Attention out."
            )


class AcrossWrapper:
    """Puts the patches into each call of the model (host wrapper ``APPLY_MODEL``)."""

    def __init__(self, settings: CrossFrame, places: Sequence[LayerName]) -> None:
        self.settings, self.places = settings, places

    def __call__(
        self,
        executor: Any,
        x: Tensor,
        t: Tensor,
        c_concat: Tensor | None = None,
        c_crossattn: Tensor | None = None,
        control: Any = None,
        transformer_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Same signature as ``BaseModel.apply_model``."""
        options = dict(transformer_options or {})
        call = Call.of(options, x.shape[0])
        uuids: Sequence[Any] = options.get("uuids", ())
        names = uuids if len(uuids) == call.conditionings else range(call.conditionings)
        first = None
        if call.window is not None:
            timing = timing_of(options, executor.class_obj.model_sampling)
            first = timing.kept.setdefault(CROSS_FRAME, FirstFrame())
        Across(self.settings, self.places, call, names, first).into(options)
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)


def read_across(model: ModelPatcher, settings: CrossFrame) -> ModelPatcher:
    """A clone of the model whose frames read the first one; the given model stays as it is.

    Raises:
        CrossFrameError: the model is no UNet for pictures, or its frames read one another already.
    """
    places = tuple(self_attentions(_checked_unet(model)))
    clone = model.clone()
    if settings.strength == 0.0:
        return clone
    clone.model_options["transformer_options"][CROSS_FRAME] = settings
    wrappers = {WrappersMP.OUTER_SAMPLE: Looked(places), WrappersMP.APPLY_MODEL: AcrossWrapper(settings, places)}
    set_wrappers(clone, CROSS_FRAME, wrappers)
    return clone


def self_attentions(unet: UNetModel) -> Iterator[LayerName]:
    """The place of every transformer block of a UNet that has a self-attention."""
    middle = [] if unet.middle_block is None else [unet.middle_block]
    for side, blocks in (("input", unet.input_blocks), ("middle", middle), ("output", unet.output_blocks)):
        for number, layers in enumerate(blocks):
            for layer in layers:  # type: ignore[union-attr]
                for index, block in enumerate(getattr(layer, "transformer_blocks", ())):
                    if isinstance(layer, SpatialTransformer) and not block.disable_self_attn:
                        yield side, number, index


def _checked_unet(model: ModelPatcher) -> UNetModel:
    unet = model.get_model_object("diffusion_model")
    if not isinstance(unet, UNetModel) or any(isinstance(layer, VideoResBlock) for layer in unet.modules()):
        raise CrossFrameError(
            "Cross-Frame Attention is for image models such as SD1.5 and SDXL, whose clips are batches of pictures; "
            f"this model is a {type(unet).__name__}. Load an SD1.5 or SDXL checkpoint."
        )
    if model.get_wrappers(WrappersMP.APPLY_MODEL, ONE_SHOT):
        raise CrossFrameError(
            "The frames of this model read the first one and the one before already, as Tune-A-Video has it. Take one "
            "of the two nodes out."
        )
    if CROSS_FRAME in model.model_options["transformer_options"]:
        raise CrossFrameError("There is a Cross-Frame Attention on this model already. Take one of the two nodes out.")
    return unet


def _taken(part: Tensor, rows: Sequence[int]) -> Tensor:
    if len(set(rows)) == 1:
        return part[rows[0] : rows[0] + 1].expand_as(part)
    return part[torch.tensor(rows, device=part.device)]
