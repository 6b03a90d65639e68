"""Apply Domain Adapter."""

from typing import Any

from comfy_api.latest import io

from ..host import files, folders, temporal
from ..host.notices import notice
from ..inputs import check_strength, strength_problem


class ApplyDomainAdapter(io.ComfyNode):
    """An image model and a domain adapter in, the adapted image model out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaApplyDomainAdapter",
            display_name="Apply Domain Adapter",
            category="Kinema/temporal",
            description="Puts a domain adapter on the image model. AnimateDiff v3 was trained beside one, "
            "v3_sd15_adapter, which holds the look of the training videos.",
            search_aliases=[
                "v3_sd15_adapter",
                "domain adapter",
                "adapter lora",
                "adapter of animatediff v3",
                "watermark",
            ],
            inputs=[
                io.Model.Input("model", tooltip="An SD1.5 model, with any LoRAs and patches."),
                io.Combo.Input(
                    "domain_adapter",
                    options=folders.model_names(folders.LORAS),
                    tooltip="A file in models/loras, for example v3_sd15_adapter.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=-10.0,
                    max=10.0,
                    step=0.01,
                    tooltip="1 is as trained, 0 is off. Lower it if clips look like stock footage or show watermarks; "
                    "below 0 leads further away from the look of the training videos.",
                    optional=True,
                ),
            ],
            outputs=[
                io.Model.Output(
                    "adapted", display_name="model", tooltip="The model with the adapter, for Animate Model."
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: float = 1.0) -> bool | str:
        """Answer a strength that cannot work before anything runs."""
        return strength_problem("strength", strength) or True

    @classmethod
    def fingerprint_inputs(cls, domain_adapter: str | None = None, **_: Any) -> Any:
        """Apply again when the file on disk is replaced."""
        return files.file_fingerprint(domain_adapter and folders.model_path(folders.LORAS, domain_adapter))

    @classmethod
    def execute(cls, model: Any, domain_adapter: str, strength: float = 1.0) -> io.NodeOutput:
        """Put the adapter on a clone of the model."""
        # a value that came over a wire is known only now
        check_strength("strength", strength)
        path = folders.existing_path(folders.LORAS, domain_adapter, "domain adapter")
        adapted, told = temporal.apply_adapter(model, path, strength)
        if told is not None:
            notice(told)
        return io.NodeOutput(adapted)
