"""Have the host forget what copies of nodes gave, once a piece is on the disk.

It would keep all of it until the run is over, in case that somebody asks for it, which nobody can: copies are read by
copies alone, and no other run has the same. Frames that other nodes make would add up to the whole clip.
"""

import contextlib
from collections.abc import Iterable
from typing import Any

import comfy.memory_management
from comfy_execution.caching import RAMPressureCache


def forget(nodes: Iterable[str]) -> None:
    """Drop what nodes gave from the cache that the host has unless it was started with another one.

    The host drops entries in the same way when memory is short.
    """
    cache: Any = getattr(comfy.memory_management.extra_ram_release_callback, "__self__", None)
    if not isinstance(cache, RAMPressureCache):
        return
    # a host that keeps them in another way goes on keeping them, as all others do
    with contextlib.suppress(AttributeError, TypeError):
        for node in nodes:
            key = cache.cache_key_set.get_data_key(node)
            kept: list[dict[Any, Any]] = [cache.cache, cache.used_generation, cache.timestamps, cache.children]
            for about in kept:
                about.pop(key, None)
