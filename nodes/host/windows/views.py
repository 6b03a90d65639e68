"""Windows inside the motion layers only: the image model sees the whole clip, motion models a part at a time."""

from comfy.model_patcher import ModelPatcher

from ....motion.windows import WindowOptions
from ..options import VIEWS


def view(model: ModelPatcher, options: WindowOptions) -> ModelPatcher:
    """A clone of the model whose motion models, those attached later too, look at clips in views."""
    viewed = model.clone()
    viewed.model_options["transformer_options"][VIEWS] = options
    return viewed
