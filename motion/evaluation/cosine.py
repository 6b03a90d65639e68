"""How alike pictures and texts are to CLIP: arithmetic of embeddings, whoever made them.

The three columns of AnimateDiff's comparison (arXiv 2307.04725): text, domain and smooth. CLIPScore (arXiv
2104.08718), as torchmetrics has it, is the first of them with values below 0 set to 0.
"""

import torch
from torch import Tensor
from torch.nn import functional

from .errors import EvaluationError
from .scores import Score, scored

HUNDRED = 100.0


def text_alignment(frames: Tensor, text: Tensor) -> Score:
    """100 times the mean cosine of each frame and the prompt.

    Args:
        frames: (frames, numbers) embeddings.
        text: (numbers,) embedding.

    Raises:
        EvaluationError: the two were made by models that do not belong together.
    """
    if frames.shape[-1] != text.shape[-1]:
        raise EvaluationError(
            f"CLIP reads pictures as {frames.shape[-1]} numbers and texts as {text.shape[-1]}, which cannot be "
            "compared. Load text and vision encoder of one CLIP, such as ViT-L/14."
        )
    return scored("clip_text", HUNDRED * unit(frames, "The clip") @ unit(text[None], "The prompt")[0])


def domain_similarity(frames: Tensor, references: Tensor) -> Score:
    """100 times the mean cosine of each frame and each picture of the same image model without motion.

    Args:
        frames: (frames, numbers).
        references: (pictures, numbers).
    """
    alike = HUNDRED * unit(frames, "The clip") @ unit(references, "references").T
    return scored("clip_domain", alike.mean(1))


def frame_smoothness(frames: Tensor) -> Score:
    """100 times the mean cosine of each frame and the next one.

    Args:
        frames: (frames, numbers), two at least.
    """
    units = unit(frames, "The clip")
    return scored("clip_smoothness", HUNDRED * (units[:-1] * units[1:]).sum(1), first=1)


def unit(embeddings: Tensor, name: str) -> Tensor:
    """The same directions, of length 1, in double precision.

    Raises:
        EvaluationError: an embedding that has no direction.
    """
    embeddings = embeddings.double()
    lengths = torch.linalg.vector_norm(embeddings, dim=-1)
    if not bool((lengths.isfinite() & (lengths > 0)).all()):
        raise EvaluationError(
            f"{name} became NaN, infinity or nothing in CLIP. The file is damaged, or too large for half precision: "
            "download it again, or start ComfyUI with --fp32-text-enc."
        )
    return functional.normalize(embeddings, dim=-1)
