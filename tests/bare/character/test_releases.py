"""Which release's settings hold, by choice or by what the files say."""

import pytest
from kinema.motion.character import AUTO, GUIDER_KINDS, RELEASES, CharacterError, choose_release, other_positions
from kinema.motion.character.releases import PAPER_GUIDER
from kinema.motion.formats import LINEAR, SQRT_LINEAR

PUBLISHED = {
    "moore": (SQRT_LINEAR, 24, 4, True, 30, 3.5, "moore"),
    "musepose": (LINEAR, 48, 4, False, 20, 3.5, "moore"),
    "champ": (SQRT_LINEAR, 24, 4, True, 20, 3.5, "champ"),
    "aniportrait": (SQRT_LINEAR, 16, 4, True, 25, 3.5, "aniportrait"),
}
"""Betas of inference, window, overlap, closed loop, steps, cfg, guider."""


@pytest.mark.parametrize("id", RELEASES)
def test_settings_are_those_of_the_authors_scripts(id: str) -> None:
    release = RELEASES[id]
    own = (release.beta_schedule, release.window, release.overlap, release.closed_loop, release.steps, release.cfg)
    assert (*own, *release.guiders) == PUBLISHED[id]
    assert release.id == id
    assert 32 in release.positions


def test_guiders_are_those_that_are_read() -> None:
    assert {kind.id for kind in GUIDER_KINDS} == {PAPER_GUIDER}.union(*(each.guiders for each in RELEASES.values()))


@pytest.mark.parametrize("id", RELEASES)
@pytest.mark.parametrize("positions", [None, 24, 32, 128])
def test_a_choice_holds_whatever_the_motion_module(id: str, positions: int | None) -> None:
    guider = PUBLISHED[id][-1]
    for guiders in ((), (guider,), (PAPER_GUIDER,), (guider, guider, PAPER_GUIDER)):
        assert choose_release(id, guiders, positions) is RELEASES[id]


@pytest.mark.parametrize(
    ("guiders", "positions", "id"),
    [
        (("champ",), None, "champ"),
        (("champ",) * 4, 32, "champ"),
        (("champ", PAPER_GUIDER), 32, "champ"),
        (("aniportrait",), 32, "aniportrait"),
        (("aniportrait",), None, "aniportrait"),
        (("moore",), 128, "musepose"),
        ((), 128, "musepose"),
        ((PAPER_GUIDER,), 128, "musepose"),
    ],
)
def test_told_by_the_files(guiders: tuple[str, ...], positions: int | None, id: str) -> None:
    assert choose_release(AUTO, guiders, positions).id == id


@pytest.mark.parametrize(
    ("guiders", "positions", "candidates"),
    [
        ((), None, ["moore", "musepose", "champ", "aniportrait"]),
        ((), 32, ["moore", "musepose", "champ", "aniportrait"]),
        ((PAPER_GUIDER,), 32, ["moore", "musepose", "champ", "aniportrait"]),
        (("moore",), None, ["moore", "musepose"]),
        (("moore",), 32, ["moore", "musepose"]),
    ],
)
def test_candidates_are_listed(guiders: tuple[str, ...], positions: int | None, candidates: list[str]) -> None:
    listed = ", ".join(f"{id} ({RELEASES[id].title})" for id in candidates)
    with pytest.raises(CharacterError) as caught:
        choose_release(AUTO, guiders, positions)
    assert str(caught.value).endswith(f"set release to one of {listed}.")


@pytest.mark.parametrize(
    ("guiders", "positions", "words"),
    [
        (("champ",), 128, "numbers 128 frames, which that of Champ does not. Choose the motion module of Champ, or"),
        (("moore",), 24, "numbers 24 frames, which that of Moore-AnimateAnyone or MusePose does not. .* set release"),
        ((), 24, "numbers 24 frames, which that of Moore-AnimateAnyone or MusePose or Champ or AniPortrait does not"),
        (("champ", "moore"), None, "The guiders are of different releases"),
        (("champ", "aniportrait", PAPER_GUIDER), 32, "The guiders are of different releases"),
    ],
)
def test_files_of_several_releases(guiders: tuple[str, ...], positions: int | None, words: str) -> None:
    with pytest.raises(CharacterError, match=words):
        choose_release(AUTO, guiders, positions)


@pytest.mark.parametrize(
    ("id", "guiders", "words"),
    [
        ("moore", ("champ",), "release is moore, but the guider is one of Champ. Choose the guider of Moore-"),
        ("champ", ("champ", "moore"), "release is champ, but the guider is one of Moore-AnimateAnyone or MusePose. "),
        ("musepose", ("aniportrait",), "release is musepose, but the guider is one of AniPortrait. "),
        (
            "aniportrait",
            ("moore", PAPER_GUIDER),
            "but the guider is one of Moore-AnimateAnyone or MusePose. Choose the",
        ),
    ],
)
def test_a_guider_of_another_release(id: str, guiders: tuple[str, ...], words: str) -> None:
    with pytest.raises(CharacterError, match=words):
        choose_release(id, guiders, 32)


@pytest.mark.parametrize(
    ("id", "positions", "words"),
    [
        ("moore", None, None),
        ("moore", 32, None),
        ("musepose", 128, None),
        ("musepose", 32, None),
        ("champ", 128, "numbers 128 frames, as MusePose's does; the settings are those of Champ."),
        ("moore", 24, "numbers 24 frames, as no release's does; the settings are those of Moore-AnimateAnyone."),
    ],
)
def test_positions_of_another_release_are_told(id: str, positions: int | None, words: str | None) -> None:
    told = other_positions(RELEASES[id], positions)
    assert told is None if words is None else told is not None and told.endswith(words)
