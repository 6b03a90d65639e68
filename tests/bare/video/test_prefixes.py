"""Filename prefixes become paths below a folder, once and the same for everybody."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinema.motion.video import PrefixError, clean_prefix


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        ("video/kinema", "video/kinema"),
        ("video/.", "video"),
        ("./video//./x", "video/x"),
        ("video\\x", "video/x"),
        ("50%d/n%03dn", "50%d/n%03dn"),
        ("-x/- y", "-x/- y"),
        ("a'b\"c:d?*", "a'b\"c:d?*"),
        ("…/🎬", "…/🎬"),
        (".kinema-ab/x", "_kinema-ab/x"),
        (".Kinema-ab", "_Kinema-ab"),
    ],
)
def test_cleaned(prefix: str, wanted: str) -> None:
    assert clean_prefix(prefix, windows=False) == PurePosixPath(wanted)


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [("con/x", "_con/x"), ("x/LPT1.txt", "x/_LPT1.txt"), ("a:b/c?. ", "a_b/c_"), ("console/x", "console/x")],
)
def test_names_windows_has_no_files_of(prefix: str, wanted: str) -> None:
    if prefix.startswith("a:"):
        prefix, wanted = f"x/{prefix}", f"x/{wanted}"
    assert clean_prefix(prefix, windows=True) == PurePosixPath(wanted)


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("../x", "leaves the output folder"),
        ("a\\..\\..\\x", "leaves the output folder"),
        ("x/..", "leaves the output folder"),
        ("/x", "absolute"),
        ("\\\\server\\share\\x", "absolute"),
        ("C:x", "begins with C: as paths of Windows do"),
        ("a\nb", "control characters"),
        ("a\ud800b", "control characters"),
        ("", "no file name"),
        (".", "no file name"),
        ("video/", "no file name"),
        ("ü" * 101, "longer than 200 bytes"),
        ("a/" * 13 + "x", "more than 12 folders"),
    ],
)
def test_refused(prefix: str, words: str) -> None:
    with pytest.raises(PrefixError, match=words):
        clean_prefix(prefix)


LETTERS = st.one_of(st.characters(), st.sampled_from(list('./\\:%dcon- "\n~\ud800')))


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.text(LETTERS, max_size=60), st.booleans())
def test_whatever_is_typed_stays_below_the_folder_or_is_refused(prefix: str, windows: bool) -> None:
    try:
        clean = clean_prefix(prefix, windows)
    except PrefixError:
        return
    assert clean_prefix(str(clean), windows) == clean, "cleaning is done once"
    assert not clean.is_absolute()
    assert ".." not in clean.parts
    assert clean.name
    assert Path("/root", clean).resolve().is_relative_to("/root")
    for part in clean.parts:
        assert 0 < len(part.encode()) <= 201


def test_parts_that_grew_are_cut() -> None:
    assert clean_prefix("a/" + "ü" * 300 + "/b", cut=True) == PurePosixPath("a", "ü" * 100, "b")
    with pytest.raises(PrefixError, match="control characters"):
        clean_prefix("x" * 300 + "\0", cut=True)
