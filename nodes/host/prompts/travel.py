"""Prompt travel as the host's CONDITIONING: one row for each frame of the clip."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ....motion.prompts import Travel

POOLED = "pooled_output"
SMALL, LARGE = "l", "g"
"""SDXL's text encoders, as the host names them in what it tokenizes."""
SMALL_WIDTH = 768
"""Numbers of a token in CLIP-L (arXiv 2103.00020), the first of SDXL's 2048."""
LONGEST = 4
"""How many times as long as the longest prompt all of them may become to have one length."""
AT_ONCE = 64
"""Frames to blend together, so that little more than the result is held."""


class TravelError(ValueError):
    """Prompts cannot be encoded."""


def encode(
    clip: Any, travels: Sequence[Travel], progress: Callable[[int, int], None], small: Sequence[Travel] = ()
) -> list[list[list[Any]]]:
    """Encode every distinct prompt once and blend them for each frame.

    Args:
        clip: the host's CLIP.
        travels: what is to be seen, what is not to be seen, each of the same clip.
        progress: told of the prompts done and all prompts.
        small: for each of the travels the prompts of SDXL's small text encoder, none if they are the same.

    Returns:
        For each of the travels a CONDITIONING whose tensors have as many rows as the clip has frames, which is how the
        host tells that they belong to frames. It has several entries if LoRA hooks on the CLIP change over the
        sampling.

    Raises:
        TravelError: there is no CLIP, or it has no small text encoder beside another.
    """
    if clip is None:
        raise TravelError(
            "There is no text encoder: the checkpoint that clip comes from has none. Load one with Load CLIP."
        )
    texts = dict.fromkeys(text for travel in (*travels, *small) for text in travel.prompts)
    encoded: dict[str, list[Any]] = {}
    for done, text in enumerate(texts, start=1):
        tokens = clip.tokenize(text)
        if small and not {SMALL, LARGE} <= tokens.keys():
            raise TravelError(
                "prompts_l is for SDXL, which has a small text encoder (CLIP-L) beside a large one; the model that "
                "clip comes from has one alone. Leave prompts_l empty."
            )
        encoded[text] = clip.encode_from_tokens_scheduled(tokens, show_pbar=False)
        progress(done, len(texts))
    entries = []
    for number, travel in enumerate(travels):
        prompts = zip(*(encoded[text] for text in travel.prompts), strict=True)
        if not small:
            entries.append([_entry(each, travel) for each in prompts])
            continue
        others = zip(*(encoded[text] for text in small[number].prompts), strict=True)
        pairs = zip(prompts, others, strict=True)
        entries.append([_entry_of_two(large, travel, each, small[number]) for large, each in pairs])
    return entries


def _entry(prompts: Sequence[list[Any]], travel: Travel) -> list[Any]:
    """One [cond, options] of each prompt as one for all frames; options other than the pooled text are the same."""
    options = dict(prompts[0][1])
    pooled = [each[POOLED] for _, each in prompts if each.get(POOLED) is not None]
    if len(pooled) == len(prompts):
        options[POOLED] = blended(pooled, travel)
    return [blended(same_length([cond for cond, _ in prompts]), travel), options]


def _entry_of_two(
    large: Sequence[list[Any]], travel: Travel, small: Sequence[list[Any]], small_travel: Travel
) -> list[Any]:
    """One [cond, options] of the prompts of both text encoders, whose widths stand side by side."""
    conds = same_length([cond for cond, _ in (*large, *small)])
    both = (conds[len(large) :], small_travel), (conds[: len(large)], travel)
    left, right = (blended(each, of) for each, of in both)
    return [torch.cat((left[..., :SMALL_WIDTH], right[..., SMALL_WIDTH:]), dim=-1), _entry(large, travel)[1]]


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
