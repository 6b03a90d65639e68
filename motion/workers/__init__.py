"""Processes and machines that do a part of the work, each with a ComfyUI of its own, through Ray.

``cluster`` connects and starts them, by ``booting`` a ComfyUI in each; a ``worker`` is asked from here. What can be
wrong is one of ``errors``. Ray is imported when somebody asks for workers, not before.
"""

from .cluster import Comfy, address_problem, cluster_at, problem_with_ray
from .errors import GoneError, LostError, StoppedError, WorkersError
from .worker import Worker

__all__ = [
    "Comfy",
    "GoneError",
    "LostError",
    "StoppedError",
    "Worker",
    "WorkersError",
    "address_problem",
    "cluster_at",
    "problem_with_ray",
]
