"""The parts of one release of Animate Anyone, as they travel on a wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ....motion.character import CharacterError, Release, choose_release, other_positions
from ..temporal import LoadedMotion
from .guide import GuiderWeights
from .network import ReferenceWeights


@dataclass(frozen=True)
class AnimateAnyone:
    """What was loaded of a release; every part may be left out, to be replaced or done without."""

    release: Release
    reference: ReferenceWeights | None = None
    motion: LoadedMotion | None = None
    guiders: Mapping[str, GuiderWeights] = field(default_factory=dict)
    """By what their pictures show."""
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
        f"{release.title}: {release.steps} steps, cfg {release.cfg:g}; windows of {release.window} frames, overlap "
        f"{release.overlap}, {loop}.",
        other_positions(release, positions),
    ]
    return AnimateAnyone(release, reference, motion, guiders, "\n".join(text for text in told if text))


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
