"""Learning from clips beside an image model of the host.

``copying`` makes an image model that gradients go through, ``handler`` runs its layers, ``image_lora`` puts low-rank
layers beside its weights, and ``network`` is all of that as a trainer knows it. ``parts`` are what can be learnt.
"""

from .copying import check_model, learning
from .network import HostNetwork
from .parts import Ground, Part, domain_adapter, motion_lora, motion_module

__all__ = [
    "Ground",
    "HostNetwork",
    "Part",
    "check_model",
    "domain_adapter",
    "learning",
    "motion_lora",
    "motion_module",
]
