"""The tables that people read are those of the rules."""

import pytest
from kinema.motion.migration import RULES

from tests.harness.mapping import BEGIN, COMMONEST, END, texts
from tests.harness.setup import ROOT


@pytest.mark.parametrize("name", ["README.md", "MIGRATION.md"])
def test_tables_are_current(name: str) -> None:
    assert texts()[name] == (ROOT / name).read_text(encoding="utf-8"), "run: python dev.py mapping"


def test_every_node_has_a_row_and_the_commonest_one_in_the_readme() -> None:
    page, readme = (texts()[name].splitlines() for name in ("MIGRATION.md", "README.md"))
    for old in RULES:
        assert sum(line.startswith(f"`{old}` |") for line in page) == 1
    table = readme[readme.index(BEGIN) : readme.index(END)]
    assert [line.split("`")[1] for line in table if line.startswith("`")] == list(COMMONEST)


def test_what_differs_is_a_sentence_without_table_marks() -> None:
    for rule in RULES.values():
        assert "|" not in rule.says
        assert "\n" not in rule.says
