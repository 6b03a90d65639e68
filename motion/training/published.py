"""What was learnt, in the layouts that AnimateDiff publishes its files in, so that every other program reads it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..disk import is_full, publish, settle, sweep, work_folder
from ..formats import SHARED_TABLE, Recognised, Site
from ..temporal import Target
from .errors import TrainingError

_FEED_FORWARD = {"ff_in": "ff.net.0.proj_lora", "ff_out": "ff.net.2_lora"}


def motion_lora_tensors(targets: Sequence[Target], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A MotionLoRA as v2_lora_ZoomIn.

    Args:
        weights: ``layers.N.down.weight`` and ``layers.N.up.weight`` of the N-th target.
    """
    tensors = {}
    for number, (site, leaf) in enumerate(targets):
        _, _, last = leaf.rpartition(".")
        if leaf in _FEED_FORWARD:
            place = f"transformer_blocks.0.{_FEED_FORWARD[leaf]}"
        else:
            place = f"transformer_blocks.0.attention_blocks.{leaf.split('.')[1]}.processor.{last}_lora"
        for part in ("down", "up"):
            key = f"{_module(site)}.temporal_transformer.{place}.{part}.weight"
            tensors[key] = weights[f"layers.{number}.{part}.weight"]
    return tensors


def image_lora_tensors(targets: Sequence[str], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A domain adapter as v3_sd15_adapter.

    Args:
        targets: names of weights as diffusers has them, ``down_blocks.0.attentions.0...attn1.to_out.0``.
        weights: as those of `motion_lora_tensors`.
    """
    tensors = {}
    for number, name in enumerate(targets):
        attention, _, last = name.removesuffix(".0").rpartition(".")
        for part in ("down", "up"):
            tensors[f"{attention}.processor.{last}_lora.{part}.weight"] = weights[f"layers.{number}.{part}.weight"]
    return tensors


def motion_module_tensors(recognised: Recognised, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A motion module under the keys of the file it began as.

    Args:
        state: of a `motion.temporal.MotionModel`.
    """
    tensors = {}
    for key, (site, leaf) in recognised.keys.items():
        prefix = f"sites.{site.block[0]}_{site.block[1]}."
        head, _, part = leaf.rpartition(".to_")
        if head and part in ("q.weight", "k.weight", "v.weight"):
            tensors[key] = state[f"{prefix}{head}.to_qkv.weight"].chunk(3)["qkv".index(part[0])].contiguous()
        elif leaf == SHARED_TABLE:
            tensors[key] = state[f"{prefix}attentions.0.{SHARED_TABLE}"]
        else:
            tensors[key] = state[prefix + leaf]
        if leaf.endswith("table"):
            tensors[key] = tensors[key][None]
    return tensors


def _module(site: Site) -> str:
    if site.side == "mid":
        return f"mid_block.motion_modules.{site.layer}"
    return f"{site.side}_blocks.{site.level}.motion_modules.{site.layer}"


def publish_weights(tensors: Mapping[str, Tensor], about: Mapping[str, object], names: Iterable[Path]) -> Path:
    """Save a file under the first name that is free; it is there whole or not at all.

    Args:
        about: told in its metadata.

    Raises:
        TrainingError: the disk is full or cannot be written.
    """
    paths = iter(names)
    first = next(paths)
    folder = first.parent
    told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        with work_folder(folder) as work:
            written = work / "weights.safetensors"
            save_file({key: each.detach().cpu().contiguous() for key, each in tensors.items()}, written, told)
            path = publish(written, _chained(first, paths))
        settle(folder)
    except (OSError, SafetensorError) as error:
        full = (isinstance(error, OSError) and is_full(error)) or "No space" in str(error)
        raise TrainingError(
            f"{first.name} cannot be saved in {folder} ({'the disk is full' if full else error}). What was learnt is "
            "in the last checkpoint: make room and queue the same settings again, which only saves it."
        ) from error
    return path


def _chained(first: Path, rest: Iterable[Path]) -> Iterable[Path]:
    yield first
    yield from rest
