"""A kind of file, told by its keys and shapes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True)
class FileKind:
    """A kind of file and what to do with it."""

    id: str
    """Never changes, so that code can ask for it."""
    title: str
    """What to call it in a sentence, with its article."""
    advice: str
    """Where the file belongs, in full sentences."""
    proof: tuple[str, ...] = ()
    """Patterns that are all found in its keys; none for kinds that are told by other means."""
    unless: str | None = None
    """A key that makes it something more special, so that exactly one kind applies, in whatever order."""

    def applies(self, descriptions: str) -> bool:
        """Whether every proof pattern is found in the "key [shape]" lines, and the exception in none."""
        return all(re.search(pattern, descriptions, re.MULTILINE) for pattern in self.proof) and not (
            self.unless and re.search(self.unless, descriptions, re.MULTILINE)
        )


def key_lines(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """A "key [shape]" line for each tensor."""
    return "\n".join(f"{key} {list(shape)}" for key, shape in shapes.items())


SHOWN = 80
"""Letters of a tensor's name in a message."""


def shown(key: str) -> str:
    """A tensor's name as messages have it: that an empty one is empty can be seen, and a long one is cut."""
    return key if 0 < len(key) <= SHOWN else f"'{key[:SHOWN]}'{' …' if key else ''}"


_WRAPPERS = re.compile(
    r"(?:(?:module|model|diffusion_model|unet|denoising_unet|reference_unet|pose_guider|guidance_encoder(?:_[a-z]+)*)\.)+"
)


def wrapper(keys: Iterable[str]) -> str:
    """What trainers leave before every key (``module.``, ``unet.``), "" if there is nothing of the kind."""
    names = list(keys)
    ends = zip(min(names, default=""), max(names, default=""), strict=False)
    match = _WRAPPERS.match("".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], ends)))
    return match[0] if match else ""


MOTION_MODULE = "Choose a motion module, for example mm_sd_v15_v2 or v3_sd15_mm."
