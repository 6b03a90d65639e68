"""The host's nodes that take a model and give one: what each needs to be put on an SD1.5 model, and what it is else."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..models import Patcher, conds


class Put(NamedTuple):
    """A node of the host on an SD1.5 model."""

    module: str
    arguments: Callable[[], tuple[Any, ...]] = tuple
    options: Mapping[str, Any] = {}
    """What the sampling needs for the node to act."""
    random: bool = False
    """It draws other numbers in every call of the model."""
    acts: bool = True
    """Whether it changes anything on this model."""


LARGE = {"size": 12}
"""What some need to act on anything: latents of so many pixels."""


def sharpening() -> tuple[Any, ...]:
    """What *Latent Apply Operation CFG* does with the guidance."""
    import comfy_extras.nodes_post_processing  # noqa: F401 - the host's nodes_latent can only be imported after it
    from comfy_extras.nodes_latent import LatentOperationSharpen

    return (LatentOperationSharpen.execute(3, 1.0, 0.5).result[0],)


PUT: dict[str, Put] = {
    "APG": Put("nodes_apg", lambda: (0.5, 5.0, 0.3)),
    "CFGNorm": Put("nodes_cfg", lambda: (0.8, True)),
    "CFGOverride": Put("nodes_custom_sampler", lambda: (2.0, 0.0, 0.6)),
    "CFGZeroStar": Put("nodes_cfg"),
    "EpsilonScaling": Put("nodes_eps", lambda: (1.05,)),
    "FreSca": Put("nodes_fresca", lambda: (1.0, 1.25, 3), {"size": 8}),
    "FreeU": Put("nodes_freelunch", lambda: (1.3, 1.4, 0.9, 0.2), LARGE),
    "FreeU_V2": Put("nodes_freelunch", lambda: (1.3, 1.4, 0.9, 0.2), LARGE),
    "HyperTile": Put("nodes_hypertile", lambda: (32, 1, 0, False), {"size": 8}),
    "LatentApplyOperationCFG": Put("nodes_latent", sharpening),
    "LazyCacheNode": Put("nodes_easycache", lambda: (3.0, 0.0, 1.0, False), {"steps": 4}),
    "Mahiro": Put("nodes_mahiro"),
    "NAGuidance": Put("nodes_nag", lambda: (5.0, 0.5, 1.5)),
    "PatchModelAddDownscale": Put("nodes_model_downscale", lambda: (3, 2.0, 0.0, 0.8, True, "bicubic", "bicubic")),
    "PerpNeg": Put("nodes_perpneg", lambda: ([[conds()[1][0][0] * 0.3, {}]], 1.0)),
    "PerturbedAttentionGuidance": Put("nodes_pag", lambda: (3.0,), LARGE),
    "RescaleCFG": Put("nodes_model_advanced", lambda: (0.7,)),
    "SelfAttentionGuidance": Put("nodes_sag", lambda: (0.5, 2.0), LARGE),
    "SkipLayerGuidanceDiT": Put("nodes_slg", lambda: (3.0, 0.0, 1.0, "7", "7", 0.5)),
    "SkipLayerGuidanceDiTSimple": Put("nodes_slg", lambda: (0.0, 1.0, "7", "7"), acts=False),
    "SkipLayerGuidanceSD3": Put("nodes_sd3", lambda: ("7", 3.0, 0.0, 1.0), acts=False),
    "TCFG": Put("nodes_tcfg"),
    "TomePatchModel": Put("nodes_tomesd", lambda: (0.5,), random=True),
    "UNetSelfAttentionMultiply": Put("nodes_attention_multiply", lambda: (1.0, 1.2, 1.0, 1.1)),
    "VideoLinearCFGGuidance": Put("nodes_video_model", lambda: (1.0,)),
    "VideoTriangleCFGGuidance": Put("nodes_video_model", lambda: (1.0,)),
}
"""Give a clip in windows what they give it whole, as far as nothing moves."""
WINDOWED = {"EasyCacheNode": "each window has a cache of its own"}
REFUSED = {
    "TemporalScoreRescaling": Put("nodes_eps", lambda: (0.9, 1.0)),
    "RenormCFG": Put("nodes_lumina2", lambda: (100, 1.0)),
}
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "change weights": (
        "LoraLoader", "LoraLoaderModelOnly", "LoraLoaderBypass", "LoraLoaderBypassModelOnly", "LoraModelLoader",
        "ModelMergeSimple", "ModelSubtract", "ModelAdd", "ModelMergeBlocks", "UNetCrossAttentionMultiply",
        "UNetTemporalAttentionMultiply",
    ),
    "set a noise schedule, a number type or a device": (
        "ModelSamplingDiscrete", "ModelSamplingStableCascade", "ModelSamplingSD3", "ModelSamplingAuraFlow",
        "ModelSamplingFlux", "ModelSamplingContinuousEDM", "ModelSamplingContinuousV", "ModelSamplingLTXV",
        "ModelNoiseScale", "ModelComputeDtype", "MiniMaxH3SigmaShift", "MultiGPUCFGSplitNode", "SelectModelDeviceNode",
    ),
    "are windows themselves": ("ContextWindowsManualNode", "WanContextWindowsManualNode", "LTXVContextWindowsNode"),
    "do nothing": ("wanBlockSwap",),
    "act on the mask of a sampling": ("DifferentialDiffusion",),
    "patch each attention on its own, or compile": ("HypernetworkLoader", "TorchCompileModel"),
    "are for other models": (
        "ARVideoI2V", "AnimaLLLiteApply", "ChromaRadianceOptions", "FluxKVCache", "HiDreamO1PatchSeamSmoothing",
        "LTXVReferenceAudio", "QwenImageDiffsynthControlnet", "SUPIRApply", "ScaleROPE", "TripoSplatSamplingPreview",
        "USOStyleReference", "WanInfiniteTalkToVideo", "WanUni3CControlnetApply", "ZImageFunControlnet",
    ),
}  # fmt: skip
"""Nodes that no test of windows runs, by the reason."""


def put(name: str, model: Patcher, node: Put | None = None) -> Patcher:
    """Run a node of the host on a model, whichever way it is written."""
    node = node or PUT[name]
    arguments = (model, *node.arguments())
    found = getattr(__import__(f"comfy_extras.{node.module}", fromlist=[name]), name)
    result = found.execute(*arguments) if hasattr(found, "execute") else getattr(found(), found.FUNCTION)(*arguments)
    return getattr(result, "result", result)[0]


def model_nodes(host: Path) -> Iterator[str]:
    """Classes of nodes that take a model and give one, read without importing them."""
    for path in [host / "nodes.py", *sorted((host / "comfy_extras").glob("nodes_*.py"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
        yield from (name for name, each in classes.items() if _is_model_node(each, classes))


def _is_model_node(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    text = ast.unparse(node)
    gives = "".join(ast.unparse(each) for each in node.body if isinstance(each, ast.Assign))
    takes = "".join(ast.unparse(each) for each in node.body if isinstance(each, ast.FunctionDef))
    old = "RETURN_TYPES = ('MODEL'" in gives and "('MODEL'," in takes
    bases = [classes[each.id] for each in node.bases if isinstance(each, ast.Name) and each.id in classes]
    new = "Model.Input(" in text and "Model.Output(" in text
    return old or new or any(_is_model_node(each, classes) for each in bases)
