"""The parts of one release of Animate Anyone, as they travel on a wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from comfy.model_patcher import ModelPatcher

from ....motion.character import CharacterError, Release, choose_release, other_positions
from ..temporal import LoadedMotion
from .guide import GuiderWeights
from .network import ReferenceWeights

POSE, CHAMP = "pose", "champ"


@dataclass(frozen=True)
class AnimateAnyone:
    """What was loaded of a release; every part may be left out, to be replaced or done without."""

    release: Release
    reference: ReferenceWeights | None = None
    motion: LoadedMotion | None = None
    guiders: Mapping[str, GuiderWeights] = field(default_factory=dict)
    """By what their pictures show."""
    denoiser: ModelPatcher | None = None
    """Its denoising UNet as it was loaded."""
    told: str = ""
    """What to say of it."""


def put_together(
    wanted: str,
    reference: ReferenceWeights | None,
    motion: LoadedMotion | None,
    guiders: Mapping[str, GuiderWeights],
) -> AnimateAnyone:
    """Put parts together and choose whose settings hold.

    Args:
        wanted: id of a release, or "auto".

    Raises:
        CharacterError: the parts are of different releases, or nothing in them says of which.
    """
    positions = None if motion is None else motion.max_frames
    release = choose_release(wanted, {guider.model.kind.id for guider in guiders.values()}, positions)
    loop = "loop" if release.closed_loop else "no loop"
    told = [
        f"{release.title}: cfg {release.cfg:g}; windows of {release.window} frames, overlap {release.overlap}, {loop}.",
        other_positions(release, positions),
    ]
    check_places(guiders)
    motion = motion and replace(motion, window=release.window)
    text = "\n".join(text for text in told if text)
    return AnimateAnyone(release, reference, motion, guiders, told=text)


def check_places(guiders: Mapping[str, GuiderWeights]) -> None:
    """Stop on a guider that was chosen to read what only Champ's read.

    Raises:
        CharacterError: see above.
    """
    for shows, guider in guiders.items():
        if shows != POSE and guider.model.kind.id != CHAMP:
            raise CharacterError(
                f"{shows}_guider is for an encoder of Champ, and {guider.file} is {guider.model.kind.title}. Choose it "
                "as pose_guider."
            )


def guider_for(parts: AnimateAnyone, shows: str) -> GuiderWeights:
    """The guider that reads some kind of pictures.

    Raises:
        CharacterError: none was loaded for them.
    """
    guider = parts.guiders.get(shows)
    if guider is None:
        others = ", ".join(parts.guiders) or "nothing"
        raise CharacterError(
            f"Load Animate Anyone has no guider for {shows} pictures (it has one for: {others}). Choose {shows}_guider "
            "there, or set shows of Pose Guide to what the pictures are."
        )
    return guider
