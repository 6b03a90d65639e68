"""Prompts written as text: what is read, and answers to what cannot be read."""

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kinema.motion.prompts import PromptError, Travel, parse_prompts, plan_travel
from kinema.motion.values import INTERPOLATIONS

from tests.harness.growth import in_proportion

CAT_AND_DOG = {0: "a cat", 8: "a dog"}


def read(text: str, frames: int = 16) -> dict[int, str]:
    return {frame: prompt.at({}) for frame, prompt in parse_prompts(text, frames).items()}


@pytest.mark.parametrize(
    "text",
    [
        '0: "a cat", 8: "a dog"',
        '"0" :"a cat",\n"8" :"a dog",\n',
        '{"0": "a cat", "8": "a dog"}',
        ' \ufeff{\n"0": "a cat",\n"8": "a dog",\n}\n\n',
        '0: "a cat"\n8: "a dog"',
        '0:"a cat",,\r\n8:"  a dog ",\r\n',
        "0: 'a cat', '8': 'a dog'",
        "0: \u201ca cat\u201d, 8: \u201ea dog\u201c",
        "\u201c0\u201d: \u2018a cat\u2019, 8: \u2018a dog\u2019",
        "0: a cat,\n8: a dog",
        '0. = "a cat", .5 = "a dog"',
        '-16: "a cat", -8 : "a dog"',
        '0: "a cat"; 8: "a dog";',
        '"0" :"a cat", "max_f/2 + 0.5" :"a dog",',
        "0: 'a cat', (max_f + 1) / 2: 'a dog'",
        "\uff10\uff1a\u300ca cat\u300d\uff0c\u3000\uff18\uff1a\u300ea dog\u300f",
        "\u00ab0\u00bb: \u00aba cat\u00bb\u060c \u0668: \u2039a dog\u203a",
        '\u200b"0":\u00a0"a cat",\u2060\r\n\u200e\u22128: "a dog"\ufeff',
    ],
)
def test_spellings(text: str) -> None:
    assert read(text) == CAT_AND_DOG


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (r'0: "say \"meow\""', 'say "meow"'),
        ("0: 'the cat's eye'", "the cat's eye"),
        ("0: 'the cat\u2019s eye'", "the cat\u2019s eye"),
        ('0: "the dogs\' bowls, 3: 4"', "the dogs' bowls, 3: 4"),
        (r"0: 'the dogs\' bowls'", "the dogs' bowls"),
        (r'0: "cat \(animal\)"', r"cat \(animal\)"),
        (r'0: "cat \\(animal\\)"', r"cat \(animal\)"),
        (r'0: "a\nb\/c \u00e9 \ud83d\ude00 \ud83d"', "a\nb/c é \U0001f600 \ufffd"),
        ('0: "two\nlines"', "two\nlines"),
        (
            '0: "(soft light:1.2), [old], {new}, embedding:easy, <3"',
            "(soft light:1.2), [old], {new}, embedding:easy, <3",
        ),
        ("0: A CAT AND A DOG", "A CAT AND A DOG"),
        ("0: well-lit -- a cat in 16:9, rock 'n' roll", "well-lit -- a cat in 16:9, rock 'n' roll"),
        (r"0: a \[b:c:0.5\]", r"a \[b:c:0.5\]"),
        ("0: \u732b\uff0c\u72ac\uff1b", "\u732b\uff0c\u72ac"),
        ('0: "a lone ` stays"', "a lone ` stays"),
        ('0: ""', ""),
    ],
)
def test_prompts_are_kept_as_written(text: str, prompt: str) -> None:
    assert read(text) == {0: prompt}


@pytest.mark.parametrize(
    ("text", "line", "character", "words"),
    [
        ("", 1, 1, "there is no prompt"),
        (" ,\n, ", 2, 3, "there is no prompt"),
        ("{}", 1, 2, "there is no prompt"),
        ("a cat", 1, 1, "a frame number and a colon are expected, found 'a cat'"),
        ('0: "a cat",\n dog: "a dog"', 2, 2, "found 'dog: \"a dog\"'"),
        ('"0: "a cat"', 1, 1, "a frame number"),
        ('{0: "a cat"', 1, 1, "a frame number"),
        ("9" * 5000 + ': "a cat"', 1, 1, "a frame number"),
        ('0: "a cat', 1, 4, "the quote that opens the prompt of frame 0 is never closed"),
        ('0: "a cat\n8: "a dog"', 2, 5, r'expected after the prompt of frame 0, found .* Write a quote .* as \\"'),
        ('0: "a "big" cat"', 1, 8, "Perhaps a quote is missing before"),
        ('0: "a cat" 8: "a dog"', 1, 12, "a comma is expected after the prompt of frame 0"),
        ("0: a cat, 8: a dog", 1, 9, "where the prompt of frame 0 ends is not clear; put it in quotes"),
        ('0: a cat"\n8: a dog', 1, 9, "put it in quotes"),
        ("0:", 1, 3, 'frame 0 has no prompt .an empty one is written ""'),
        ('0: "a", 4: "b", 0: "c"', 1, 17, "frame 0 has two prompts"),
        ('1.5: "a"', 1, 1, "1.5 is neither a whole frame nor a part of the clip"),
        ('-17: "a"', 1, 1, "-17 lies before the beginning of a clip of 16 frames"),
        ('0:5 = "a"', 1, 3, "is not clear"),
        ('0: "(smile:`sin(t`)"', 1, 12, "`sin.t` is not complete arithmetic. Between backticks"),
        ('0: "a", 4: "\n`_import`"', 2, 1, "'_import' has no value here; there are t, max_f, pi .at frame 1"),
        ('0: "a <lora:x:0.5>"', 1, 7, "'<lora:x:0.5>' is an instruction of another program.*Load LoRA"),
        ("0: a\n4: <hypernet:y", 2, 4, "'<hypernet:y' is an instruction"),
        ('0: "a [cat:dog:0.5]"', 1, 7, "changes the prompt during the sampling"),
        ('0: "a [cat|dog]"', 1, 7, "is a choice of another program"),
        ('0: "a {cat|dog}"', 1, 7, "is a choice of another program"),
        ('0: "a __animal__"', 1, 7, "stands for a list of words"),
        ('0: "a cat BREAK a dog"', 1, 11, "joins prompts in another program"),
        ('0: "a cat AND a dog"', 1, 11, "joins prompts in another program"),
        ('0: "a cat --w 512"', 1, 11, "the only one understood is --neg"),
        ('0: "a --neg b --neg c"', 1, 15, "--neg stands twice"),
        ('"max_f/": "a"', 1, 1, "is not complete arithmetic"),
        ('"-99 * max_f": "a"', 1, 1, "lies before the beginning"),
        ("0: a cat, max_f/2: a dog", 1, 9, "is not clear"),
        ('0: "(smile:`1 / (t - 3)`)"', 1, 12, "division by zero .at frame 3"),
    ],
)
def test_answers(text: str, line: int, character: int, words: str) -> None:
    with pytest.raises(PromptError, match=words) as caught:
        plan_travel(text, 16)
    assert (caught.value.line, caught.value.character) == (line, character)
    assert str(caught.value).startswith(f"Line {line}, character {character}: ")
    assert str(caught.value).endswith(".")


def test_answers_name_the_text_they_mean() -> None:
    with pytest.raises(PromptError, match="Text before, line 1, character 3: "):
        plan_travel('0: "a"', 16, before="x `1/0`")
    with pytest.raises(PromptError, match="Text after, line 1, character 1: "):
        plan_travel('0: "a"', 16, after="`(`")


PIECES = [*"0123456789", *'"":,,= \n\n{}.-`\\', "'", "\u201c", "\u201d", "\u2019", "\r\n", "cat", "a dog", "(x:1.2)"]
PIECES += ["`t/3`", '", 4: "', "\\u12", "\ud800", "\u0663", "\u00a0", "sin(", "\x00", "7:", '"9" :"', "\ufeff", "_a"]
SOUND = [
    '0: "a cat", 8: "a dog", 12: "(smile:`t/max_f`), x"',
    '"0" :"a, (b:1.2)",\n"6" :"",\n"11" :"c \\" d",\n',
    "{0: 'the cat's eye', 0.5 = 'x', -1: 'y'}",
    "0: a cat\n4: a dog, running,\n8: \u201ca fox\u201d",
]


def broken(rng: random.Random) -> str:
    """A text of random pieces, or a sound one with some pieces put in, taken out or moved."""
    if rng.random() < 0.3:
        return "".join(rng.choices(PIECES, k=rng.randrange(12)))
    text = rng.choice(SOUND)
    for _ in range(rng.randrange(4)):
        low, high = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        high = min(high, low + rng.randrange(6))
        text = text[:low] + rng.choice(["", text[low:high] * 2, *rng.choices(PIECES, k=3)]) + text[high:]
    return text


def answer(text: str, frames: int, **options: Any) -> Travel | PromptError:
    try:
        return plan_travel(text, frames, **options)
    except PromptError as error:
        return error


def test_any_text_is_read_or_answered() -> None:
    rng = random.Random(4)
    outcomes = {True: 0, False: 0}
    for _ in range(40_000):
        text, frames = broken(rng), rng.randrange(1, 12)
        found = answer(text, frames, shape=rng.choice(list(INTERPOLATIONS)), closed_loop=rng.random() < 0.3)
        outcomes[isinstance(found, Travel)] += 1
        if isinstance(found, PromptError):
            lines = text.split("\n")
            assert 1 <= found.line <= len(lines), repr(text)
            assert 1 <= found.character <= len(lines[found.line - 1]) + 1, repr(text)
            assert str(found).startswith(f"Line {found.line}, character {found.character}: "), repr(text)
            continue
        assert len(found.blends) == frames, repr(text)
        assert len(set(found.prompts)) == len(found.prompts), repr(text)
        used = {number for blend in found.blends for number in (blend.first, blend.second)}
        assert used == set(range(len(found.prompts))), repr(text)
        assert all(0 <= blend.share < 1 for blend in found.blends), repr(text)
        assert all((blend.share > 0) == (blend.first != blend.second) for blend in found.blends), repr(text)
        assert list(found.keys) == sorted(set(found.keys)), repr(text)
        assert min(found.keys) >= 0, repr(text)
        assert bool(found.warnings) == (found.keys[-1] >= frames), repr(text)
    assert min(outcomes.values()) > 4_000, outcomes


def test_json_is_read_like_json() -> None:
    rng = random.Random(5)
    for _ in range(500):
        texts = ["".join(rng.choices(['"', "\\", "\n", "a", "é", ", ", "9:", "{"], k=rng.randrange(9))) for _ in "123"]
        wanted = {str(i): "x" + text + "x" for i, text in enumerate(texts)}
        for ascii_only in (True, False):
            written = json.dumps(wanted, ensure_ascii=ascii_only)
            assert read(written) == {int(frame): text for frame, text in wanted.items()}


@pytest.mark.parametrize(
    ("text", "seen", "unseen"),
    [
        ('0: "a cat --neg blurry"', "a cat", "blurry"),
        ("0: a cat, --neg: blurry, (dark:1.2)", "a cat", "blurry, (dark:1.2)"),
        ('0: "--neg blurry"', "", "blurry"),
        ('0: "a cat --NEG"', "a cat", ""),
        ('0: "a cat--neg blurry"', "a cat", "blurry"),
        ('0: "a cat \u2014neg (dark:`t/2`)"', "a cat", "(dark:1.500)"),
        ('0: "a negligee cat"', "a negligee cat", None),
    ],
)
def test_what_is_not_to_be_seen(text: str, seen: str, unseen: str | None) -> None:
    (prompt,) = parse_prompts(text, 16).values()
    assert prompt.at({"t": 3}) == seen
    assert (prompt.negative and prompt.negative.at({"t": 3})) == unseen


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param(lambda size: '0: "' + "a cat, " * size + '"', 25_000, id="a long prompt"),
        pytest.param(lambda size: ",\n".join(f'"{i}" :"prompt {i}"' for i in range(size)), 8_000, id="8,000 keys"),
        pytest.param(lambda size: ",\n".join(f"{i}: `t`" for i in range(size)), 13_000, id="arithmetic"),
    ],
)
def test_long_texts_are_read(text: Callable[[int], str], size: int) -> None:
    assert parse_prompts(text(size), 64)
    assert in_proportion(lambda size: partial(parse_prompts, text(size), 64), size)
