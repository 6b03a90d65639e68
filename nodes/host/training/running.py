"""A training from its first step, or from where it was stopped, to a file."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import comfy.model_management as management
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.clips import Batch, Batches, key_of, text_key
from ....motion.training import (
    Curve,
    Noising,
    Settings,
    State,
    Trainer,
    is_out_of_memory,
    out_of_memory,
    publish_weights,
    single_frames,
)
from ..clips import TrainingClips, model_identity
from ..notices import notice
from . import history
from .checking import check_texts, spread_note
from .copying import learning
from .options import AUTO, Options
from .parts import Ground, Part
from .picture import as_image, drawn
from .places import Place
from .previews import Previews
from .shown import Shown
from .telling import report

MOST_VALIDATED = 8
"""Batches of clips that are held out."""
BASE = "SD1.5"
NOTICE = 80
"""Letters of a line on a node."""


@dataclass(frozen=True)
class Task:
    """What to learn, from what, and where it goes."""

    model: ModelPatcher
    clips: TrainingClips
    make: Callable[[Ground], Part]
    kind: str
    """The model folder of the file."""
    name: str
    """Of the file."""
    schedule: str
    """The noise levels it is learnt with if nothing else is chosen."""
    steps: int
    learning_rate: float
    batch_size: int
    seed: int
    options: Options = field(default_factory=Options)
    about: Mapping[str, object] = field(default_factory=dict)
    """What distinguishes it from other trainings, told in the file."""
    single: bool = False
    """Whether it learns from single frames."""
    dual: bool = False
    """Whether MotionDirector's two paths are taken."""
    feed: Callable[[Batches], Callable[[int], Batch]] = field(default=lambda batches: batches.at)
    """What becomes of prepared clips: the batch of a number."""
    empty: Tensor | None = None
    """(tokens, width), what previews are guided away from; None for an empty caption."""

    @property
    def settings(self) -> Settings:
        """For the trainer.

        Raises:
            TrainingError: a number is out of range.
        """
        return self.options.settings(self.steps, self.learning_rate, self.seed)

    @property
    def decided(self) -> dict[str, str]:
        """All that decides how the training goes, by name."""
        options = asdict(self.options)
        loss = {name: options[name] for name in ("gamma", "offset", "dropout", "schedule", "prediction", "zero_snr")}
        more = {**loss, "batch_size": self.batch_size, "single": self.single, "dual": self.dual}
        given = {"clips": self.clips.identity, "model": model_identity(self.model)}
        every = {**given, **self.settings.deciding, **more, **self.about}
        return {name: str(value) for name, value in every.items()}


@dataclass(frozen=True)
class Learnt:
    """What came of it."""

    paths: Mapping[str, Path]
    """The files by part, see `Part.files`."""
    picture: Tensor
    """The losses, (1, height, width, 3)."""
    told: str

    @property
    def path(self) -> Path:
        """The last file."""
        return next(reversed([*self.paths.values()]))


def train(task: Task) -> Learnt:
    """Learn, with progress on the node; cancelled or killed it goes on from its last checkpoint when it is run again.

    Raises:
        TrainingError, ClipsError, ValueError: it cannot begin or go on; what was saved before stays.
    """
    settings, noising = task.settings, task.options.noising(task.schedule, task.model)
    decided = task.decided
    identity = key_of("training", decided=decided)
    place = Place.of(task.kind, task.name, identity)
    with learning():
        state, done = place.checkpoints.newest(), place.finished(task.steps)
        if done is None and state is not None and state.step > task.steps:
            # what has learnt for longer stays as it is
            place = Place.of(task.kind, task.name, key_of("shorter", identity=identity, steps=task.steps))
            state, done = place.checkpoints.newest(), place.finished(task.steps)
        if done is not None:
            return _finished(task, done, Curve() if state is None else state.curve.until(task.steps))
        begins = None if state is not None else history.anew(place.folder, place.stem, decided)
        history.remember(place.folder, decided)
        try:
            return _learn(task, settings, noising, place, state, begins)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise out_of_memory(task.batch_size, task.clips.frames, task.options.checkpointing) from error
        finally:
            management.soft_empty_cache()


def _finished(task: Task, paths: Mapping[str, Path], curve: Curve) -> Learnt:
    *_, last = paths.values()
    told = f"{last.name} was finished before."
    notice(told)
    return Learnt(paths, as_image(drawn(curve, task.steps)), f"{told} Change the seed to learn it anew.")


def _learn(
    task: Task, settings: Settings, noising: Noising, place: Place, state: State | None, begins: str | None
) -> Learnt:
    part = task.make(Ground(task.model, task.options.computing, task.options.checkpointing, task.clips.frames))
    batches = task.clips.batches(task.batch_size, task.seed, task.options.dropout)
    held_out = task.clips.validation(task.batch_size)
    source = _source(task, part, batches)
    first = source(0)
    check_texts(first.context.shape[-1], task.model)
    notes = [note for note in (begins, *part.notes, spread_note(task.clips, task.model)) if note]
    for note in notes:
        # the whole of it is in the report
        notice(textwrap.shorten(f"{note[0].upper()}{note[1:]}.", NOTICE, placeholder="\N{HORIZONTAL ELLIPSIS}"))
    objective = task.options.objective(task.dual)
    trainer = Trainer(part.network, source, objective, noising, settings, task.options.checkpointing)
    if state is not None:
        trainer.restore(state)
        notice(f"It goes on from step {state.step}, where it was stopped.")
    elif held_out is not None:
        _validate(task, part, trainer, held_out)
    empty = task.clips.cache.read(text_key("", task.clips.encoder)) if task.empty is None else task.empty
    previews = Previews(part.network, noising, first, empty, task.model.model.latent_format)
    shown = Shown(trainer, previews, task.options.preview_every)
    begun = saved = trainer.step
    try:
        while trainer.step < task.steps:
            management.throw_exception_if_processing_interrupted()
            trainer.advance()
            step, is_last = trainer.step, trainer.step == task.steps
            if held_out is not None and (step % settings.validate_every == 0 or is_last):
                _validate(task, part, trainer, held_out)
            if step % settings.save_every == 0 or is_last:
                place.checkpoints.save(trainer.state())
                saved = step
            every = task.options.file_every
            if every and step % every == 0 and not is_last:
                _publish(task, part, trainer, place, step)
            shown.step()
    except management.InterruptProcessingException:
        if trainer.step > saved:
            place.checkpoints.save(trainer.state())
        raise
    paths = _publish(task, part, trainer, place)
    place.remember(task.steps, paths)
    told = report(paths, trainer.curve, len(task.clips.learnt), begun, task.learning_rate, notes)
    return Learnt(paths, as_image(shown.picture()), told)


def _source(task: Task, part: Part, batches: Batches) -> Callable[[int], Batch]:
    """Batches as the network takes them."""
    given = task.feed(batches)

    def at(number: int) -> Batch:
        batch = given(number)
        if task.single:
            batch = single_frames(batch, task.seed, number)
        latents = part.copied.model.process_latent_in(batch.latents)
        device = part.copied.load_device
        more = {name: tensor.to(device) for name, tensor in batch.more.items()}
        return replace(batch, latents=latents.to(device), context=batch.context.to(device), more=more)

    return at


def _validate(task: Task, part: Part, trainer: Trainer, held_out: Batches) -> None:
    trainer.validate(_source(task, part, held_out), validated(held_out))


def validated(held_out: Batches) -> int:
    """How many batches of clips that are held out are looked at."""
    return min(MOST_VALIDATED, -(-held_out.rows // held_out.size))


def _publish(task: Task, part: Part, trainer: Trainer, place: Place, step: int | None = None) -> dict[str, Path]:
    """Save what was learnt so far, as the layout of its kind has it."""
    options, curve = task.options, trainer.curve
    about = {
        "software": "Kinema",
        "base": BASE,
        "steps": trainer.step,
        "learning_rate": task.learning_rate,
        "batch_size": task.batch_size * options.accumulation,
        "beta_schedule": task.schedule if options.schedule == AUTO else options.schedule,
        "prediction": options.prediction,
        "seed": task.seed,
        "clips": len(task.clips.learnt),
        "frames": 1 if task.single else task.clips.frames,
        "height": task.clips.size[0],
        "width": task.clips.size[1],
        "loss": sum(curve.losses[-100:]) / max(1, len(curve.losses[-100:])),
        "validation_loss": next(reversed([*curve.validations.values()]), None),
        "license": options.license,
        **task.about,
    }
    told = {key: value for key, value in about.items() if value not in (None, "")}
    weights = trainer.weights()
    return {
        name: publish_weights(tensors(weights), {**told, "part": name} if name else told, place.files(name, step))
        for name, tensors in part.files.items()
    }
