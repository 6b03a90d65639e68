"""A motion model: one temporal transformer for each site of a UNet, built from what a file contains."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..formats import LATENT, LCM_PICTURE, PIA, SHARED_TABLE, Block, Format, Recognised, check_finite
from .lcm import PictureEncoder
from .pia import PictureInput
from .transformer import TemporalTransformer, sinusoidal_positions


class MotionModel(nn.Module):
    """The temporal layers of one motion file. It knows frames and UNet blocks, not the UNet itself."""

    def __init__(
        self, recognised: Recognised, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        self.format: Format = recognised.format
        self.max_frames = recognised.max_frames
        self.about = recognised.describe()
        self.left_out = recognised.left_out
        self.dtype = dtype
        self.channels = {site.block: width for site, width in recognised.structure.channels.items()}
        self.sites = nn.ModuleDict(
            {
                _name(block): TemporalTransformer(
                    width,
                    self.max_frames,
                    recognised.structure.attentions,
                    operations=operations,
                    dtype=dtype,
                    device=device,
                )
                for block, width in self.channels.items()
            }
        )
        build = PICTURE_LAYERS.get(recognised.structure.picture)
        self.picture_layers: Any = build and build(
            recognised.structure.widths, operations=operations, dtype=dtype, device=device
        )
        """What reads the picture it animates, None if it animates none."""

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def at(self, block: Block) -> TemporalTransformer | None:
        """The temporal transformer of a UNet block, None where the model has none."""
        return self.sites[_name(block)] if block in self.channels else None  # type: ignore[return-value]


PICTURE_LAYERS: Mapping[str, Callable[..., nn.Module]] = {
    PIA: lambda widths, **held: PictureInput(widths[0], **held),
    LCM_PICTURE: PictureEncoder,
}
"""What reads a picture, by the name `layouts` gives its kind."""


def _name(block: Block) -> str:
    return f"{block[0]}_{block[1]}"


def canonical_state(tensors: Mapping[str, Tensor], recognised: Recognised, file: str) -> dict[str, Tensor]:
    """The file's tensors under the names of `MotionModel`, query, key and value stack_rows into one product.

    All others share their memory with ``tensors``.

    Raises:
        WeightFileError: a weight is NaN or infinite.
    """
    state: dict[str, Tensor] = {}
    stacks: dict[str, dict[str, Tensor]] = {}
    for key, (site, leaf) in recognised.keys.items():
        tensor = tensors[key]
        check_finite(key, tensor, file)
        name = f"sites.{_name(site.block)}.{leaf}"
        head, dot, part = name.rpartition(".to_")
        if dot and part in ("q.weight", "k.weight", "v.weight"):
            stacks.setdefault(f"{head}.to_qkv.weight", {})[part[0]] = tensor
        else:
            state[name] = tensor[0] if leaf.endswith("table") and tensor.ndim == 3 else tensor
    for name, parts in stacks.items():
        state[name] = stack_rows([parts[letter] for letter in "qkv"])
    for site, width in recognised.structure.channels.items():
        prefix = f"sites.{_name(site.block)}"
        shared = state.pop(f"{prefix}.{SHARED_TABLE}", None)
        for n in range(recognised.structure.attentions):
            table = f"{prefix}.attentions.{n}.{SHARED_TABLE}"
            if shared is not None:
                state[table] = shared.clone()
            elif table not in state:
                state[table] = sinusoidal_positions(recognised.max_frames, width)
    return state | _picture_state(tensors, recognised, file)


def stack_rows(parts: Sequence[Tensor]) -> Tensor:
    """Weights below one another, in their own dtype if they agree in it; torch mixes only some of them."""
    alike = len({part.dtype for part in parts}) == 1
    return torch.cat(list(parts) if alike else [part.float() for part in parts])


def _picture_state(tensors: Mapping[str, Tensor], recognised: Recognised, file: str) -> dict[str, Tensor]:
    """The same for the layers that read a picture, if there are any."""
    state: dict[str, Tensor] = {}
    for key, name in recognised.picture_keys.items():
        check_finite(key, tensors[key], file)
        if recognised.structure.picture == LCM_PICTURE:
            state[f"picture_layers.{name}"] = tensors[key]
        elif name == "conv_in.weight":
            state["picture_layers.latent.weight"] = tensors[key][:, :LATENT].contiguous()
            state["picture_layers.conv.weight"] = tensors[key][:, LATENT:].contiguous()
        else:
            state["picture_layers.latent.bias"] = tensors[key]
    return state


def load_motion_model(
    tensors: Mapping[str, Tensor],
    recognised: Recognised,
    file: str,
    operations: Any = nn,
    dtype: torch.dtype | None = None,
    device: Any = None,
) -> MotionModel:
    """Build the model of a recognised file around its weights.

    Nothing is copied where dtype and device agree, except query, key and value, which become one product; so the
    weights of a memory-mapped file stay in the file, and memory holds what is in use.

    Args:
        dtype, device: of the weights; torch's defaults if None.

    Raises:
        WeightFileError: a weight is NaN or infinite.
    """
    rest, held = torch.device(device or "cpu"), dtype or torch.get_default_dtype()
    model = MotionModel(recognised, operations, dtype, torch.device("meta")).requires_grad_(False)
    state = canonical_state(tensors, recognised, file)
    model.load_state_dict({name: value.to(rest, held) for name, value in state.items()}, assign=True)
    return model.eval()
