"""The part of the sampling in which something acts, as nodes ask for it."""

from comfy_api.latest import io


def range_inputs(what: str, end: float = 1.0) -> list[io.Float.Input]:
    """The inputs start_percent and end_percent of ``what``, which acts to ``end`` if nobody says otherwise."""
    kind = {"min": 0.0, "max": 1.0, "step": 0.001, "advanced": True, "optional": True}
    begins = f"Part of the sampling after which the {what} starts to act."
    ends = f"Part of the sampling after which the {what} no longer acts."
    return [
        io.Float.Input("start_percent", default=0.0, tooltip=begins, **kind),
        io.Float.Input("end_percent", default=end, tooltip=ends, **kind),
    ]


def percent_problem(name: str, percent: float | None) -> str | None:
    """What is wrong with a part of the sampling, None if nothing is or, before a run, if it is connected."""
    if percent is None or 0.0 <= percent <= 1.0:
        return None
    return f"{name} is {percent}; it must lie between 0 and 1."


def range_problem(start: float | None, end: float | None, would: str) -> str | None:
    """What is wrong with a range, None if nothing is; ``would`` is what nothing does in an empty one."""
    problem = percent_problem("start_percent", start) or percent_problem("end_percent", end)
    if problem is not None or start is None or end is None:
        return problem
    if start >= end:
        return f"start_percent ({start}) must be below end_percent ({end}), or nothing would {would}."
    return None


def check_range(start: float, end: float, would: str) -> None:
    """The same for values that came over a wire and are known only when the node runs.

    Raises:
        ValueError: nothing would happen, or the percentages are none.
    """
    problem = range_problem(start, end, would)
    if problem is not None:
        raise ValueError(problem)
