"""Prompt travel as the host's CONDITIONING: one row for each frame of the clip."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ....motion.prompts import Travel

POOLED = "pooled_output"
LONGEST = 4
"""How many times as long as the longest prompt all of them may become to have one length."""
AT_ONCE = 64
"""Frames to blend together, so that little more than the result is held."""


class TravelError(ValueError):
    """Prompts cannot be encoded."""


def encode(clip: Any, travel: Travel, progress: Callable[[int, int], None]) -> list[list[Any]]:
    """Encode every distinct prompt once and blend them for each frame.

    Args:
        clip: the host's CLIP.
        progress: told of the prompts done and all prompts.

    Returns:
        A CONDITIONING whose tensors have as many rows as the clip has frames, which is how the host tells that they
        belong to frames. It has several entries if LoRA hooks on the CLIP change over the sampling.

    Raises:
        TravelError: there is no CLIP.
    """
    if clip is None:
        raise TravelError(
            "There is no text encoder: the checkpoint that clip comes from has none. Load one with Load CLIP."
        )
    encoded = []
    for done, text in enumerate(travel.prompts, start=1):
        encoded.append(clip.encode_from_tokens_scheduled(clip.tokenize(text), show_pbar=False))
        progress(done, len(travel.prompts))
    return [_entry(prompts, travel) for prompts in zip(*encoded, strict=True)]


def _entry(prompts: Sequence[list[Any]], travel: Travel) -> list[Any]:
    """One [cond, options] of each prompt as one for all frames; options other than the pooled text are the same."""
    options = dict(prompts[0][1])
    pooled = [each[POOLED] for _, each in prompts if each.get(POOLED) is not None]
    if len(pooled) == len(prompts):
        options[POOLED] = blended(pooled, travel)
    return [blended(same_length([cond for cond, _ in prompts]), travel), options]


def same_length(conds: Sequence[Tensor]) -> list[Tensor]:
    """Repeat encodings, (1, tokens, width), until all have the same number of tokens.

    A prompt that is repeated whole means exactly the same to attention. Only if the lengths have no common multiple
    worth the time are the repeated ones cut at the longest.
    """
    lengths = [cond.shape[1] for cond in conds]
    common = math.lcm(*lengths)
    if common > LONGEST * max(lengths):
        common = max(lengths)
    return [cond.repeat(1, -(-common // cond.shape[1]), 1)[:, :common] for cond in conds]


def blended(prompts: Sequence[Tensor], travel: Travel) -> Tensor:
    """A row for each frame out of one (1, …) tensor for each prompt; a frame with one prompt has exactly that one."""
    every = torch.cat(list(prompts))
    first = torch.tensor([blend.first for blend in travel.blends], device=every.device)
    second = torch.tensor([blend.second for blend in travel.blends], device=every.device)
    share = torch.tensor([blend.share for blend in travel.blends], device=every.device, dtype=every.dtype)
    blended = every[first]
    for part in share.nonzero()[:, 0].split(AT_ONCE):
        weight = share[part].reshape(-1, *[1] * (every.ndim - 1))
        blended[part] = blended[part].lerp(every[second[part]], weight)
    return blended
