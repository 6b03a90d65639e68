"""What other packs put on a model that Kinema animates, told by what they leave on it for everybody to see."""

from comfy.model_patcher import ModelPatcher

EVOLVED = "ADE"
"""Under this key AnimateDiff-Evolved keeps its motion models and what puts them into the UNet."""
EVOLVED_PARAMS = "ADE_params"
"""Its attachment with the context options."""


def double_motion(model: ModelPatcher) -> str | None:
    """What to say where AnimateDiff-Evolved moves the frames too."""
    # older versions have a patcher of their own, with the motion models in it
    theirs = (
        model.get_additional_models_with_key(EVOLVED),
        model.injections.get(EVOLVED),
        getattr(model, "motion_models", None),
    )
    if not any(theirs):
        return None
    return (
        "AnimateDiff-Evolved has put motion on this model too, so that frames are moved twice. Take one of the two "
        "out: its loader or Use Evolved Sampling, or Animate Model."
    )


def idle_context(model: ModelPatcher, frames: int) -> str | None:
    """What to say where AnimateDiff-Evolved is asked for windows that Kinema's motion knows nothing of.

    Args:
        frames: of the clip.
    """
    params = model.get_attachment(EVOLVED_PARAMS) or getattr(model, "motion_injection_params", None)
    length = getattr(getattr(params, "context_options", None), "context_length", None)
    if length is None or frames <= length:
        return None
    return (
        "Animate Model does not see the context options of AnimateDiff-Evolved. In their place put a Sliding Context "
        f"node with context_length {length} before the sampler."
    )
