"""Names of model files that a workflow asks for, and which of the files there are is meant. Never a guess."""

import posixpath
from collections.abc import Iterable, Mapping
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
        if not self.candidates:
            return f"{self.wanted} is not there: put it into its folder, or choose another file."
        return (
            f"{self.wanted} is not there, or not only once. Choose it, if it is one of: {', '.join(self.candidates)}."
        )


def find_model(wanted: str, available: Iterable[str]) -> Found | Question:
    r"""The file a workflow means: the same name, in another folder, with another extension, or renamed.

    Args:
        wanted: as the workflow has it, with ``/`` or ``\\`` between folders.
        available: names of the list that it is chosen from.
    """
    names = sorted(set(available))
    if wanted in names:
        return Found(wanted, "same")
    path = _path(wanted)
    ways = (
        ("same", lambda name: _path(name) == path),
        ("same", lambda name: _path(name).casefold() == path.casefold()),
        ("folder", lambda name: posixpath.basename(_path(name)) == posixpath.basename(path)),
        ("folder", lambda name: _base(name) == _base(wanted)),
        ("extension", lambda name: _stem(_path(name)) == _stem(path)),
        ("extension", lambda name: _stem_base(name) == _stem_base(wanted)),
        ("renamed", lambda name: _published(name) == _published(wanted)),
    )
    for how, fits in ways:
        found = [name for name in names if fits(name)]
        if len(found) == 1:
            return Found(found[0], how)
        if found:
            return Question(wanted, tuple(found))
    return Question(wanted, tuple(name for name in names if _near(name, wanted))[:8])


def _path(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/").strip())


def _base(name: str) -> str:
    return posixpath.basename(_path(name)).casefold()


def _stem(path: str) -> str:
    stem, extension = posixpath.splitext(path)
    return stem if extension.casefold() in EXTENSIONS else path


def _stem_base(name: str) -> str:
    return _stem(_base(name))


def _published(name: str) -> str:
    stem = _stem(posixpath.basename(_path(name)))
    return RENAMES.get(stem, stem).casefold()


def _near(name: str, wanted: str) -> bool:
    ours, theirs = _stem_base(name), _stem_base(wanted)
    return bool(theirs) and (ours.startswith(theirs) or theirs.startswith(ours))
