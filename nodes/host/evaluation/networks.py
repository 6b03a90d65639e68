"""LPIPS and FVD from files in models/evaluation."""

import importlib.util
import os
from collections.abc import Mapping

import comfy.model_management as management
from torch import Tensor

from ....motion.evaluation import BACKBONES, EvaluationError, Network, Perceptual, backbone_of, load_network
from ....motion.evaluation import read_perceptual as read
from ....motion.formats import read_weights
from .. import folders

FOLDER = folders.EVALUATION
NONE, TORCHMETRICS = "none", "torchmetrics"
HEADS = ("functional", "image", "lpips_models")
WHERE: Mapping[str, str] = {
    "lpips": "LPIPS needs vgg16-397923af.pth or alexnet-owt-7be5be79.pth, from download.pytorch.org/models",
    "lpips_heads": "LPIPS needs its heads, vgg.pth or alex.pth, from the lpips package",
    "fvd": "FVD needs i3d_torchscript.pt, the I3D of the fvd-comparison repository",
}
"""What goes into the folder."""


def file_names() -> list[str]:
    """What can be chosen."""
    return folders.model_names(FOLDER)


def file_problem(name: str, file: str | None) -> str | None:
    """What is wrong with the choice of a file, None if nothing is.

    Args:
        name: of the input.
    """
    if file is None or file in (NONE, TORCHMETRICS) or folders.model_path(FOLDER, file) is not None:
        return None
    return f"{name} is {file}, which is not there. {missing(name)} Refresh the node list (R) then."


def heads_problem(lpips: str | None, heads: str | None) -> str | None:
    """What is wrong with LPIPS heads that come from torchmetrics, None if nothing is."""
    if lpips in (None, NONE) or heads != TORCHMETRICS or heads_folder() is not None:
        return None
    return (
        "lpips_heads is torchmetrics, which is not installed. Install it with ComfyUI's Python: pip install "
        f"torchmetrics. Or: {missing('lpips_heads')}"
    )


def missing(name: str) -> str:
    """What to get for an input, and where it goes."""
    return f"{WHERE[name]}; put it into {folders.model_folder(FOLDER)}."


def heads_folder() -> str | None:
    """Where torchmetrics keeps the heads of LPIPS, None if it is not installed; it is not imported."""
    found = importlib.util.find_spec(TORCHMETRICS)
    if found is None or not found.submodule_search_locations:
        return None
    folder = os.path.join(found.submodule_search_locations[0], *HEADS)
    return folder if all(os.path.isfile(os.path.join(folder, f"{title}.pth")) for title in BACKBONES) else None


def read_perceptual(lpips: str, heads: str) -> Perceptual:
    """LPIPS, on the device that ComfyUI computes on.

    Raises:
        EvaluationError: files that do not belong together, or heads that are not there.
    """
    state = read_weights(folders.existing_path(FOLDER, lpips, "network of LPIPS"))
    title = backbone_of(state, lpips)
    weights, name = _heads(title, heads)
    return read(state, lpips, weights, name).to(management.get_torch_device())


def _heads(title: str, heads: str) -> tuple[Mapping[str, Tensor], str]:
    if heads != TORCHMETRICS:
        return read_weights(folders.existing_path(FOLDER, heads, "file of LPIPS heads")), heads
    folder = heads_folder()
    if folder is None:
        raise EvaluationError(str(heads_problem(title, heads)))
    return read_weights(os.path.join(folder, f"{title}.pth")), f"torchmetrics' {title}.pth"


def read_network(file: str) -> Network:
    """The network of FVD, on the device that ComfyUI computes on."""
    return load_network(folders.existing_path(FOLDER, file, "network of FVD"), management.get_torch_device())
