"""The host's own nodes beside a character: patches before and behind Animate Character, guiders, conditionings."""

from collections.abc import Callable
from typing import Any

import comfy.ldm.modules.attention as attention
import comfy.sample
import comfy.samplers
import node_helpers
import pytest
import torch
from comfy_extras.nodes_custom_sampler import Guider_DualCFG
from comfy_extras.nodes_perpneg import Guider_PerpNeg
from kinema.motion.character import CharacterError
from kinema.nodes.host import character
from torch import Tensor

from tests.papers.error import relative_error

from ..models import Patcher
from ..models import conds as texts
from ..windows.host_patches import PUT, Put, put
from . import scene

FRAMES, SIZE = 2, 16
TIMES = [799]
DOWNSCALE = "PatchModelAddDownscale"
GUIDANCE = {
    "APG", "CFGNorm", "CFGOverride", "CFGZeroStar", "EpsilonScaling", "FreSca", "LatentApplyOperationCFG", "Mahiro",
    "RescaleCFG", "SkipLayerGuidanceDiTSimple", "SkipLayerGuidanceSD3", "TCFG", "VideoLinearCFGGuidance",
    "VideoTriangleCFGGuidance",
}  # fmt: skip
"""Change what is made of the model's answers, and nothing in the model."""
NODES = {
    **{name: node for name, node in PUT.items() if name not in GUIDANCE},
    "DifferentialDiffusion": Put("nodes_differential_diffusion", lambda: (0.5,)),
    "EasyCacheNode": Put("nodes_easycache", lambda: (0.01, 0.2, 1.0, False)),
    "ModelSamplingDiscrete": Put("nodes_model_advanced", lambda: ("v_prediction", True)),
    "UNetCrossAttentionMultiply": Put("nodes_attention_multiply", lambda: (1.0, 1.2, 1.0, 1.1)),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> character.AnimateAnyone:
    return scene.parts(tmp_path_factory.mktemp("character"))


@pytest.fixture(scope="module")
def model() -> Patcher:
    return scene.denoiser()


def moved(model: Patcher, loaded: character.AnimateAnyone, strength: float = 1.0, frames: int = FRAMES) -> Patcher:
    """With one picture and one guide."""
    pictures = [scene.referenced(loaded, scene.picture(size=8 * SIZE), strength)]
    return scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(frames, size=8 * SIZE))])


def run(model: Patcher, loaded: character.AnimateAnyone, frames: int = FRAMES, size: int = SIZE, **more: Any) -> Tensor:
    """A clip, from the conditioning of one picture."""
    torch.manual_seed(0)
    return scene.run(model, [scene.referenced(loaded, scene.picture())], frames, TIMES, size=size, **more)


@pytest.mark.parametrize("name", NODES)
def test_the_picture_is_seen_beside(loaded, model, name: str) -> None:
    """Before Animate Character and behind it."""
    behind, without = (run(put(name, moved(model, loaded, strength), NODES[name]), loaded) for strength in (1.0, 0.0))
    before = run(moved(put(name, model, NODES[name]), loaded), loaded)
    assert bool(before.isfinite().all() and behind.isfinite().all())
    assert relative_error(behind, without) > 1e-4
    assert relative_error(before, without) > 1e-4


@pytest.mark.parametrize("name", ["SelfAttentionGuidance", "PerpNeg"])
def test_what_a_node_asks_of_the_model_besides(loaded, model, name: str) -> None:
    """Of the negative conditioning or of one of its own, which the host then numbers 0: they do not look either."""
    seen, alone = (run(put(name, moved(model, loaded, strength)), loaded, cfg=0.0) for strength in (1.0, 0.0))
    assert torch.equal(seen, alone)


def perp_neg(model: Patcher, positive: Any, negative: Any) -> Any:
    guider = Guider_PerpNeg(model)
    guider.set_conds(positive, negative, texts()[1])
    guider.set_cfg(3.5, 1.0)
    return guider


def dual(model: Patcher, positive: Any, negative: Any) -> Any:
    guider = Guider_DualCFG(model)
    guider.set_conds(positive, texts()[0], negative)
    guider.set_cfg(3.0, 2.0)
    return guider


@pytest.mark.parametrize(
    ("guider", "looks"), [(perp_neg, [True, False, False]), (dual, [False, True, True])], ids=["perp-neg", "dual"]
)
def test_guiders_number_as_they_like(loaded, model, monkeypatch, guider: Callable[..., Any], looks: list[bool]) -> None:
    """Only what says what the clip shows looks at the picture, whatever its number in the guider."""
    calc = comfy.samplers.calc_cond_batch
    seen: list[list[Tensor]] = []

    def watched(*arguments: Any) -> list[Tensor]:
        answers = calc(*arguments)
        seen.append([answer.clone() for answer in answers])
        return answers

    monkeypatch.setattr(comfy.samplers, "calc_cond_batch", watched)
    conds = scene.conds([scene.referenced(loaded, scene.picture())])
    for strength in (1.0, 0.0):
        patched = moved(model, loaded, strength)
        levels = torch.cat([patched.get_model_object("model_sampling").sigmas[[999]], torch.zeros(1)])  # type: ignore[union-attr]
        with torch.inference_mode():
            guider(patched, *conds).sample(
                scene.noise(FRAMES, SIZE),
                torch.zeros(FRAMES, 4, SIZE, SIZE),
                comfy.samplers.sampler_object("euler"),
                levels,
                disable_pbar=True,
                seed=7,
            )
    assert [not torch.equal(on, off) for on, off in zip(*seen, strict=True)] == looks


@pytest.mark.parametrize("block", [1, 2, 3])
def test_deep_shrink_beside_a_guide_of_every_level(tmp_path, model, block: int) -> None:
    """AniPortrait's guider adds to blocks that Deep Shrink has made smaller."""
    loaded = scene.parts(tmp_path, {"pose": "aniportrait"}, "aniportrait")
    shrink = Put("nodes_model_downscale", lambda: (block, 2.0, 0.0, 1.0, block > 1, "bicubic", "bicubic"))
    shrunk = put(DOWNSCALE, moved(model, loaded), shrink)
    found = run(shrunk, loaded)
    assert bool(found.isfinite().all())
    alone = [scene.referenced(loaded, scene.picture(size=8 * SIZE))]
    assert relative_error(found, run(put(DOWNSCALE, scene.moved(model, loaded, alone), shrink), loaded)) > 1e-4


def test_an_area_under_a_guide(loaded, model) -> None:
    """Nobody knows which part of the poses belongs there; a mask keeps the whole picture."""
    (positive, negative), levels = scene.conds([scene.referenced(loaded, scene.picture())]), TIMES
    half = torch.zeros(1, 64, 64)
    half[..., :32] = 1.0
    patched = moved(model, loaded)
    sigmas = torch.cat([patched.get_model_object("model_sampling").sigmas[levels], torch.zeros(1)])  # type: ignore[union-attr]

    def made(**values: Any) -> Tensor:
        part = node_helpers.conditioning_set_values(positive, values)
        sampler = comfy.samplers.sampler_object("euler")
        with torch.inference_mode():
            return comfy.sample.sample_custom(
                patched,
                scene.noise(FRAMES),
                3.5,
                sampler,
                sigmas,
                [*part, *texts()[0]],
                negative,
                torch.zeros(FRAMES, 4, 8, 8),
                disable_pbar=True,
                seed=7,
            )

    assert bool(made(mask=half, set_area_to_bounds=False, mask_strength=1.0).isfinite().all())
    with pytest.raises(CharacterError, match="Set Area"):
        made(area=(4, 8, 0, 0), strength=1.0, set_area_to_bounds=False)


def test_a_second_reference_is_refused(loaded, model) -> None:
    once = moved(model, loaded)
    with pytest.raises(CharacterError, match="chain Reference Picture nodes"):
        moved(once, loaded)
    assert bool(run(scene.moved(once, loaded), loaded).isfinite().all())


@pytest.mark.parametrize("first", [True, False])
def test_beside_another_override(loaded, model, first: bool) -> None:
    """Packs that bring an attention function of their own: it runs, and sees the picture."""
    calls: list[int] = []
    patched = (model if first else moved(model, loaded)).clone()
    patched.model_options["transformer_options"]["optimized_attention_override"] = lambda func, *args, **more: (
        calls.append(1),
        func(*args, **more),
    )[1]
    both = moved(patched, loaded) if first else patched
    assert torch.equal(run(both, loaded), run(moved(model, loaded), loaded))
    assert calls


def test_an_attention_that_the_host_knows_nothing_of(loaded, model, monkeypatch) -> None:
    plain = attention.optimized_attention.__wrapped__  # type: ignore[attr-defined]

    def own(q: Tensor, k: Tensor, v: Tensor, heads: int, **more: Any) -> Tensor:
        return plain(q, k, v, heads)

    monkeypatch.setattr(attention, "optimized_attention", own)
    with pytest.raises(CharacterError, match="runs the self-attentions in a way of its own"):
        run(moved(model, loaded), loaded)
    assert bool(run(moved(model, loaded, 0.0), loaded).isfinite().all())


def test_rows_that_nobody_can_tell_apart(loaded, model) -> None:
    patched = moved(model, loaded)
    patched.set_model_attn1_patch(lambda n, context, value, extra: [torch.cat([each, each[:1]]) for each in (n,) * 3])
    patched.set_model_attn1_output_patch(lambda n, extra: n[:-1])
    with pytest.raises(CharacterError, match="number of rows"):
        run(patched, loaded)


def test_the_latent_of_a_video_model(loaded, model) -> None:
    latent = torch.zeros(1, 4, 2, 8, 8)
    conds = scene.conds([scene.referenced(loaded, scene.picture())])
    sampler = comfy.samplers.sampler_object("euler")
    with pytest.raises(ValueError, match="Connect Empty Latent Image"):
        comfy.sample.sample_custom(
            moved(model, loaded), latent, 3.5, sampler, torch.tensor([1.0, 0.0]), *conds, latent, disable_pbar=True
        )
