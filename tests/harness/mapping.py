"""The mapping of other packs' nodes as people read it, written from its rules: all of it, and the README's part."""

from collections.abc import Iterable, Mapping

from kinema.motion.migration import RULES, TARGETS, Rule

from .setup import ROOT

README, PAGE = ROOT / "README.md", ROOT / "MIGRATION.md"
BEGIN, END = "<!-- mapping: written by python dev.py mapping -->", "<!-- end of mapping -->"
COMMONEST = (
    "ADE_AnimateDiffLoaderGen1",
    "ADE_UseEvolvedSampling",
    "ADE_AnimateDiffUniformContextOptions",
    "ADE_AnimateDiffLoRALoader",
    "VHS_VideoCombine",
    "VHS_LoadVideo",
    "ACN_AdvancedControlNetApply",
    "BatchPromptSchedule",
)
"""Nodes that most workflows have."""
PARTS = "part of the nodes around it"
MISSING = "stays a missing node"


def table(rules: Iterable[Rule]) -> str:
    """Old ids and the names of what stands in their place, as Markdown."""
    lines = ["node there | here", "---|---"]
    lines += [f"`{rule.old}` | {_made(rule)}" for rule in rules]
    return "\n".join(lines)


def full_table(rules: Iterable[Rule]) -> str:
    """The same with what differs."""
    lines = ["node there | here | what differs", "---|---|---"]
    lines += [f"`{rule.old}` | {_made(rule)} | {rule.says}".rstrip() for rule in rules]
    return "\n".join(lines)


def texts() -> Mapping[str, str]:
    """Both files as they should be, by name."""
    packs: dict[str, list[Rule]] = {}
    for rule in RULES.values():
        packs.setdefault(rule.pack, []).append(rule)
    whole = "\n\n".join(f"## {pack}\n\n{full_table(rules)}" for pack, rules in packs.items())
    return {
        README.name: _between(README.read_text(encoding="utf-8"), table(RULES[old] for old in COMMONEST)),
        PAGE.name: _between(PAGE.read_text(encoding="utf-8"), whole),
    }


def write_texts() -> None:
    """Bring both files up to date."""
    for name, text in texts().items():
        (ROOT / name).write_text(text, encoding="utf-8")


def _made(rule: Rule) -> str:
    if rule.refused:
        return MISSING
    names = list(dict.fromkeys(TARGETS[made].display or made for made in rule.makes))
    return ", ".join(names) or PARTS


def _between(text: str, table: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"
