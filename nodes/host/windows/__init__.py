"""Clips longer than a motion module sees at once.

``sliding`` samples window by window: each ``prediction`` of a clip asks what acts, has its windows ``placed`` on the
device, and may give them to several ``devices``; those of which all is ``known`` are left out. ``views`` cuts inside
the motion layers alone. ``bank`` keeps what a reference window saw, ``patches`` show it to the others, ``reuse`` is the
plain way, and ``attach`` puts either on a model.
Beside other nodes: ``refused`` and ``remembered`` look with ``closures`` for patches that keep one call of the model,
and stop on them or tell them of the whole clip; ``caches`` gives each window a step cache of its own.
"""

from .attach import refer, repeat
from .bank import ContextReference
from .reuse import NaiveReuse
from .sliding import Stage, plans, slide
from .views import view

__all__ = ["ContextReference", "NaiveReuse", "Stage", "plans", "refer", "repeat", "slide", "view"]
