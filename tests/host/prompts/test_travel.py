"""Prompt travel as a CONDITIONING: what the host makes of each prompt, blended, one row for each frame."""

from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.prompts import plan_travel
from kinema.motion.values import MotionValue, parse_curve
from kinema.nodes.host.animate import checks
from kinema.nodes.host.prompts.travel import TravelError, encode, same_length
from kinema.nodes.prompts import PromptTravel

from tests.papers.error import relative_error

from ..models import animated, sample, tiny_model, tiny_motion

LONG = "a very long prompt " * 30
"""More than the 75 tokens one piece of the text encoder takes."""


class Counting:
    """A CLIP that notes what it encodes."""

    def __init__(self, clip: Any) -> None:
        self.clip = clip
        self.encoded: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.clip, name)

    def encode_from_tokens_scheduled(self, tokens: Any, **options: Any) -> Any:
        self.encoded.append(tokens)
        return self.clip.encode_from_tokens_scheduled(tokens, **options)


@pytest.fixture(scope="module")
def clip(checkpoint) -> Any:
    return checkpoint[0]


def host(clip: Any, text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What the host's CLIPTextEncode gives."""
    ((cond, options),) = clip.encode_from_tokens_scheduled(clip.tokenize(text))
    return cond, options["pooled_output"]


def travelled(clip: Any, text: str, frames: int, **options: Any) -> list[list[Any]]:
    return encode(clip, [plan_travel(text, frames, **options)], lambda _done, _total: None)[0]


def test_frames_are_the_hosts_encodings_and_their_blends(clip) -> None:
    counting = Counting(clip)
    text = '0: "a cat", 4: "a (dog:1.3)", 6: "a cat", 8: "a dog"'
    ((cond, options),) = travelled(counting, text, 10)
    assert len(counting.encoded) == 3, "each text once"
    cat, weighted, dog = (host(clip, prompt) for prompt in ("a cat", "a (dog:1.3)", "a dog"))
    assert cond.shape == (10, 77, 768)
    assert options["pooled_output"].shape == (10, 768)
    assert not torch.equal(weighted[0], dog[0])
    for found, number in ((cond, 0), (options["pooled_output"], 1)):
        for frame, wanted in ((0, cat), (4, weighted), (6, cat), (8, dog), (9, dog)):
            assert torch.equal(found[frame], wanted[number][0])
        assert torch.equal(found[2], torch.lerp(cat[number][0], weighted[number][0], 0.5))
        assert torch.equal(found[1], torch.lerp(cat[number][0], weighted[number][0], 0.25))


def test_long_and_short_prompts_in_one_clip(clip) -> None:
    """A prompt that is repeated to the length of another one gives the same picture."""
    ((cond, _),) = travelled(clip, f'0: "a cat", 3: "{LONG}"', 4)
    short, long = host(clip, "a cat")[0], host(clip, LONG)[0]
    assert long.shape[1] == 154
    assert torch.equal(cond[0], torch.cat([short[0], short[0]]))
    assert torch.equal(cond[3], long[0])
    model = tiny_model()
    plain = sample(model, frames=4, positive=[[short, {}]])
    assert relative_error(sample(model, frames=4, positive=[[cond, {}]])[0], plain[0]) < 1e-4


def test_lengths_without_a_small_common_multiple_are_cut() -> None:
    def rows(*pieces: int) -> list[int]:
        conds = [torch.arange(piece * 77.0).reshape(1, -1, 1) for piece in pieces]
        made = same_length(conds)
        for cond, new in zip(conds, made, strict=True):
            length = cond.shape[1]
            assert torch.equal(new[:, :length], cond)
            assert torch.equal(new[:, length : 2 * length], cond[:, : new.shape[1] - length])
        return [new.shape[1] // 77 for new in made]

    assert rows(1, 2, 3) == [6, 6, 6]
    assert rows(3, 4, 5) == [5, 5, 5]
    assert rows(2, 2) == [2, 2]


def test_every_frame_is_sampled_with_its_own_prompt(clip, tmp_path: Path) -> None:
    conditioning = travelled(clip, '0: "a cat", 3: "a dog"', 4)
    model = tiny_model()
    found = sample(model, frames=4, positive=conditioning)
    for frame, text in ((0, "a cat"), (3, "a dog")):
        cond, pooled = host(clip, text)
        alone = sample(model, frames=4, positive=[[cond, {"pooled_output": pooled}]])
        assert relative_error(found[frame], alone[frame]) < 1e-5
        assert relative_error(found[3 - frame], alone[3 - frame]) > 1e-4
    moving = animated(model, tiny_motion(tmp_path))
    assert bool(sample(moving, frames=4, positive=conditioning).isfinite().all())


def test_prompts_for_another_clip_are_told(clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(checks, "notice", told.append)
    moving = animated(tiny_model(), tiny_motion(tmp_path))
    conditioning = travelled(clip, '0: "a cat", 7: "a dog"', 8)
    sample(moving, frames=8, positive=conditioning)
    assert told == []
    sample(moving, frames=9, positive=conditioning)
    assert told == ["The prompts are for 8 frames, but the clip has 9. Set frames of Prompt Travel to 9."]


def test_numbers_in_prompts_come_from_motion_values(clip) -> None:
    counting = Counting(clip)
    curve = parse_curve("0: 0.5, 2: 1.5")
    assert curve is not None
    made = PromptTravel.execute(
        counting,
        '0: "a (cat:`pw_a`) `pw_b`"',
        3,
        before="photo,",
        after="at night",
        pw_a=MotionValue(2.0, (curve,)),
        pw_b=7,
    )
    ((cond, _),), text, _ = made.result
    assert text.split("\n") == [
        "0: photo, a (cat:1.000) 7.000 at night",
        "1: photo, a (cat:2.000) 7.000 at night",
        "2: photo, a (cat:3.000) 7.000 at night",
    ]
    assert len(counting.encoded) == 4, "and an empty negative"
    assert torch.equal(cond[2:], host(clip, "photo, a (cat:3.000) 7.000 at night")[0])


def test_what_is_not_to_be_seen_is_an_output_of_its_own(clip) -> None:
    prompts = '0: "a cat --neg blurry", 2: "a dog --neg (dark:`t/2`)"'
    ((cond, _),), text, ((negative, options),) = PromptTravel.execute(
        clip, prompts, 3, before="photo --neg text", after="night"
    ).result
    assert text.split("\n\n")[1].split("\n")[0] == "Negative:"
    assert torch.equal(cond[:1], host(clip, "photo a cat night")[0])
    blurry, dark = host(clip, "text blurry"), host(clip, "text (dark:1.000)")
    assert torch.equal(negative[:1], blurry[0])
    assert torch.equal(negative[2:], dark[0])
    assert torch.equal(options["pooled_output"][2:], dark[1])
    assert torch.equal(negative[1:2], torch.lerp(blurry[0], host(clip, "text (dark:0.500)")[0], 0.5))
    ((nothing, _),) = PromptTravel.execute(clip, "0: a cat", 2).result[2]
    assert torch.equal(nothing[1:], host(clip, "")[0])


def test_both_encoders_of_sdxl_travel_on_their_own() -> None:
    class Both:
        def tokenize(self, text: str) -> dict[str, str]:
            return {"l": text, "g": text}

        def encode_from_tokens_scheduled(self, tokens: dict[str, str], **_: Any) -> list[list[Any]]:
            small, large = (
                torch.full((1, 77, 768), float(tokens["l"] or 0)),
                torch.full((1, 77, 1280), float(tokens["g"] or 0)),
            )
            return [[torch.cat((small, large), -1), {"pooled_output": large[:, 0]}]]

    made = PromptTravel.execute(Both(), "0: 1 --neg 5\n2: 3 --neg 7", 3, prompts_l="0: 10\n1: 20 --neg 40").result
    ((cond, options),), text, ((negative, _),) = made
    assert cond.shape == (3, 77, 2048)
    assert cond[:, 0, 0].tolist() == [10.0, 20.0, 20.0]
    assert cond[:, 0, -1].tolist() == [1.0, 2.0, 3.0]
    assert options["pooled_output"][:, 0].tolist() == [1.0, 2.0, 3.0]
    assert negative[:, 0, -1].tolist() == [5.0, 6.0, 7.0]
    assert [part.split("\n")[0] for part in text.split("\n\n")[1:]] == ["Negative:", "CLIP-L:", "CLIP-L, negative:"]


def test_one_encoder_has_no_small_one(clip) -> None:
    with pytest.raises(TravelError, match="Leave prompts_l empty"):
        PromptTravel.execute(clip, "0: a cat", 2, prompts_l="0: a dog")


def test_options_of_the_host_stay_and_schedules_have_an_entry_each() -> None:
    """A CLIP with LoRA hooks gives several conds for one text."""

    class Scheduled:
        def tokenize(self, text: str) -> str:
            return text

        def encode_from_tokens_scheduled(self, tokens: str, **_: Any) -> list[list[Any]]:
            cond = torch.full((1, 77, 4), float(tokens))
            return [[cond + part, {"clip_start_percent": part, "pooled_output": None}] for part in (0.0, 0.5)]

    first, second = travelled(Scheduled(), '0: "1", 2: "3"', 3)
    assert first[0][:, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert second[0][:, 0, 0].tolist() == [1.5, 2.5, 3.5]
    assert second[1] == {"clip_start_percent": 0.5, "pooled_output": None}


def test_a_checkpoint_without_text_encoder_is_named() -> None:
    with pytest.raises(TravelError, match="There is no text encoder"):
        travelled(None, '0: "a"', 2)
