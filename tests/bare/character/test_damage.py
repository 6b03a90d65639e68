"""Spoiled files of Animate Anyone are read or refused in words that name them, soon."""

import random
import re
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.character import (
    DENOISING,
    REFERENCE,
    CharacterError,
    check_unet,
    load_guider,
    read_guider,
    recognise_unet,
)
from kinema.motion.formats import WeightFileError, check_weight, read_weights
from safetensors.torch import save
from torch import Tensor

from tests.harness.seeded.layouts import SMALL
from tests.harness.seeded.layouts_character import denoising_unet, reference_unet, seeded
from tests.harness.seeded.layouts_guiders import (
    aniportrait_guider,
    champ_guider,
    moore_guider,
    paper_guider,
    seeded_guider,
)

from ..formats.mutated import ODD, packed

State = dict[str, Tensor]
CASES = 40
SECONDS = 30.0
"""Of the processor, for a file of 1 to 40 MB."""
MAKE: Mapping[str, Callable[[], State]] = {
    "denoiser": lambda: seeded(denoising_unet(SMALL), "denoiser"),
    "reference": lambda: seeded(reference_unet(SMALL), "reference"),
    "moore": lambda: seeded_guider(moore_guider(32), "moore"),
    "champ": lambda: seeded_guider(champ_guider(32), "champ"),
    "aniportrait": lambda: seeded_guider(aniportrait_guider(SMALL, 64), "aniportrait"),
    "paper": lambda: seeded_guider(paper_guider(), "paper"),
}
DTYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int8,
    torch.int64,
    torch.uint8,
    torch.bool,
    torch.float8_e4m3fn,
)
KEYS = (
    "",
    ".",
    "module.",
    "unet.conv_in.weight",
    "down_blocks.99999999.resnets.0.conv1.bias",
    f"down_blocks.{'9' * 400}.resnets.0.conv1.bias",
    "down_blocks.4.resnets.0.conv1.bias",
    "down_blocks.٣.resnets.0.conv1.weight",
    "up_blocks.3.attentions.2.transformer_blocks.0.attn1_5.to_q.weight",
    "mid_block.attentions.1.norm.weight",
    "conv_layers_9.0.weight",
    "attentions.5.norm.weight",
    "blocks.9.weight",
    "blocks.0.weight",
    "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight",
    "attn2.to_k.weight",
    "a" * 100_000,
    "attentions.0." * 30,
    "line\nbreak",
    "optimizer.conv_in.weight",
)
"""What a key may become."""


@cache
def good(kind: str) -> State:
    return MAKE[kind]()


def reshaped(value: Tensor, dice: random.Random) -> Tensor:
    """Another shape, empty ones, those of one number and such that no layer has among them."""
    flat = value.flatten()
    return dice.choice(
        [
            value[None],
            flat,
            flat[:0],
            flat[:1],
            torch.zeros(()),
            value[..., None, None],
            torch.zeros(0, *value.shape[1:]),
            torch.zeros(dice.choice([1, 2, 31, 33, 96, 128, 2048]), dtype=torch.float16),
            value.T.contiguous() if value.ndim == 2 else flat[:-1],
            torch.ones(1).expand(7, 7).contiguous(),
        ]
    )


def spoiled(kind: str, dice: random.Random) -> dict[str, Any]:
    """A few tensors are missing, too much, others, or elsewhere."""
    state: dict[str, Any] = dict(good(kind))
    for _ in range(dice.choice([1, 1, 2, 6])):
        key = dice.choice(list(state))
        how = dice.choice(["gone", "more", "key", "shape", "shape", "dtype", "nan", "part", "prefix", "odd", "mixed"])
        if how == "gone":
            del state[key]
        elif how in ("more", "key"):
            name = dice.choice([*KEYS, key + ".x", f"module.{key}", re.sub(r"\d", "3", key), re.sub(r"\d", "77", key)])
            state[name] = state[key] if how == "more" else state.pop(key)
        elif how == "shape":
            state[key] = reshaped(state[key], dice)
        elif how == "dtype":
            dtype, all_of_it = dice.choice(DTYPES), dice.random() < 0.3
            state |= {name: value.to(dtype) for name, value in state.items() if all_of_it or name == key}
        elif how == "nan":
            state[key] = torch.full_like(state[key].float(), dice.choice([float("nan"), float("inf"), -float("inf")]))
        elif how == "part":
            start = key[: dice.randrange(1, len(key) + 1)]
            state = {name: value for name, value in state.items() if not name.startswith(start)}
        elif how == "prefix":
            prefix = dice.choice(["module.", "unet.", "x.", "pose_guider.", "module.module.", "face_locator."])
            state = {prefix + name: value for name, value in state.items()}
        elif how == "odd":
            state[key] = torch.zeros(4, 4)
        else:
            state |= {
                f"{dice.choice(['', 'unet.', 'other.'])}{name}": v for name, v in good(dice.choice([*MAKE])).items()
            }
        if not state:
            break
    return state


def damaged_file(kind: str, dice: random.Random) -> bytes:
    """A file with such tensors, cut off, a text, or of one of the kinds that torch writes and nobody can use."""
    how = dice.choice(["tensors"] * 8 + ["cut", "text", "odd"])
    if how == "text":
        return dice.choice([b"", b"Not found", b"<html><title>404</title></html>", b'{"error": 1}', bytes(5000)])
    state = good(kind) if how == "cut" else spoiled(kind, dice)
    container = dice.choice(["safetensors", "zip", "legacy"])
    if how == "odd" and container != "safetensors":
        state = {**state, "odd": ODD[dice.choice(list(ODD))](dice)}
    if dice.random() < 0.2 and container != "safetensors":
        state = {"state_dict": state, "epoch": 3}
    if container == "safetensors":
        # a file cannot hold one tensor under two names
        data = save({key: value.clone().contiguous() for key, value in state.items()})
    else:
        data = packed(state, container)
    return data[: dice.randrange(len(data))] if how == "cut" else data


def read_unet(part: str, tensors: State, file: str) -> None:
    """What the host does, but for its UNet: the good file's tensors are those that are wanted."""
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    unet = recognise_unet(shapes, file, part)
    for key in unet.names:
        check_weight(key, tensors[key], file)
    wanted = {key: tuple(value.shape) for key, value in good("denoiser" if part == DENOISING else "reference").items()}
    check_unet(unet, shapes, recognise_unet(wanted, file, part).shapes(wanted), file, part)


def read_pose_guider(tensors: State, file: str) -> None:
    load_guider(*read_guider(tensors, file))


READ: Mapping[str, Callable[[State, str], None]] = {
    DENOISING: partial(read_unet, DENOISING),
    REFERENCE: partial(read_unet, REFERENCE),
    "guider": read_pose_guider,
}


def answer(read: Callable[[], object], file: str) -> str:
    """What a file is answered with: "read", or the words that refuse it."""
    try:
        read()
    except (CharacterError, WeightFileError) as error:
        said = str(error)
    else:
        return "read"
    assert said.startswith(f"{file} "), said
    assert said.endswith((".", "…")), said
    assert ". " in said, said
    assert said.isprintable(), said
    assert len(said) < 900, said
    assert "()" not in said, said
    return said


def test_good_files_are_read() -> None:
    for kind in MAKE:
        slot = {"denoiser": DENOISING, "reference": REFERENCE}.get(kind, "guider")
        assert answer(partial(READ[slot], good(kind), "good.pth"), "good.pth") == "read"


@pytest.mark.parametrize("seed", range(CASES))
def test_spoiled_files(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    kind = dice.choice(list(MAKE))
    path = tmp_path / f"spoiled.{dice.choice(['pth', 'safetensors'])}"
    path.write_bytes(damaged_file(kind, dice))
    for read in READ.values():
        start = time.process_time()
        answer(lambda read=read: read(read_weights(str(path)), path.name), path.name)
        assert time.process_time() - start < SECONDS


def test_some_spoiled_files_are_still_read() -> None:
    """What is spoiled may be what nobody uses; else the cases would prove little."""
    state = good("reference")
    dead = "up_blocks.3.attentions.2.proj_out.weight"
    for value in (torch.zeros(0), torch.full((3,), float("nan")), torch.zeros(2, dtype=torch.int8)):
        assert answer(partial(READ[REFERENCE], state | {dead: value}, "a.pth"), "a.pth") == "read"
