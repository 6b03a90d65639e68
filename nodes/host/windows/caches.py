"""Step caches of the host, one for each window.

EasyCache keeps the latest output of the model in an object in ``transformer_options`` and gives it out again while
little changes. It takes whatever frames a call holds for those of the call before, so each window gets an object of its
own. LazyCache keeps predictions of the whole clip and needs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from comfy.patcher_extension import WrappersMP, get_wrappers_with_key

from ....motion.windows import Window, WindowError
from ..options import CACHES
from ..sampling import Timing

EASY = "easycache"
"""The host's key, both for the object and for the wrappers that use it call by call."""


def cache_of(options: Mapping[str, Any]) -> Any:
    """The object of a step cache that acts in each call of the model, None if there is none."""
    acts = get_wrappers_with_key(WrappersMP.DIFFUSION_MODEL, EASY, dict(options))
    return options.get(EASY) if acts else None


class WindowCaches:
    """The step caches of the windows of one prediction; those of windows that are gone are dropped with them."""

    def __init__(
        self, options: Mapping[str, Any], timing: Timing, model_sampling: Any, windows: Sequence[Window]
    ) -> None:
        """Find the caches of windows that were there in the step before.

        Args:
            options: the ``transformer_options`` of the sampling.
            windows: those of the step.
        """
        self._cache, self._sampling = cache_of(options), model_sampling
        if self._cache is None:
            return
        before = timing.kept.get(CACHES, {})
        keys = [(self._cache, window.frames) for window in windows]
        self._own = {key: before[key] if key in before else self._new() for key in keys}
        timing.kept[CACHES] = self._own
        self._skipped = self._calls_saved()

    @property
    def at_once(self) -> int | None:
        """How many windows may come in one call, None for any number."""
        return None if self._cache is None else 1

    def told(self, window: Window, always: bool) -> dict[str, Any]:
        """What the ``transformer_options`` of a call have instead of the model's own.

        Args:
            always: the model has to run, because other windows look at what it does.
        """
        if self._cache is None:
            return {}
        return {EASY: self._new() if always else self._own[self._cache, window.frames]}

    def done(self) -> None:
        """Count what was saved where the host logs it at the end."""
        if self._cache is not None:
            self._cache.total_steps_skipped += (self._calls_saved() - self._skipped) / len(self._own)

    def _calls_saved(self) -> int:
        return sum(cache.total_steps_skipped for cache in self._own.values())

    def _new(self) -> Any:
        return self._cache.clone().prepare_timesteps(self._sampling)


def check_caches(options: Mapping[str, Any], moving: bool) -> str | None:
    """What to say of a step cache.

    Args:
        moving: windows differ from step to step.

    Raises:
        WindowError: it is of a kind that cannot be had once for each window.
    """
    cache = cache_of(options)
    if cache is None:
        return None
    if not all(callable(getattr(cache, name, None)) for name in ("clone", "prepare_timesteps")):
        raise WindowError(
            "The EasyCache of this ComfyUI cannot be kept for each window of Sliding Context. Take it out, or use "
            "LazyCache."
        )
    if moving:
        return (
            "EasyCache reuses nothing, because windows move from step to step. Set context_schedule of Sliding Context "
            "to standard_static, or use LazyCache."
        )
    return None
