"""Looks at a clip once, before anything of it is sampled with cross-frame attention."""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from ....motion.crossframe import CrossFrameError
from ..notices import notice
from ..options import CONTEXT_REFERENCES, CROSS_FRAME_TOLD
from ..sampling import start_timing


class Looked:
    """Checks the clip and starts the timing of its sampling (host wrapper ``OUTER_SAMPLE``)."""

    def __init__(self, places: Sequence[tuple[str, int, int]]) -> None:
        """Remember the self-attentions of the model, each by its block and its number there."""
        self.places = places

    def __call__(
        self, executor: Any, noise: Tensor, latent_image: Tensor, sampler: Any, sigmas: Tensor, *rest: Any, **more: Any
    ) -> Tensor:
        """Same signature as the host's ``CFGGuider.outer_sample``."""
        guider = executor.class_obj
        options = guider.model_options["transformer_options"]
        told = list(self._told(tuple(noise.shape), options))
        if told and CROSS_FRAME_TOLD not in options:
            # one text, because a node shows only its latest; and once, also where FreeInit samples several times
            notice("\n".join(f"Cross-Frame Attention: {text}" for text in told))
            options[CROSS_FRAME_TOLD] = True
        start_timing(guider, sigmas)
        return executor(noise, latent_image, sampler, sigmas, *rest, **more)

    def _told(self, shape: tuple[int, ...], options: dict[str, Any]) -> Iterator[str]:
        """What to say of a clip.

        Raises:
            CrossFrameError: it is one of a video model, or windows read one of them.
        """
        if len(shape) != 4:
            raise CrossFrameError(
                f"This latent has the shape {list(shape)}, as video models have it; a clip of an image model is a "
                "batch of pictures. Connect Latent Motion, or Empty Latent Image with as many frames as batch_size."
            )
        if any(reference.attentions for reference in options.get(CONTEXT_REFERENCES, ())):
            raise CrossFrameError(
                "With Cross-Frame Attention every window reads frame 0 already, and Context Reference acts on the same "
                "self-attentions. Take one of the two out, or set Context Reference to adain."
            )
        if shape[0] == 1:
            yield "1 frame is a picture, and there is no other one that it could read."
        taken = options.get("patches_replace", {}).get("attn1", {})
        count = sum(place in taken or place[:2] in taken for place in self.places)
        if count:
            yield f"another node replaces {count} of {len(self.places)} self-attentions; there frames read themselves."
