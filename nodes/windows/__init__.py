"""Long clips: ``context`` cuts them into windows, ``reference`` makes the windows agree."""

from comfy_api.latest import io

from .context import ContextPreview, MotionViews, SlidingContext
from .reference import MakeContextReference, MakeNaiveReuse

NODES: list[type[io.ComfyNode]] = [SlidingContext, MotionViews, MakeContextReference, MakeNaiveReuse, ContextPreview]
