"""Windows of one clip on other processes and machines, through Ray.

``distribute`` stands around a sampler. In the ComfyUI that people use it opens a ``cluster`` of workers, has each
``checked`` for the same files by their ``contents``, and gives a ``crew`` the windows of every prediction. A worker is
made by ``booting`` a ComfyUI of its own; its ``desk`` takes calls and runs what is ``upstream`` of the sampler, and a
``post`` stands in the sampler's place. ``wire`` is all that they send one another.
"""

from .cluster import Settings, address_problem, problem_with_ray
from .crew import Crew
from .desk import Desk
from .distribute import Opener, distribute
from .post import Served
from .upstream import WorkersError
from .wire import PRECISIONS, Job, packed

__all__ = [
    "PRECISIONS",
    "Crew",
    "Desk",
    "Job",
    "Opener",
    "Served",
    "Settings",
    "WorkersError",
    "address_problem",
    "distribute",
    "packed",
    "problem_with_ray",
]
