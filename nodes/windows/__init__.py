"""Long clips: ``context`` cuts them into windows, ``reference`` makes these agree, ``distribute`` shares them out."""

from comfy_api.latest import io

from .context import ContextPreview, MotionViews, SlidingContext
from .distribute import DistributeWindows
from .reference import MakeContextReference, MakeNaiveReuse

NODES: list[type[io.ComfyNode]] = [
    SlidingContext,
    MotionViews,
    MakeContextReference,
    MakeNaiveReuse,
    DistributeWindows,
    ContextPreview,
]
