"""Which inputs a column means."""

import pytest
from kinema.motion.jobs.columns import ColumnError, places_of

from .prompts import DECLARED, PROMPT


def places(column: str) -> list[tuple[str, str]]:
    return [(place.node, place.input) for place in places_of(column, PROMPT, DECLARED)]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("4.ckpt_name", [("4", "ckpt_name")]),
        ("Load Checkpoint.ckpt_name", [("4", "ckpt_name")]),
        ("Prompt.text", [("6", "text")]),
        ("Encode.text", [("6", "text"), ("7", "text")]),
        ("9:3.seed", [("9:3", "seed")]),
        ("KSampler.denoise", [("9:3", "denoise")]),
        ("KSampler.steps", [("9:3", "steps")]),
        ("Save.format.crf", [("10", "format.crf")]),
        ("Save.format", [("10", "format")]),
        ("v1.5 Thing.amount", [("11", "amount")]),
        (" Prompt . text ", [("6", "text")]),
    ],
)
def test_ids_classes_and_titles(column: str, found: list[tuple[str, str]]) -> None:
    assert places(column) == found


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("KSampler.sead", r"KSampler has no input sead. Did you mean KSampler.seed\?"),
        ("Ksampler.seed", r"no node Ksampler. Did you mean KSampler"),
        ("promt.text", r"no node promt. Did you mean Prompt\?"),
        ("zzz.text", r"no node zzz. There are Load, Load Checkpoint, 4, "),
        ("seed", "columns are NODE.input, name or workflow"),
        (".seed", "columns are NODE.input"),
        ("Twin.value", r"nodes 12 \(Value\), 13 \(Other\) have the title Twin. Write an id, such as 12.value"),
        ("KSampler.model", "takes what another node makes"),
        ("KSampler.mask", "takes what another node makes"),
        ("Save.images", "takes what another node makes"),
    ],
)
def test_columns_that_mean_nothing(column: str, words: str) -> None:
    with pytest.raises(ColumnError, match=words):
        places(column)
