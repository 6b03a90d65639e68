"""ComfyUI nodes by subject: declarations and short ``execute`` methods; the work is in ``motion`` and ``nodes/host``.

Each subject lists its own nodes; ``inputs`` has what several of them ask for alike.
"""

from comfy_api.latest import ComfyExtension, io

from . import (
    batches,
    camera,
    character,
    clips,
    control,
    crossframe,
    evaluation,
    pictures,
    pieces,
    pose,
    prompts,
    sampling,
    temporal,
    training,
    values,
    video,
    windows,
)
from .host import jobs, migration
from .inputs import guarded, watch

_SUBJECTS = (
    temporal,
    pictures,
    values,
    windows,
    prompts,
    control,
    camera,
    pose,
    character,
    crossframe,
    sampling,
    video,
    pieces,
    batches,
    clips,
    training,
    evaluation,
)
_DECLARED: list[type[io.ComfyNode]] = [node for subject in _SUBJECTS for node in subject.NODES]
NODES: list[type[io.ComfyNode]] = [guarded(node) for node in _DECLARED]


class KinemaExtension(ComfyExtension):
    """What the host asks for the pack's nodes."""

    async def on_load(self) -> None:
        """Migrate every prompt, and look at it, before the host does; and answer what is asked over HTTP."""
        migration.add_routes()
        jobs.add_routes()
        # what is queued is first made ours, then looked at
        migration.watch_prompts()
        watch(_DECLARED)

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node, in menu order."""
        return NODES
