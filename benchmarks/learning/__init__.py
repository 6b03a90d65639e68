"""Whether training works: everything is learnt from clips whose movements are known, and sampled again.

Usage: python dev.py bench learning [--output FOLDER] [--width 32] [--side 16] [--frames 8] [--steps 400] [--seed 0]
       python dev.py bench learning --stages lora director --output FOLDER   # goes on from files that are there

A ``plan`` says how large everything is. Clips are ``scenes``, their captions ``words``. The ``image`` model and all
others learn by ``learning``, as long and as fast as ``paces`` say. What was learnt is loaded for ``sampling``;
``measures`` of the clips become ``rows`` and ``pictures``. The ``stages`` are ``drawing``, ``moving``, ``turning`` and
whether the image model is ``unchanged``; the command is ``running``.
"""

from .running import main

__all__ = ["main"]
