"""Clips longer than a motion module sees at once.

``sliding`` samples window by window, ``views`` cuts inside the motion layers alone. ``bank`` keeps what a reference
window saw, ``patches`` show it to the others, ``reuse`` is the plain way, and ``attach`` puts either on a model.
Beside other nodes: ``refused`` and ``remembered`` look with ``closures`` for patches that keep one call of the model,
and stop on them or tell them of the whole clip; ``caches`` gives each window a step cache of its own.
"""

from .attach import refer, repeat
from .bank import ContextReference
from .reuse import NaiveReuse
from .sliding import Stage, plans, slide
from .views import view

__all__ = ["ContextReference", "NaiveReuse", "Stage", "plans", "refer", "repeat", "slide", "view"]
