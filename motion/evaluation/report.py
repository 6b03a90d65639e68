"""A result as a text."""

from .scores import Metric, Result, Score


def describe_result(result: Result) -> str:
    """The values of a clip, one a line, with which are better."""
    rows = [(score.metric.title, shown(score), _better(score)) for score in result.scores]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    lines = [f"{result.name}: {result.frames} frames of {result.width} x {result.height} pixels"]
    lines += [f"{title:<{widths[0]}}  {value:>{widths[1]}}  {better}".rstrip() for title, value, better in rows]
    notes = [f"{score.metric.title}: {score.note}." for score in result.scores if score.note]
    return "\n".join([*lines, *([""] if notes or result.unmeasured else []), *notes, *result.unmeasured])


def shown(score: Score) -> str:
    """A value with its unit."""
    return f"{score.value:.{digits_of(score.metric)}f} {score.metric.unit}".rstrip()


def digits_of(metric: Metric) -> int:
    """Digits behind the point that say something."""
    return 4 if metric.key in ("ssim", "lpips") else 2


def _better(score: Score) -> str:
    better = f"{score.metric.better} is better; " if score.metric.better else ""
    return f"({better}{score.metric.told})"
