"""What the frames of a clip depend on, so that a run that was cut short is known again."""

import json
import os
import zlib
from typing import Any

import numpy as np
from comfy_execution.graph_utils import is_link

from ..video import has_file
from .loop import PICTURES, Loop, links
from .record import Pieces

CHECKED_BYTES = 16 << 20


def settings_of(dynprompt: Any, loop: Loop, pieces: Pieces, depth: str) -> dict[str, Any]:
    """Everything a person set that the frames depend on, by the names they have on the screen.

    Args:
        depth: how exactly frames are kept.
    """
    settings: dict[str, Any] = {
        "the video": _stamp(pieces.video),
        "the number of frames": pieces.plan.frames,
        "the number of pieces": len(pieces.plan.pieces),
        "the depth of colours": depth,
    }
    left, seen = [source for name, source, _ in links(dynprompt, loop.end) if name in PICTURES], {loop.end}
    settings |= _inputs(dynprompt, loop.end, (*PICTURES, "frames_per_batch"))
    while left:
        node = left.pop()
        if node in seen or not dynprompt.has_node(node):
            continue
        seen.add(node)
        settings |= _inputs(dynprompt, node, None)
        left += [source for _, source, _ in links(dynprompt, node)]
    return settings


def _inputs(dynprompt: Any, number: str, only: tuple[str, ...] | None) -> dict[str, Any]:
    node = dynprompt.get_node(number)
    title = (node.get("_meta") or {}).get("title") if isinstance(node.get("_meta"), dict) else None
    name = f"{title or node['class_type']} #{number}"
    found = {
        f"{name}.{key}": f"output {value[1]} of #{value[0]}" if is_link(value) else _plain(value)
        for key, value in sorted(node["inputs"].items())
        if only is None or key in only
    }
    found[name] = node["class_type"]
    if "is_changed" in node:
        # by what the host knows whether a file that the node reads is still the same
        found[f"{name} reads"] = _plain(node["is_changed"])
    return found


def _plain(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, default=str).replace("NaN", "null"))
    except (TypeError, ValueError, RecursionError):
        return str(type(value))


def _stamp(video: Any) -> Any:
    """A VIDEO in a few words that change with it."""
    if not has_file(video):
        components = video.get_components()
        return f"{tuple(components.images.shape)} {_checksum(components.images)} {components.frame_rate}"
    source, window = video.get_stream_source(), list(video.get_active_trim_window())
    if isinstance(source, str | os.PathLike):
        about = os.stat(source)
        return f"{os.path.basename(source)} {about.st_size} {about.st_mtime_ns} {window}"
    return f"{zlib.crc32(source.getbuffer())} {window}"


def _checksum(images: Any) -> int:
    checksum = 0
    for image in images:
        checksum = zlib.crc32(np.ascontiguousarray(image.cpu().numpy()).data.cast("B"), checksum)
    return checksum
