"""What each open release of Animate Anyone (arXiv 2311.17117) was trained and is sampled with.

Their networks are the same key for key, and nothing in the files says which release they belong to: the noise schedule,
the windows of long clips and the loop differ, and a wrong one looks like flicker or washed-out colours. All of them
predict v with a zero terminal signal-to-noise ratio (arXiv 2305.08891) and take trailing timesteps.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..formats import LINEAR, SQRT_LINEAR
from .errors import CharacterError

AUTO, MUSEPOSE = "auto", "musepose"
MUSEPOSE_POSITIONS = 128
"""Rows of the position tables in MusePose's motion module; all others have 32, and MusePose's may."""


@dataclass(frozen=True)
class Release:
    """The settings of one release, as its authors publish them."""

    id: str
    title: str
    beta_schedule: str
    """Of inference, by its name in `SCHEDULES`: "sqrt_linear" has betas that rise linearly."""
    window: int
    """Frames seen at once; a longer clip is sampled in windows that stay where they are from step to step."""
    overlap: int
    closed_loop: bool
    """Whether the last window leads over the end of the clip into its beginning."""
    steps: int
    cfg: float
    guiders: frozenset[str]
    """Kinds of guiders that come with it."""
    positions: frozenset[int]
    """Rows that the position tables of its motion module may have."""


_32 = frozenset({32})
_32_OR_MORE = frozenset({32, MUSEPOSE_POSITIONS})
_MOORE, _CHAMP, _ANIPORTRAIT = (frozenset({kind}) for kind in ("moore", "champ", "aniportrait"))
RELEASES: Mapping[str, Release] = {
    release.id: release
    for release in (
        Release("moore", "Moore-AnimateAnyone", SQRT_LINEAR, 24, 4, True, 30, 3.5, _MOORE, _32),
        Release(MUSEPOSE, "MusePose", LINEAR, 48, 4, False, 20, 3.5, _MOORE, _32_OR_MORE),
        Release("champ", "Champ", SQRT_LINEAR, 24, 4, True, 20, 3.5, _CHAMP, _32),
        Release("aniportrait", "AniPortrait", SQRT_LINEAR, 16, 4, True, 25, 3.5, _ANIPORTRAIT, _32),
    )
}
"""By id, in the order in which Load Animate Anyone lists them."""
PAPER_GUIDER = "paper"
"""The paper's own guider goes with every release: none was published, so whoever has one has trained it."""


def choose_release(wanted: str, guiders: Collection[str], positions: int | None) -> Release:
    """The release whose settings hold.

    Args:
        wanted: an id, or "auto" for the only one that the files can belong to.
        guiders: kinds of the guiders that were loaded, none if there is no guider.
        positions: rows of the motion module's position tables, None without a motion module.

    Raises:
        CharacterError: the files belong to another release, or to several.
    """
    kinds = set(guiders) - {PAPER_GUIDER}
    if wanted != AUTO:
        release = RELEASES[wanted]
        strangers = sorted(kinds - release.guiders)
        if strangers:
            owners = " or ".join(other.title for other in RELEASES.values() if strangers[0] in other.guiders)
            raise CharacterError(
                f"release is {wanted}, but the guider is one of {owners}. Choose the guider of {release.title}, or set "
                "release to where the files come from."
            )
        return release
    guided = [release for release in RELEASES.values() if kinds <= release.guiders]
    fitting = [release for release in guided if positions is None or positions in release.positions]
    if len(fitting) == 1:
        return fitting[0]
    if not guided:
        raise CharacterError("The guiders are of different releases. Choose guiders that come together.")
    if not fitting:
        whose = " or ".join(release.title for release in guided)
        raise CharacterError(
            f"The motion module numbers {positions} frames, which that of {whose} does not. Choose the motion module "
            f"of {whose}, or set release to tell whose settings to use."
        )
    names = ", ".join(f"{release.id} ({release.title})" for release in fitting)
    raise CharacterError(
        f"Nothing in these files says which release they come from, and a wrong one flickers: set release to one of "
        f"{names}."
    )


def other_positions(release: Release, positions: int | None) -> str | None:
    """What to say of a motion module whose position tables are not those of the release."""
    if positions is None or positions in release.positions:
        return None
    whose = "MusePose's" if positions == MUSEPOSE_POSITIONS else "no release's"
    return f"The motion module numbers {positions} frames, as {whose} does; the settings are those of {release.title}."
