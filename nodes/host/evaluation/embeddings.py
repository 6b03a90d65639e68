"""Pictures and prompts as CLIP reads them, by the host's own loaders."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import comfy.model_management as management
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional

from ....motion.evaluation import EvaluationError, blocks

AT_ONCE = 8
"""Pictures that are read together."""
PROJECTION = "text_projection"
_ADVICE = (
    "Load the whole CLIP with Load CLIP: clip-vit-large-patch14's model.safetensors from models/text_encoders, beside "
    "the same file in models/clip_vision"
)


def picture_embeddings(clip_vision: Any, pictures: Tensor, after: Callable[[int], None]) -> Tensor:
    """The projected embedding of each picture.

    Args:
        pictures: (pictures, 3, height, width) in 0..1; a square from their middle is seen.
        after: called with how many pictures are done.

    Returns:
        (pictures, numbers) float32.

    Raises:
        EvaluationError: a vision model that gives no embedding of a picture.
    """
    found = []
    for part in blocks(len(pictures), AT_ONCE):
        output = clip_vision.encode_image(pictures[part].movedim(1, -1), crop=True)
        embeddings = output["image_embeds"]
        if not isinstance(embeddings, Tensor) or embeddings.ndim != 2:
            raise EvaluationError(
                "This vision model gives no embedding of a whole picture. Load a CLIP with Load CLIP Vision, such as "
                "clip-vit-large-patch14's model.safetensors."
            )
        found.append(embeddings.float())
        after(part.stop)
    return torch.cat(found)


def check_belongs(clip: Any, clip_vision: Any) -> str:
    """Find the text encoder of a CLIP that was trained together with a vision model.

    Returns:
        Its letter, as the host's tokenizers have it.

    Raises:
        EvaluationError: there is none, or its file lacks what turns texts into what pictures are compared with.
    """
    config = getattr(clip_vision, "config", {})
    width = config.get("projection_dim")
    if config.get("model_type", "clip_vision_model") != "clip_vision_model" or not width:
        raise EvaluationError(f"This vision model was not trained with texts, only with pictures. {_ADVICE}.")
    widths = {
        letter: encoder.transformer.text_projection.weight.shape[0] for letter, encoder in _encoders(clip).items()
    }
    letter = next((letter for letter, each in widths.items() if each == width), None)
    if letter is None:
        told = " and ".join(map(str, widths.values())) or "no"
        raise EvaluationError(
            f"clip_vision reads pictures as {width} numbers; clip reads texts as {told}. They do not belong together. "
            f"{_ADVICE}."
        )
    if not _is_projected(clip, letter, width):
        raise EvaluationError(
            "The text encoder in clip lacks its text projection, as those in SD1.5 checkpoints do, so that its texts "
            f"cannot be compared with pictures. {_ADVICE}."
        )
    return letter


def text_embedding(clip: Any, letter: str, prompt: str) -> Tensor:
    """The projected embedding of a prompt, (numbers,) float32.

    CLIP reads 75 tokens; what comes behind them does not count, nor do weights such as (word:1.2).

    Args:
        letter: of the encoder, from `check_belongs`.
    """
    tokens = clip.tokenize(prompt)
    encoder = _encoders(clip)[letter]
    first = [(token[0], 1.0) for token in tokens[letter][0]]
    clip.cond_stage_model.reset_clip_options()
    clip.load_model(tokens)
    device = clip.patcher.load_device
    options = {"execution_device": device, "projected_pooled": False}
    clip.cond_stage_model.set_clip_options(options)
    try:
        with management.cuda_device_context(device):
            pooled = encoder.encode_token_weights([first])[1].float()
    finally:
        clip.cond_stage_model.reset_clip_options()
    return functional.linear(pooled, encoder.transformer.text_projection.weight.to(pooled))[0]


def _encoders(clip: Any) -> Mapping[str, Any]:
    """The CLIP text encoders in a CLIP of the host, by their letters."""
    model = clip.cond_stage_model
    found = {letter: getattr(model, f"clip_{letter}", None) for letter in ("l", "g", "h")}
    return {letter: each for letter, each in found.items() if hasattr(getattr(each, "transformer", None), PROJECTION)}


def _is_projected(clip: Any, letter: str, width: int) -> bool:
    """Whether the projection was in the file; where it was not, the host leaves what happened to be in memory."""
    weight = _encoders(clip)[letter].transformer.text_projection.weight.detach()
    filled = bool(weight.isfinite().all()) and float((weight != 0).float().mean()) > 0.9
    listed = [_projection_widths(path) for path in _files(clip)]
    known = [widths for widths in listed if widths is not None]
    return filled and (not known or any(width in widths for widths in known))


def _files(clip: Any) -> list[str]:
    """The files that a CLIP was loaded from, as the host notes them to load it again."""
    noted = getattr(clip.patcher, "cached_patcher_init", None)
    if not noted or not noted[1]:
        return []
    paths = noted[1][0]
    return [path for path in ([paths] if isinstance(paths, str) else paths) if os.path.isfile(path)]


def _projection_widths(path: str) -> set[int] | None:
    """Widths of the text projections in a file, None if it is of a kind whose index cannot be looked at alone."""
    try:
        with safe_open(path, framework="pt") as file:
            keys = [key for key in file.keys() if key.rpartition(PROJECTION)[1]]  # noqa: SIM118 (not a mapping)
            return {file.get_slice(key).get_shape()[0] for key in keys}
    except (SafetensorError, OSError):
        return None
