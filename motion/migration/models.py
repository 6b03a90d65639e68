"""Names of model files that a workflow asks for, and which of the files there are is meant. Never a guess."""

import bisect
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

EXTENSIONS = (".safetensors", ".ckpt", ".pth", ".pt", ".bin", ".sft")
RENAMES: Mapping[str, str] = {
    "animatediffMotion_v14": "mm_sd_v14",
    "animatediffMotion_v15": "mm_sd_v15",
    "animatediffMotion_v15V2": "mm_sd_v15_v2",
    "mm_sd15_v3": "v3_sd15_mm",
    "mm_sd_v15_v3": "v3_sd15_mm",
    "ALCM_sd15_t2v_beta": "AnimateLCM_sd15_t2v",
    "sd15_t2v_beta": "AnimateLCM_sd15_t2v",
    "sd15_t2v_beta_motion": "AnimateLCM_sd15_t2v",
    "animatediffLCMMotion_v10": "AnimateLCM_sd15_t2v",
    "sd15_lcm_animatediff_lora_beta": "AnimateLCM_sd15_t2v_lora",
    "hotshotxl_mm_v1": "hsxl_temporal_layers",
    "hsxl_temporal_layers.f16": "hsxl_temporal_layers",
    "animatediffV3Models_sparsectrlScribble": "v3_sd15_sparsectrl_scribble",
    "animatediffV3Models_sparsectrlRGB": "v3_sd15_sparsectrl_rgb",
}
"""Stems under which the same file was published, and those it has at its authors'."""
COMMON = frozenset(
    {
        *("model", "pytorch_model", "diffusion_pytorch_model", "diffusion_model", "open_clip_pytorch_model"),
        *("pytorch_lora_weights", "adapter_model", "adapter", "lora", "checkpoint", "vae", "unet", "text_encoder"),
        *("denoising_unet", "reference_unet", "motion_module", "pose_guider"),
    }
)
"""Stems that many different files have: which one it is shows in the folder alone."""
CANDIDATES = 8
"""Files that come near and are named at most."""
LONGEST, SHOWN = 400, 120
"""Characters of a name that is looked for, and of one that is shown."""


@dataclass(frozen=True)
class Found:
    """A file that is the one a workflow asks for.

    Args:
        name: as the list has it.
        how: "same", "folder", "extension" or "renamed": why it is that one.
    """

    name: str
    how: str


@dataclass(frozen=True)
class Question:
    """No file, or more than one, could be meant: a person has to choose.

    Args:
        candidates: files that come near, the nearest first; none may be right.
    """

    wanted: str
    candidates: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What to tell them."""
        wanted = self.wanted if len(self.wanted) <= SHOWN else f"{self.wanted[:SHOWN]}…"
        if not self.candidates:
            return f"{wanted} is not there: put it into its folder, or choose another file."
        return f"{wanted} is not there, or not only once. Choose it, if it is one of: {', '.join(self.candidates)}."


def find_model(wanted: str, available: Iterable[str]) -> Found | Question:
    r"""The file a workflow means: the same name, in another folder, with another extension, or renamed.

    Args:
        wanted: as the workflow has it, with ``/`` or ``\\`` between folders.
        available: names of the list that it is chosen from.
    """
    return Shelf(available).find(wanted)


class Shelf:
    """Names that are chosen from, put in order once for any number of questions."""

    def __init__(self, available: Iterable[str]) -> None:
        self.names = frozenset(available)
        self.by: list[dict[str, list[str]]] = [{} for _ in WAYS]
        stems: list[tuple[str, str]] = []
        for name in sorted(self.names):
            stems.append((_stem_base(name), name))
            for way, called in zip(WAYS, self.by, strict=True):
                called.setdefault(way.called(name), []).append(name)
        self.stems = sorted(stems)

    def find(self, wanted: str) -> Found | Question:
        """The same as `find_model`."""
        if wanted in self.names:
            return Found(wanted, "same")
        if len(wanted) > LONGEST:
            return Question(wanted)
        for way, called in zip(WAYS, self.by, strict=True):
            found = called.get(way.called(wanted), ())
            if len(found) == 1 and (_own_name(wanted) or _is_beside(found[0], wanted)):
                return Found(found[0], way.how)
            if found:
                return Question(wanted, tuple(found))
        return Question(wanted, self._near(_stem_base(wanted)))

    def _near(self, stem: str) -> tuple[str, ...]:
        """Files whose stem goes on where this one ends, or the other way round."""
        if not stem:
            return ()
        found: set[tuple[str, str]] = set()
        # a handful of those that go on, and all those that this one goes on from
        for begins, exactly in ((stem, False), *((stem[:end], True) for end in range(1, len(stem)))):
            at = bisect.bisect_left(self.stems, (begins,))
            for one in self.stems[at : at + CANDIDATES]:
                if one[0] == begins or (not exactly and one[0].startswith(begins)):
                    found.add(one)
        nearest = sorted(found, key=lambda one: (abs(len(one[0]) - len(stem)), one[1]))
        return tuple(name for _, name in nearest[:CANDIDATES])


def _own_name(name: str) -> bool:
    """Whether a file can be told by its name alone."""
    return _stem_base(name).removesuffix(".fp16") not in COMMON


def _is_beside(name: str, other: str) -> bool:
    """Whether two names differ by their extensions at most."""
    return _stem(_path(name)).casefold() == _stem(_path(other)).casefold()


def _path(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/").strip())


def _base(name: str) -> str:
    return posixpath.basename(_path(name)).casefold()


def _stem(path: str) -> str:
    stem, extension = posixpath.splitext(path)
    return stem if extension.casefold() in EXTENSIONS else path


def _stem_base(name: str) -> str:
    return _stem(_base(name))


def published(name: str) -> str:
    """The stem that a file has at its authors', in small letters."""
    stem = _stem(posixpath.basename(_path(name)))
    return RENAMES.get(stem, stem).casefold()


@dataclass(frozen=True)
class _Way:
    """A way in which two names mean one file: they are called the same."""

    how: str
    called: Callable[[str], str]


WAYS = (
    _Way("same", _path),
    _Way("same", lambda name: _path(name).casefold()),
    _Way("folder", lambda name: posixpath.basename(_path(name))),
    _Way("folder", _base),
    _Way("extension", lambda name: _stem(_path(name))),
    _Way("extension", _stem_base),
    _Way("renamed", published),
)
"""The surest first."""
