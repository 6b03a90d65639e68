"""Windows of one clip on other processes and machines, through Ray.

``distributed`` stands around a sampler. In the ComfyUI that people use, with the ``settings`` of a node, it has workers
``checked`` for the same files by their ``contents``, and gives a ``crew`` the windows of every prediction. A worker
has a ComfyUI of its own; its ``desk`` takes calls and runs what is ``upstream`` of the sampler, and a
``post`` stands in the sampler's place. ``wire`` is all that they send one another.
"""

from .crew import Crew
from .desk import Desk
from .distributed import Opener, distribute
from .post import Served
from .settings import Settings
from .wire import PRECISIONS, Job, packed

__all__ = [
    "PRECISIONS",
    "Crew",
    "Desk",
    "Job",
    "Opener",
    "Served",
    "Settings",
    "distribute",
    "packed",
]
