"""Everything that is asked of a clip: first all checks, then what takes long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import comfy.model_management as management
import comfy.utils
from torch import Tensor

from ....motion.camera import CameraPath
from ....motion.evaluation import (
    EvaluationError,
    Network,
    Perceptual,
    Result,
    Score,
    as_pictures,
    check_alike,
    check_large_enough,
    domain_similarity,
    frame_smoothness,
    measure_alone,
    measure_fidelity,
    ordered,
    starts,
    text_alignment,
    video_distance,
)
from .embeddings import check_belongs, picture_embeddings, text_embedding
from .networks import NONE, TORCHMETRICS, file_names, heads_problem, missing, read_network, read_perceptual

LEAST = 2
"""Frames of a clip."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What came into the node."""

    images: Any
    name: str
    prompt: str = ""
    clip: Any = None
    clip_vision: Any = None
    references: Any = None
    ground_truth: Any = None
    camera_path: CameraPath | None = None
    lpips: str = NONE
    lpips_heads: str = TORCHMETRICS
    fvd: str = NONE
    fvd_window: int = 16


@dataclass(frozen=True, eq=False)
class Ready:
    """The same, checked, its files read."""

    asked: Asked
    clip: Tensor
    truth: Tensor | None
    references: Tensor | None
    letter: str | None
    """Of the text encoder, None if no text is compared."""
    perceptual: Perceptual | None
    network: Network | None


def measure(asked: Asked) -> Result:
    """Check everything, then measure.

    Raises:
        EvaluationError: something that cannot be measured; nothing long has run by then.
    """
    ready = _checked(asked)
    clip, device = ready.clip, management.get_torch_device()
    bar = comfy.utils.ProgressBar(_length(ready))
    done = 0

    def one(*_: int) -> None:
        nonlocal done
        management.throw_exception_if_processing_interrupted()
        done += 1
        bar.update_absolute(done)

    scores = measure_alone(clip.to(device), asked.camera_path, one)
    scores += _by_clip(ready, one)
    if ready.truth is not None:
        scores += _against(ready, clip.to(device), ready.truth.to(device), one)
    frames, _, height, width = clip.shape
    direction = asked.camera_path is not None and all(score.metric.key != "direction" for score in scores)
    still = ("Motion direction was not measured: the camera of camera_path stands still.",) if direction else ()
    return Result(asked.name or "clip", frames, width, height, ordered(scores), (*still, *_left_out(asked)))


def _checked(asked: Asked) -> Ready:
    clip = as_pictures(asked.images, "images", LEAST)
    truth, references, letter = _truth(asked, clip), _references(asked), _letter(asked)
    perceptual = network = None
    if asked.lpips != NONE:
        check_large_enough(clip)
        problem = heads_problem(asked.lpips, asked.lpips_heads)
        if problem is not None:
            raise EvaluationError(problem)
        perceptual = read_perceptual(asked.lpips, asked.lpips_heads)
    if asked.fvd != NONE:
        starts(len(clip), asked.fvd_window)
        network = read_network(asked.fvd)
    return Ready(asked, clip, truth, references, letter, perceptual, network)


def _truth(asked: Asked, clip: Tensor) -> Tensor | None:
    if asked.ground_truth is not None:
        truth = as_pictures(asked.ground_truth, "ground_truth", LEAST)
        check_alike(clip, truth, "ground_truth")
        return truth
    for name, chosen in (("lpips", asked.lpips), ("fvd", asked.fvd)):
        if chosen != NONE:
            raise EvaluationError(
                f"{name} compares the clip with ground_truth, which is not connected. Connect it, or set {name} to "
                "none."
            )
    return None


def _references(asked: Asked) -> Tensor | None:
    if asked.references is None:
        return None
    if asked.clip_vision is None:
        raise EvaluationError("references are compared by a vision model: connect clip_vision as well.")
    return as_pictures(asked.references, "references")


def _letter(asked: Asked) -> str | None:
    if asked.clip is None:
        return None
    if not asked.prompt.strip():
        raise EvaluationError("prompt is empty. Write what the clip should show, or disconnect clip.")
    if asked.clip_vision is None:
        raise EvaluationError("A prompt is compared with what a vision model sees: connect clip_vision as well.")
    return check_belongs(asked.clip, asked.clip_vision)


def _length(ready: Ready) -> int:
    """About how many times progress is told."""
    total = len(ready.clip)
    if ready.network is not None:
        total += 2 * len(starts(len(ready.clip), ready.asked.fvd_window))
    return total


def _by_clip(ready: Ready, after: Any) -> Iterator[Score]:
    """What CLIP says of it."""
    asked = ready.asked
    if asked.clip_vision is None:
        return
    if asked.clip is not None and ready.letter is not None:
        text = text_embedding(asked.clip, ready.letter, asked.prompt)
    else:
        text = None
    frames = picture_embeddings(asked.clip_vision, ready.clip, after)
    yield frame_smoothness(frames)
    if text is not None:
        yield text_alignment(frames, text.to(frames.device))
    if ready.references is not None:
        yield domain_similarity(frames, picture_embeddings(asked.clip_vision, ready.references, after))


def _against(ready: Ready, clip: Tensor, truth: Tensor, after: Any) -> Iterator[Score]:
    """How close it is to what it should be."""
    yield from measure_fidelity(clip, truth)
    if ready.perceptual is not None:
        yield ready.perceptual.score(clip, truth)
    if ready.network is not None:
        yield video_distance(clip, truth, ready.asked.fvd_window, ready.network, after)


def _left_out(asked: Asked) -> Iterator[str]:
    """What was not measured, and what it would take."""
    if asked.clip_vision is None:
        yield "Frame smoothness was not measured: connect clip_vision; text alignment needs clip and a prompt besides."
    elif asked.clip is None and asked.prompt.strip():
        yield "Text alignment was not measured: connect clip."
    if asked.ground_truth is None:
        return
    if asked.lpips == NONE:
        yield f"LPIPS was not measured: choose a file in lpips. {_unless_there('lpips')}".rstrip()
    if asked.fvd == NONE:
        yield f"FVD was not measured: choose a file in fvd. {_unless_there('fvd')}".rstrip()


def _unless_there(name: str) -> str:
    return "" if file_names() else missing(name)
