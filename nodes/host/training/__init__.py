"""Learning from clips beside an image model of the host.

``copying`` makes an image model that gradients go through, ``handler`` runs its layers, ``image_lora`` puts low-rank
layers beside its weights, and ``network`` is all of that as a trainer knows it. ``naming`` has the names of what is
learnt, ``parts`` are what can be, some of it in a ``motion_file`` or ``begun`` before, and so is ``one_shot``. Of
Animate Anyone ``looking`` is what clips see in pictures of a ``character``, and a ``release`` is learnt as it is
``stored``. ``options`` say how, ``places`` where it goes, ``history`` what was there before. ``running`` does it after
some ``checking`` and has it ``shown``, with a ``picture`` of losses and ``previews``, and ``telling`` says what came of
it; clips that are ``posed`` are ``scenes``, and a stage of them is ``staged``.
"""

from .copying import check_model, learning
from .network import HostNetwork
from .one_shot import one_shot_part
from .options import AUTO, Options
from .parts import Ground, Part, domain_adapter, motion_lora, motion_module
from .places import name_problem
from .release import check_release, learn_images, learn_motion
from .running import Learnt, Task, train
from .staged import STAGES, USUAL, Stage, train_stage

__all__ = [
    "AUTO",
    "STAGES",
    "USUAL",
    "Ground",
    "HostNetwork",
    "Learnt",
    "Options",
    "Part",
    "Stage",
    "Task",
    "check_model",
    "check_release",
    "domain_adapter",
    "learn_images",
    "learn_motion",
    "learning",
    "motion_lora",
    "motion_module",
    "name_problem",
    "one_shot_part",
    "train",
    "train_stage",
]
