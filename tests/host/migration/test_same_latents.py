"""The commonest workflows of other packs give the latents they gave: what AnimateDiff's paper and its code compute.

Each old prompt is migrated and sampled; its first prediction is compared with a plain implementation that is told in
plain numbers what the old nodes meant: which frames are together, what a strength multiplies, which noise levels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folder_paths
import pytest
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module
from tests.harness.seeded.layouts_lora import motion_lora
from tests.papers.error import relative_error

from ..models import CHANNELS, VERSIONS, Patcher, tiny_model
from .executed import Execution, Prompt, migrated, node
from .meanings import CFG, LINEAR, SEED, SQRT_LINEAR, Meaning, predicted, span

FILES = {"v1": "mm_sd_v15.safetensors", "v2": "mm_sd_v15_v2.safetensors", "v3": "v3_sd15_mm.safetensors"}
LORA = "v2_lora_ZoomIn.safetensors"


def whole(loading: Prompt, model: str = "10", frames: int = 6, checkpoint: Any = None) -> Prompt:
    """A workflow around what makes its model."""
    return {
        "1": checkpoint or node("CheckpointLoaderSimple", ckpt_name="any.safetensors"),
        "2": node("CLIPTextEncode", text="good", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="bad", clip=["1", 1]),
        "4": node("EmptyLatentImage", width=64, height=64, batch_size=frames),
        "5": node("KSampler", model=[model, 0], latent_image=["4", 0], **SAMPLER),
        **loading,
    }


SAMPLER: dict[str, Any] = {
    "positive": ["2", 0],
    "negative": ["3", 0],
    "seed": SEED,
    "steps": 1,
    "cfg": CFG,
    "sampler_name": "euler",
    "scheduler": "normal",
    "denoise": 1.0,
}
WINDOW: dict[str, Any] = {"context_length": 16, "context_overlap": 4}
AUTO = {"beta_schedule": "autoselect"}
USUAL = {"beta_schedule": "sqrt_linear (AnimateDiff)"}
MODEL: dict[str, Any] = {"model": ["1", 0]}


def generation_2(version: str = "v2", schedule: dict[str, Any] = AUTO, **more: Any) -> Prompt:
    """Load, apply and use; ``more`` goes to the node that has such an input."""
    outer = {name: value for name, value in more.items() if name in ("context_options", "sample_settings")}
    inner = {name: value for name, value in more.items() if name not in outer}
    return {
        "10": node("ADE_UseEvolvedSampling", **MODEL, m_models=["11", 0], **schedule, **outer),
        "11": node("ADE_ApplyAnimateDiffModelSimple", motion_model=["12", 0], **inner),
        "12": node("ADE_LoadAnimateDiffModel", model_name=FILES[version]),
    }


def legacy(version: str = "v2", **more: Any) -> Prompt:
    """The loader of two thirds of all workflows."""
    return {"10": node("ADE_AnimateDiffLoaderWithContext", **MODEL, model_name=FILES[version], **USUAL, **more)}


V2_POOLED = "apply_v2_models_properly was off"
TWO = [span(0, 16), span(8, 24)]
LOOPED = [span(0, 16), span(12, 28)]
CASES: dict[str, tuple[Prompt, Meaning]] = {
    "first loader, five widgets of context": (
        whole(
            {
                **legacy(context_options=["20", 0]),
                "20": node(
                    "ADE_AnimateDiffUniformContextOptions",
                    **WINDOW,
                    context_stride=1,
                    context_schedule="uniform",
                    closed_loop=False,
                ),
            },
            frames=24,
        ),
        Meaning(24, windows=LOOPED, notes=[V2_POOLED]),
    ),
    "first loader, motion scale": (
        whole(legacy("v3", motion_scale=1.2, apply_v2_models_properly=False)),
        Meaning(version="v3", scale=1.2),
    ),
    "generation 1, static windows": (
        whole(
            {
                "10": node(
                    "ADE_AnimateDiffLoaderGen1",
                    **MODEL,
                    model_name=FILES["v3"],
                    **AUTO,
                    context_options=["20", 0],
                ),
                "20": node("ADE_StandardStaticContextOptions", **WINDOW, fuse_method="pyramid"),
            },
            frames=24,
        ),
        Meaning(24, "v3", windows=TWO, pyramid=True),
    ),
    "generation 2, multival": (
        whole({**generation_2(scale_multival=["20", 0]), "20": node("ADE_MultivalDynamic", float_val=1.1)}),
        Meaning(scale=1.1),
    ),
    "generation 2, effect": (
        whole({**generation_2(effect_multival=["20", 0]), "20": node("ADE_MultivalDynamic", float_val=0.6)}),
        Meaning(effect=0.6),
    ),
    "generation 2, closed loop": (
        whole(
            {
                **generation_2("v3", context_options=["20", 0]),
                "20": node(
                    "ADE_LoopedUniformContextOptions",
                    **WINDOW,
                    context_stride=1,
                    closed_loop=True,
                    fuse_method="pyramid",
                ),
            },
            frames=24,
        ),
        Meaning(24, "v3", windows=LOOPED, pyramid=True, notes=["closed_loop joins the ends"]),
    ),
    "noise select": (
        whole(
            {"10": node("ADE_AnimateDiffLoaderGen1", **MODEL, model_name=FILES["v2"], beta_schedule="use existing")},
            checkpoint=node(
                "CheckpointLoaderSimpleWithNoiseSelect",
                ckpt_name="any.safetensors",
                beta_schedule="sqrt_linear (AnimateDiff)",
            ),
        ),
        Meaning(),
    ),
    "stable diffusion's own schedule": (
        whole(generation_2(schedule={"beta_schedule": "linear (HotshotXL/default)"})),
        Meaning(sigma=LINEAR),
    ),
    "camera LoRA": (
        whole(
            {
                **legacy(motion_lora=["20", 0], apply_v2_models_properly=True),
                "20": node("ADE_AnimateDiffLoRALoader", name=LORA, strength=0.8),
            }
        ),
        Meaning(lora=0.8),
    ),
    "LCM": (
        whole(generation_2(schedule={"beta_schedule": "lcm >> sqrt_linear"})),
        Meaning(lcm=True),
    ),
    "LCM between": (
        whole(generation_2(schedule={"beta_schedule": "lcm avg(sqrt_linear,linear)"})),
        Meaning(lcm=True, sigma=(SQRT_LINEAR + LINEAR) / 2),
    ),
    "FreeNoise in uniform windows": (
        whole(
            {
                **generation_2(context_options=["20", 0], sample_settings=["21", 0]),
                "20": node("ADE_StandardUniformContextOptions", **WINDOW, context_stride=1, fuse_method="pyramid"),
                "21": node(
                    "ADE_AnimateDiffSamplingSettings",
                    batch_offset=0,
                    noise_type="FreeNoise",
                    seed_gen="comfy",
                    seed_offset=0,
                ),
            },
            frames=24,
        ),
        Meaning(24, windows=TWO, pyramid=True, freenoise=True),
    ),
    "ArtVentureX, more frames than a window": (
        {
            **whole({}, frames=24),
            "5": node(
                "AnimateDiffSampler",
                **{**MODEL, **SAMPLER, "motion_module": ["6", 0], "frame_number": 24, "latent_image": ["4", 0]},
            ),
            "6": node("AnimateDiffModuleLoader", model_name=FILES["v2"]),
        },
        Meaning(24, windows=LOOPED),
    ),
    "v1": (
        whole(generation_2("v1")),
        Meaning(version="v1", notes=["This motion module: only those group norms"]),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Motion modules and a LoRA under their published names, where nodes look for them."""
    folder = tmp_path_factory.mktemp("named")
    for version, name in FILES.items():
        save_file(motion_module(CHANNELS, **VERSIONS[version]), folder / name)
    save_file(motion_lora(CHANNELS, rank=8), folder / LORA)
    kinds = ("animatediff_models", "animatediff_motion_lora")
    known = {kind: folder_paths.folder_names_and_paths.get(kind) for kind in kinds}
    for kind in kinds:
        before, extensions = known[kind] or ([], set(folder_paths.supported_pt_extensions))
        folder_paths.folder_names_and_paths[kind] = ([str(folder), *before], extensions)
    yield folder
    for kind, entry in known.items():
        if entry is None:
            del folder_paths.folder_names_and_paths[kind]
        else:
            folder_paths.folder_names_and_paths[kind] = entry


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.mark.parametrize("name", CASES)
def test_latents_are_those_of_the_old_workflow(model: Patcher, name: str) -> None:
    prompt, meaning = CASES[name]
    now, notes = migrated(prompt)
    assert [[note for note in notes if note.startswith(begin)] for begin in meaning.notes] == [[note] for note in notes]
    assert relative_error(Execution(now, model).predicted(), predicted(meaning)) <= 1e-4


@pytest.mark.parametrize(
    "other",
    [Meaning(version="v3"), Meaning(scale=1.05), Meaning(effect=0.95), Meaning(lora=0.05), Meaning(sigma=LINEAR)],
)
def test_another_meaning_would_show(other: Meaning) -> None:
    assert relative_error(predicted(other), predicted(Meaning())) > 1e-3
