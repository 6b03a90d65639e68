"""Files of a release of Animate Anyone that are learnt: as networks, and as files again that hold as much as before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import comfy.utils
import torch
from torch import Tensor, nn

from ....motion.character import (
    REFERENCE,
    Guider,
    UnetFile,
    fresh_guider,
    load_guider,
    read_guider,
    recognise_unet,
)
from ....motion.formats import is_bookkeeping, read_weights, shapes_of, wrapper
from ..character import GuiderWeights, ReferenceNet, ReferenceWeights

OUTPUT = ("conv_norm_out.", "conv_out.")
"""Layers of a UNet that a ReferenceNet has not."""


@dataclass(frozen=True)
class StoredReference:
    """The tensors of a ReferenceNet as diffusers spells them, with those that nothing reads."""

    unet: UnetFile
    tensors: Mapping[str, Tensor]

    @classmethod
    def of(cls, loaded: ReferenceWeights) -> "StoredReference":
        """Those of a file that was loaded."""
        stored = _plain(loaded.path)
        unet = recognise_unet(shapes_of(stored), loaded.file, REFERENCE)
        return cls(unet, stored)

    @classmethod
    def begun(cls, own: Mapping[str, Tensor], spelled: Mapping[str, str]) -> "StoredReference":
        """From an image model, whose weights the authors begin with."""
        stored = {name: own[key].to("cpu", copy=True) for name, key in spelled.items() if not name.startswith(OUTPUT)}
        return cls(recognise_unet(shapes_of(stored), "the model", REFERENCE), stored)

    def network(self, dtype: torch.dtype, device: torch.device) -> ReferenceNet:
        """A ReferenceNet of copies, which nobody else has."""
        net = ReferenceNet(self.unet, dtype, torch.device("meta")).requires_grad_(False)
        state = {name: self.tensors[key].detach().to(device, dtype).clone() for key, name in self.unet.names.items()}
        net.load_state_dict(state, assign=True)
        return net.requires_grad_(False).eval()

    def file(self, learnt: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same file with what was learnt in it, by the names of the network."""
        new = {key: learnt[name] for key, name in self.unet.names.items() if name in learnt}
        return {key: new.get(key, tensor.float()) for key, tensor in self.tensors.items()}


@dataclass(frozen=True)
class StoredGuider:
    """The tensors of a guider by the keys of its file, with those that nothing reads."""

    tensors: Mapping[str, Tensor]
    name: str

    @classmethod
    def of(cls, loaded: GuiderWeights) -> "StoredGuider":
        """Those of a file that was loaded."""
        return cls(_plain(loaded.path), loaded.file)

    @classmethod
    def begun(cls, seed: int) -> "StoredGuider":
        """The paper's, which changes nothing yet."""
        return cls({name: weight.detach() for name, weight in fresh_guider(seed).state_dict().items()}, "a new guider")

    def network(self, dtype: torch.dtype, device: torch.device) -> Guider:
        """A guider of copies, which nobody else has."""
        recognised, state = read_guider(self.tensors, self.name)
        copies = {name: tensor.clone() for name, tensor in state.items()}
        return load_guider(recognised, copies, nn, dtype, device)

    def file(self, learnt: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same file with what was learnt in it, by the names of the network."""
        recognised, _ = read_guider(self.tensors, self.name)
        return {**self.tensors, **{key: learnt[name] for key, name in recognised.keys.items()}}


def _plain(path: str) -> dict[str, Tensor]:
    """The tensors of a file, without what some programs write before all keys."""
    stored = {key: tensor for key, tensor in read_weights(path).items() if not is_bookkeeping(key)}
    prefix = wrapper(list(stored))
    return {key.removeprefix(prefix): tensor for key, tensor in stored.items()}


def spelled_names(config: Mapping[str, Any], unet: nn.Module) -> dict[str, str]:
    """The names that diffusers has for the tensors of a UNet, to the host's."""
    own = unet.state_dict().keys()
    return {name: key for name, key in comfy.utils.unet_to_diffusers(config).items() if key in own}
