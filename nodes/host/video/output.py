"""What a saved clip hands back to the host: progress, tags, previews, VIDEO."""

import json
import os
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import comfy.utils
import numpy as np
import torch
from comfy.cli_args import args
from comfy_api.latest import Input, InputImpl, Types, io, ui

from ....motion.video import Codec, Heard, Pictures
from ..notices import notice

_NOT_FINITE = re.compile(r"\b(NaN|Infinity)\b")
"""Maybe within a text, too."""


def progress_reporter() -> Callable[[int, int], None]:
    """Shows progress on the node; raises when the user cancels, as every progress bar of the host does."""
    bar = comfy.utils.ProgressBar(0)
    return lambda done, total: bar.update_absolute(done, total)


def workflow_tags(prompt: Any, extra: Any) -> dict[str, str]:
    """The tags that let a dropped file restore its graph; none when the server runs with --disable-metadata.

    Args:
        extra: what a request wants to have in the file beside the prompt. Nobody has checked it: what is no text in
            JSON is left out, with a notice.
    """
    if args.disable_metadata:
        return {}
    wanted: dict[Any, Any] = {} if prompt is None else {"prompt": prompt}
    if isinstance(extra, Mapping):
        wanted |= extra
    elif extra:
        notice("The file does not hold the workflow: extra_pnginfo of the request is no dictionary.")
    given = {key: text for key, value in wanted.items() if isinstance(key, str) and (text := _json(value)) is not None}
    unwritten = [str(key)[:80] for key in wanted if key not in given]
    if unwritten:
        notice(f"The file does not hold {', '.join(unwritten)} of the workflow, which cannot be written as JSON.")
    return given


def _json(value: Any) -> str | None:
    """A value as JSON that every reader takes, None where it has things JSON has not."""
    try:
        text = json.dumps(value)
        # Python writes numbers that are no JSON; the front end puts null in their place as well
        return json.dumps(json.loads(text, parse_constant=lambda _: None)) if _NOT_FINITE.search(text) else text
    except (TypeError, ValueError, RecursionError):
        return None


def preview(codec: Codec, path: Path, subfolder: str, kind: str, temporary_preview: str | None) -> dict[str, Any]:
    """The UI entry that shows the clip in its node; where another file is shown, it names those saved beside it.

    Args:
        path: what was saved, in a folder of a kind.
    """
    if temporary_preview is not None:
        shown = ui.PreviewVideo([ui.SavedResult(temporary_preview, "", io.FolderType.temp)]).as_dict()
        names = sorted(os.listdir(path)) if codec.sequence else [path.name]
        below = os.path.join(subfolder, path.name) if codec.sequence else subfolder
        # the front end draws "images"; whoever asks over HTTP what was saved finds it here
        return {**shown, "files": [ui.SavedResult(name, below, io.FolderType(kind)) for name in names]}
    result = ui.SavedResult(path.name, subfolder, io.FolderType(kind))
    if not codec.still:
        return ui.PreviewVideo([result]).as_dict()
    # the front end plays anything "animated" in a video player unless it is webp or png
    return ui.SavedImages([result], is_animated=codec.extension != "gif").as_dict()


def video_value(path: Path | None, images: Pictures, sound: Heard | None, frame_rate: float) -> Any:
    """A VIDEO: the saved file where the host can read it, else the frames themselves, once something asks for them."""
    if path is not None:
        return InputImpl.VideoFromFile(str(path))
    return _FromPictures(images, sound, Fraction(frame_rate).limit_denominator(100_000))


def as_audio(sound: Heard | None) -> Any:
    """The host's AUDIO of a sound, None if there is none."""
    parts = [] if sound is None else [*sound.parts()]
    if sound is None or not parts:
        return None
    return {"waveform": torch.from_numpy(np.concatenate(parts).T.copy())[None], "sample_rate": sound.rate}


class _FromPictures(Input.Video):
    def __init__(self, images: Pictures, sound: Heard | None, frame_rate: Fraction) -> None:
        self._images, self._sound, self._frame_rate = images, sound, frame_rate

    def get_components(self) -> Any:
        return Types.VideoComponents(images=self._images[:], audio=as_audio(self._sound), frame_rate=self._frame_rate)

    def save_to(self, *arguments: Any, **options: Any) -> None:
        InputImpl.VideoFromComponents(self.get_components()).save_to(*arguments, **options)

    def as_trimmed(self, *arguments: Any, **options: Any) -> Any:
        return InputImpl.VideoFromComponents(self.get_components()).as_trimmed(*arguments, **options)
