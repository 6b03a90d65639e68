"""How long and how fast each part learns."""

from dataclasses import dataclass

from kinema.motion.training import Settings

from .plan import ADAPTER, IMAGE, LOOK_TOO, LORA, MODULE, MOTION_ALONE, TUNED, Plan


@dataclass(frozen=True)
class Pace:
    """Of one part."""

    share: float
    """Of the steps of the image model."""
    rate: float
    average: float = 0.0

    def settings(self, plan: Plan) -> Settings:
        """For a plan."""
        steps = max(1, round(plan.steps * self.share))
        return Settings(
            steps=steps,
            learning_rate=self.rate,
            average=self.average,
            warmup=steps // 20,
            rate_schedule="cosine",
            seed=plan.seed,
        )


PACES = {
    IMAGE: Pace(1.0, 2e-3, 0.99),
    ADAPTER: Pace(0.3, 6e-3),
    MODULE: Pace(1.4, 4e-3, 0.98),
    LORA: Pace(0.6, 1.2e-2),
    LOOK_TOO: Pace(0.3, 4e-3),
    MOTION_ALONE: Pace(0.3, 4e-3),
    TUNED: Pace(0.5, 3e-3),
}
ADAPTER_RANK, LORA_RANK = 16, 8
