"""How far more workers make long clips faster: measured with one and two of them, simulated with more.

Usage: python dev.py bench scale [--repeats 3] [--steps 4] [--clip 14] [--window 4] [--size 64] [--pace 0.5]
       python dev.py bench scale --stated [--frames 64 128 256 512 1024 2048] [--workers 1 2 4 8 16]

``simulation`` lets the events of a sampling happen, ``plans`` has its windows and the machines, ``measuring`` runs a
real server and takes the host's part alone, ``comparing`` simulates what was measured, ``rehearsing`` has eight workers
that only wait, ``table`` is what is simulated beyond that, and ``running`` is the command.
"""

from .running import main

__all__ = ["main"]
