"""How a training goes, apart from what every trainer node asks for."""

from dataclasses import dataclass

import comfy.model_management as management
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import V_PREDICTION

from ....motion.clips import DROPOUT
from ....motion.training import BRAIN, EPSILON, SINGLE, VELOCITY, Denoising, DualPath, Noising, Settings

AUTO = "auto"


@dataclass(frozen=True)
class Options:
    """What is on a `KINEMA_TRAINING_SETTINGS` wire."""

    optimiser: str = "adamw"
    weight_decay: float = 1e-2
    rate_schedule: str = "constant"
    warmup: int = 0
    accumulation: int = 1
    clip_norm: float = 1.0
    average: float = 0.0
    precision: str = AUTO
    """`AUTO` or one of `motion.training.PRECISIONS`."""
    checkpointing: bool = True
    gamma: float = 0.0
    """Of min-SNR weights."""
    offset: float = 0.0
    """Of the noise."""
    dropout: float = DROPOUT
    """Part of the captions that are left out."""
    schedule: str = AUTO
    """`AUTO` for that of what is learnt, or a key of `motion.sampling.SCHEDULES`."""
    prediction: str = AUTO
    """`AUTO` for that of the image model, or one of `motion.training.PREDICTIONS`."""
    zero_snr: bool = False
    save_every: int = 100
    validate_every: int = 100
    preview_every: int = 250
    """Steps from one preview clip to the next; 0 makes none."""
    file_every: int = 0
    """Steps from one file of what was learnt so far to the next; 0 saves only the last."""
    license: str = ""
    """Told in the metadata of files."""

    def settings(self, steps: int, learning_rate: float, seed: int) -> Settings:
        """For a trainer.

        Raises:
            TrainingError: a number is out of range.
        """
        return Settings(
            steps=steps,
            learning_rate=learning_rate,
            optimiser=self.optimiser,
            weight_decay=self.weight_decay,
            rate_schedule=self.rate_schedule,
            warmup=self.warmup,
            accumulation=self.accumulation,
            clip_norm=self.clip_norm,
            average=self.average,
            precision=self.computing,
            seed=seed,
            save_every=self.save_every,
            validate_every=self.validate_every,
        )

    @property
    def computing(self) -> str:
        """One of `motion.training.PRECISIONS`."""
        if self.precision != AUTO:
            return self.precision
        device = management.get_torch_device()
        return BRAIN if device.type == "cuda" and management.should_use_bf16(device) else SINGLE

    def noising(self, own: str, model: ModelPatcher) -> Noising:
        """The noise levels, and what is predicted.

        Args:
            own: the schedule of what is learnt.
            model: the image model.

        Raises:
            TrainingError: the noise is to be predicted where there is nothing else.
        """
        predicts = self.prediction
        if predicts == AUTO:
            predicts = VELOCITY if isinstance(model.get_model_object("model_sampling"), V_PREDICTION) else EPSILON
        return Noising.of(own if self.schedule == AUTO else self.schedule, predicts, self.zero_snr)

    def objective(self, dual: bool) -> Denoising | DualPath:
        """What is minimised; with two paths as MotionDirector has them or plainly."""
        return (DualPath if dual else Denoising)(self.gamma, self.offset)
