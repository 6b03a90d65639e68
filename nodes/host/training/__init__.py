"""Learning from clips beside an image model of the host.

``copying`` makes an image model that gradients go through, ``handler`` runs its layers, ``image_lora`` puts low-rank
layers beside its weights, and ``network`` is all of that as a trainer knows it. ``parts`` are what can be learnt, and
``one_shot``; ``options`` say how, ``places`` where it goes. ``running`` does it and has it ``shown``, with a
``picture`` of losses and ``previews``.
"""

from .copying import check_model, learning
from .network import HostNetwork
from .one_shot import one_shot_part
from .options import AUTO, Options
from .parts import Ground, Part, domain_adapter, motion_lora, motion_module
from .places import name_problem
from .running import Learnt, Task, train

__all__ = [
    "AUTO",
    "Ground",
    "HostNetwork",
    "Learnt",
    "Options",
    "Part",
    "Task",
    "check_model",
    "domain_adapter",
    "learning",
    "motion_lora",
    "motion_module",
    "name_problem",
    "one_shot_part",
    "train",
]
