"""Train Domain Adapter."""

from typing import Any

from comfy_api.latest import io

from ...motion.formats import LINEAR
from ..host import folders, temporal
from ..host.clips import TrainingClips
from ..host.training import Options, Task, domain_adapter, train
from .common import (
    CATEGORY,
    TrainingNode,
    as_output,
    clips_input,
    settings_input,
    training_inputs,
    training_outputs,
)


class TrainDomainAdapter(TrainingNode):
    """Clips in, a LoRA of their look out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainDomainAdapter",
            display_name="Train Domain Adapter",
            category=CATEGORY,
            description="Learns the look of clips, watermarks and all, from their single frames, so that a motion "
            "module learnt from the same clips need not. Left out when clips are made.",
            search_aliases=["train lora", "train image lora", "spatial lora", "stage 1", "v3 adapter"],
            is_output_node=True,
            inputs=[
                io.Model.Input("model", tooltip="The checkpoint's model, before Animate Model."),
                clips_input("The clips the motion module will learn from; each gives a frame at a time."),
                *training_inputs("my_domain_adapter", "loras", 10_000, 8),
                io.Int.Input(
                    "rank",
                    default=128,
                    min=1,
                    max=1024,
                    tooltip="How much it can learn, and its size. The published one has 128.",
                    optional=True,
                ),
                settings_input(),
            ],
            outputs=[
                io.Model.Output(
                    "trained", display_name="model", tooltip="The model with what was learnt, at strength 1."
                ),
                *training_outputs(),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        training_clips: TrainingClips,
        filename_prefix: str = "my_domain_adapter",
        steps: int = 10_000,
        learning_rate: float = 1e-4,
        batch_size: int = 8,
        seed: int = 0,
        rank: int = 128,
        settings: Options | None = None,
    ) -> io.NodeOutput:
        """Learn, or go on learning."""
        task = Task(
            model,
            training_clips,
            lambda ground: domain_adapter(ground, rank, seed),
            folders.LORAS,
            filename_prefix,
            # as Stable Diffusion itself: these are single pictures
            LINEAR,
            steps,
            learning_rate,
            batch_size,
            seed,
            settings or Options(),
            {"kind": "domain adapter", "rank": rank},
            single=True,
        )
        learnt = train(task)
        adapted, _ = temporal.apply_adapter(model, str(learnt.path), 1.0)
        return as_output(cls, adapted, learnt)
