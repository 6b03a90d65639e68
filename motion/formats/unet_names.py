"""Names of an SD1.5 UNet's tensors: those of diffusers to those of the original layout, which ComfyUI uses.

Every UNet that was trained with diffusers spells its layers as ``down_blocks.0.resnets.1.conv1``. In the original
layout (``input_blocks.2.0.in_layers.2``) blocks are counted through: a level has two ResBlocks, each with a transformer
on the upper three levels, and a downsampler; on the way up three, and an upsampler.
"""

import re
from collections.abc import Callable, Mapping

from .file_kind import shown
from .sites import NUMBER

_PARAMETER = r"(?P<parameter>weight|bias)"
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_TRANSFORMER = (
    r"(?:(?:norm|proj_in|proj_out)\.(?:weight|bias)"
    rf"|transformer_blocks\.{NUMBER}\.(?:norm[123]\.(?:weight|bias)|ff\.net\.(?:0\.proj|2)\.(?:weight|bias)"
    r"|attn[12]\.(?:to_[qkv]\.weight|to_out\.0\.(?:weight|bias))))"
)


def _layers(resnets: str, attentions: str) -> str:
    """Layers of a level by their numbers; one more than it has would take the name of one in the next level."""
    return (
        rf"(?:resnets\.(?P<resnet>[{resnets}])\.(?P<part>{'|'.join(_RESNET)})\.{_PARAMETER}"
        rf"|attentions\.(?P<attention>[{attentions}])\.(?P<leaf>{_TRANSFORMER}))"
    )


def unet_name(key: str) -> str | None:
    """The name of an image layer in the original layout, None if no UNet has a tensor of that name."""
    for pattern, name in _NAMES:
        match = pattern.fullmatch(key)
        if match is not None:
            return match.expand(name) if isinstance(name, str) else name(match)
    return None


def _down(match: re.Match[str]) -> str:
    return f"input_blocks.{1 + 3 * int(match['level']) + _number(match)}.{_layer(match)}"


def _up(match: re.Match[str]) -> str:
    return f"output_blocks.{3 * int(match['level']) + _number(match)}.{_layer(match)}"


def _middle(match: re.Match[str]) -> str:
    # a transformer between two ResBlocks, each a block of its own here
    place = 1 if match["resnet"] is None else 2 * _number(match)
    return f"middle_block.{place}.{_layer(match).partition('.')[2]}"


def _number(match: re.Match[str]) -> int:
    return int(match["attention"] if match["resnet"] is None else match["resnet"])


def _layer(match: re.Match[str]) -> str:
    """A layer within its block: the ResBlock comes first, the transformer, whose inner names are the same, second."""
    if match["resnet"] is None:
        return f"1.{match['leaf']}"
    return f"0.{_RESNET[match['part']]}.{match['parameter']}"


def _downsampler(match: re.Match[str]) -> str:
    return f"input_blocks.{3 + 3 * int(match['level'])}.0.op.{match['parameter']}"


def _upsampler(match: re.Match[str]) -> str:
    # the lowest level has no transformers between its ResBlocks and the upsampler
    level = int(match["level"])
    return f"output_blocks.{3 * level + 2}.{1 if level == 0 else 2}.conv.{match['parameter']}"


_LEVEL = rf"(?P<level>{NUMBER})"
_NAMES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"conv_in\.{_PARAMETER}"), r"input_blocks.0.0.\g<parameter>"),
    (re.compile(rf"time_embedding\.linear_1\.{_PARAMETER}"), r"time_embed.0.\g<parameter>"),
    (re.compile(rf"time_embedding\.linear_2\.{_PARAMETER}"), r"time_embed.2.\g<parameter>"),
    (re.compile(rf"down_blocks\.{_LEVEL}\.{_layers('01', '01')}"), _down),
    (re.compile(rf"down_blocks\.{_LEVEL}\.downsamplers\.0\.conv\.{_PARAMETER}"), _downsampler),
    (re.compile(rf"mid_block\.{_layers('01', '0')}"), _middle),
    (re.compile(rf"up_blocks\.{_LEVEL}\.{_layers('012', '012')}"), _up),
    (re.compile(rf"up_blocks\.{_LEVEL}\.upsamplers\.0\.conv\.{_PARAMETER}"), _upsampler),
    (re.compile(rf"conv_norm_out\.{_PARAMETER}"), r"out.0.\g<parameter>"),
    (re.compile(rf"conv_out\.{_PARAMETER}"), r"out.2.\g<parameter>"),
)


def layer_problem(has: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> str | None:
    """What is wrong with the layers of a file, as the rest of a sentence, None if nothing is.

    Args:
        has: shape of each of its tensors.
        wanted: shapes of the network that is built for it.
    """
    missing, extra = sorted(wanted.keys() - has.keys()), sorted(has.keys() - wanted.keys())
    wrong = sorted(name for name in has.keys() & wanted.keys() if tuple(has[name]) != tuple(wanted[name]))
    problems = (("are missing", missing), ("have no place in it", extra), ("have unexpected shapes", wrong))
    for problem, names in problems:
        if names:
            return f"{len(names)} of its tensors {problem}, such as {shown(names[0])}"
    return None
