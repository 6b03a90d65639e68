"""Which nodes of public workflows have a row: all of AnimateDiff's family, and what many of them use besides."""

import csv
from dataclasses import dataclass
from pathlib import Path

from kinema.motion.migration import FAMILY, INSTALLED, RULES

LIST = Path(__file__).with_name("public.tsv")
"""Nodes of 295 public workflows that use AnimateDiff, and how many of them have each."""
TENTH = 30
PACKS = {rule.pack for rule in FAMILY}


@dataclass(frozen=True)
class Public:
    """A node, and in how many workflows it is."""

    id: str
    workflows: int
    family: bool

    @property
    def covered(self) -> str:
        """What stands in its place, or why nothing does; empty if there is no row."""
        rule = RULES.get(self.id)
        if rule is None:
            return ""
        return rule.refused or " + ".join(rule.makes) or rule.says or "a part of the nodes around it"


def public() -> list[Public]:
    """The list, those of most workflows first."""
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        found = [Public(row["node"], int(row["workflows"]), row["family"] == "yes") for row in rows]
    return sorted(found, key=lambda one: -one.workflows)


def test_every_node_of_the_family_and_of_a_tenth_of_all_workflows_has_a_row() -> None:
    nodes = public()
    for one in nodes:
        print(f"{one.workflows:4} {one.id}: {one.covered or 'no row'}")
    assert [one.id for one in nodes if (one.family or one.workflows >= TENTH) and not one.covered] == []


def test_only_other_packs_stay_missing() -> None:
    stay = [one for one in public() if one.family and one.id in RULES and RULES[one.id].refused]
    assert [one.id for one in stay] == ["VHS_FILENAMES_STRING_MuseTalk"]


def test_a_row_that_stays_says_it_in_words() -> None:
    for rule in RULES.values():
        if rule.refused:
            assert not rule.makes
            assert len(rule.refused.split()) > 4
            assert not rule.refused.endswith(".")


def test_nothing_installed_is_replaced() -> None:
    assert not RULES.keys() & INSTALLED


def test_rows_are_of_known_packs() -> None:
    assert {RULES[one.id].pack for one in public() if one.family and one.id in RULES} <= PACKS
