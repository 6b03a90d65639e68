"""What became of shared workflows, in a few lines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .gather import Shared, Unread

MOST = 25
"""Lines of what is missing."""


@dataclass
class Result:
    """What became of one workflow.

    Args:
        status: "success", or what stopped it.
        made: kinds of files that came out.
        stood_in: models and media that others stood in for.
    """

    name: str
    status: str
    problem: str = ""
    made: list[str] = field(default_factory=list)
    stood_in: list[str] = field(default_factory=list)


def table(found: Sequence[Shared | Unread], results: Sequence[Result]) -> str:
    """Counts, failures, and what other packs' nodes stand in the way."""
    read = [one for one in found if isinstance(one, Shared)]
    placements = sum(one.before for one in read)
    staying = Counter(type for one in read for type in one.staying)
    runnable = [one for one in read if one.runs]
    names = {one.name for one in runnable}
    ran = [one for one in results if one.name in names]
    well = [one for one in ran if one.status == "success"]
    lines = [
        f"files: {len(read)} with a workflow, {len(found) - len(read)} without",
        f"nodes of AnimateDiff's family: {placements}, migrated {placements - staying.total()}",
        f"workflows without a missing node of the family: {sum(not one.staying for one in read)} of {len(read)}",
        f"left as they are: {sum(bool(one.report.reason) for one in read)}",
        f"runnable, all active nodes being ComfyUI's or Kinema's: {len(runnable)}",
        f"ran to a file: {len(well)} of {len(ran)}",
    ]
    lines += [f"  stays: {type} ({count})" for type, count in staying.most_common()]
    lines += [f"  {one.status}: {one.name}: {one.problem}" for one in ran if one.status != "success"]
    blocking = Counter(type for one in read for type in one.blocking)
    alone = Counter(one.blocking[0] for one in read if len(one.blocking) == 1)
    lines.append("missing, in how many workflows (alone in how many):")
    lines += [f"  {type} {count} ({alone[type]})" for type, count in blocking.most_common(MOST)]
    return "\n".join(lines)
