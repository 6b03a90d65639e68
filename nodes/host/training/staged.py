"""A stage of Animate Anyone from its first step to the parts of a release, loaded as its files are."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher

from ....motion.character import DENOISING as UNET
from ....motion.character import CharacterError, recognise_unet
from ....motion.formats import LINEAR, read_weights, shapes_of
from ....motion.training import VELOCITY, TrainingError
from .. import folders
from ..character import POSE, AnimateAnyone, DenoisingWeights, GuiderWeights, ReferenceWeights
from ..clips import Clips, TrainingClips, model_identity
from ..temporal import load_motion
from .copying import learning_copy
from .options import Options
from .parts import Ground, Part
from .release import (
    DENOISING_UNET,
    MOTION_MODULE,
    POSE_GUIDER,
    REFERENCE_UNET,
    check_release,
    learn_images,
    learn_motion,
)
from .running import Learnt, Task, train, validated
from .scenes import WIDTH, scenes_of

IMAGES, MOTION = "images (stage 1)", "motion (stage 2)"
STAGES = (IMAGES, MOTION)
USUAL = Options(gamma=5.0, offset=0.05, prediction=VELOCITY, zero_snr=True, save_every=500)
"""As the authors' trainers have it; a checkpoint of stage 1 is 20 GB, so that there are fewer."""


@dataclass(frozen=True)
class Stage:
    """What to learn, from what."""

    stage: str
    """One of `STAGES`."""
    model: ModelPatcher
    """The denoising UNet."""
    parts: AnimateAnyone
    clip_vision: Any
    clips: TrainingClips
    poses: Clips
    name: str
    steps: int
    learning_rate: float
    batch_size: int
    seed: int
    options: Options = USUAL


@dataclass(frozen=True)
class Staged:
    """What came of it."""

    parts: AnimateAnyone
    model: ModelPatcher
    learnt: Learnt


def train_stage(wanted: Stage) -> Staged:
    """Learn a stage, or go on learning it.

    Raises:
        TrainingError, ClipsError, CharacterError, ValueError: it cannot begin or go on; what was saved before stays.
    """
    if wanted.stage not in STAGES:
        raise TrainingError(f"stage is {wanted.stage!r}. Choose {' or '.join(STAGES)}.")
    moves, clips, parts = wanted.stage == MOTION, wanted.clips, wanted.parts
    check_release(wanted.model, parts, moves, clips.frames)
    scenes = scenes_of(clips, wanted.poses, wanted.clip_vision, not moves)

    def make(ground: Ground) -> Part:
        return learn_motion(ground, parts) if moves else learn_images(ground, parts, wanted.seed)

    about = {
        "kind": f"Animate Anyone {wanted.stage}",
        "release": parts.release.id,
        **_identities(parts, moves),
        "clip_vision": scenes.encoder,
        "poses": scenes.about,
    }
    task = Task(
        wanted.model,
        clips,
        make,
        folders.ANIMATE_ANYONE,
        wanted.name,
        # of the authors' trainers, whatever their inference has
        LINEAR,
        wanted.steps,
        wanted.learning_rate,
        wanted.batch_size,
        wanted.seed,
        # every release predicts so, and Animate Character samples so
        replace(wanted.options, prediction=VELOCITY, zero_snr=True),
        about,
        single=not moves,
        feed=scenes.feed,
        empty=torch.zeros(1, WIDTH),
    )
    batches = clips.batches(task.batch_size, task.seed, task.options.dropout)
    held_out = clips.validation(task.batch_size)
    wishes = [(batches, task.settings.steps * task.settings.accumulation)]
    scenes.embed(wanted.clip_vision, wishes if held_out is None else [*wishes, (held_out, validated(held_out))])
    learnt = train(task)
    return _loaded(wanted, learnt)


def _identities(parts: AnimateAnyone, moves: bool) -> dict[str, str]:
    """What it begins with."""
    begun = {
        REFERENCE_UNET: parts.reference,
        POSE_GUIDER: parts.guiders.get(POSE),
        MOTION_MODULE: parts.motion.loaded if moves and parts.motion is not None else None,
    }
    return {f"{name}_weights": model_identity(part.patcher) for name, part in begun.items() if part is not None}


def _loaded(wanted: Stage, learnt: Learnt) -> Staged:
    paths = {name: str(path) for name, path in learnt.paths.items()}
    if wanted.stage == MOTION and wanted.parts.motion is not None:
        before = wanted.parts.motion
        moved = replace(load_motion(paths[MOTION_MODULE], type(before.loaded)), window=before.window)
        return Staged(replace(wanted.parts, motion=moved), wanted.model, learnt)
    model = _denoiser(paths[DENOISING_UNET], wanted.model)
    parts = replace(
        wanted.parts,
        reference=ReferenceWeights.load(paths[REFERENCE_UNET]),
        guiders={POSE: GuiderWeights.load(paths[POSE_GUIDER])},
        denoiser=model,
    )
    return Staged(parts, model, learnt)


def _denoiser(path: str, model: ModelPatcher) -> ModelPatcher:
    """What was learnt, as Load Animate Anyone loads it.

    The host knows Stable Diffusion 1.5 by its widths; at others it is a copy of the model that it began as.
    """
    try:
        return DenoisingWeights.load(path).patcher
    except CharacterError:
        tensors = read_weights(path)
        names = recognise_unet(shapes_of(tensors), path, UNET).names
        copied = learning_copy(model, next(model.model.diffusion_model.parameters()).dtype)
        copied.model.diffusion_model.load_state_dict({name: tensors[key] for key, name in names.items()})
        # they are within what was learnt
        copied.patches = {}
        return copied
