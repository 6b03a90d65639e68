"""Looks at a clip once, before anything of it is sampled with Tune-A-Video."""

from typing import Any

from torch import Tensor

from ....motion.crossframe import OneShotError
from ..notices import notice
from ..options import ONE_SHOT_TOLD


class Checked:
    """Checks the clip (host wrapper ``OUTER_SAMPLE``)."""

    def __call__(self, executor: Any, noise: Tensor, *rest: Any, **more: Any) -> Tensor:
        """Same signature as the host's ``CFGGuider.outer_sample``."""
        options = executor.class_obj.model_options["transformer_options"]
        told = clip_problem(tuple(noise.shape))
        if told is not None and ONE_SHOT_TOLD not in options:
            # once, also where FreeInit samples several times
            notice(told)
            options[ONE_SHOT_TOLD] = True
        return executor(noise, *rest, **more)


def clip_problem(shape: tuple[int, ...]) -> str | None:
    """What to say of a clip, None if it is one that Tune-A-Video is for.

    Raises:
        OneShotError: it is one of a video model, which has its frames elsewhere.
    """
    if len(shape) != 4:
        raise OneShotError(
            f"This latent has the shape {list(shape)}, as video models have it; a clip of an image model is a batch of "
            "pictures. Connect DDIM Invert, or Empty Latent Image with the number of frames as batch_size."
        )
    if shape[0] > 1:
        return None
    return (
        "1 frame is a picture, not a clip: there are no others it could read. Give as many frames as the clip has that "
        "Tune-A-Video was tuned on."
    )
