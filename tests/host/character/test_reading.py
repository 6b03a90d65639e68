"""What the frames look at: halves together and apart, strengths, masks, several characters, other nodes' patches."""

import gc
import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import comfy.model_management
import pytest
import torch
from comfy.model_management import InterruptProcessingException
from kinema.motion.character import CharacterError
from kinema.motion.sampling import FreeInitOptions
from kinema.motion.values import NOTHING
from kinema.motion.windows import ReferenceOptions, WindowOptions
from kinema.nodes.host import character
from kinema.nodes.host.animate.character import release_windows
from kinema.nodes.host.character import picture
from kinema.nodes.host.options import PREPARED
from kinema.nodes.host.sampling import set_freeinit
from kinema.nodes.host.windows import ContextReference, Stage, refer, slide
from torch import Tensor

from tests.papers.error import relative_error

from ..models import Patcher
from . import plain, scene

FRAMES = 6
TIMES = [999, 949]


def counted(monkeypatch: pytest.MonkeyPatch, loaded: character.AnimateAnyone) -> list[int]:
    """Pictures of each pass through the ReferenceNet."""
    passes: list[int] = []
    assert loaded.reference is not None
    read = loaded.reference.model.read
    monkeypatch.setattr(
        loaded.reference.model, "read", lambda latents, context: passes.append(len(latents)) or read(latents, context)
    )
    return passes


def test_halves_together_and_apart(loaded, model) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(FRAMES))])
    together = scene.run(moved, pictures, FRAMES, TIMES)
    apart, calls = moved.clone(), []
    apart.add_object_patch("memory_required", lambda *_, **__: 1e18)
    apart.set_model_unet_function_wrapper(
        lambda apply, args: (
            calls.append(args["cond_or_uncond"]),
            apply(args["input"], args["timestep"], **args["c"]),
        )[1]
    )
    assert relative_error(scene.run(apart, pictures, FRAMES, TIMES), together) < 1e-5
    assert calls == [[1], [0]] * 2 or calls == [[0], [1]] * 2


def test_unconditional_rows_look_at_nothing(loaded, model) -> None:
    """With cfg 0 the unconditional half is what comes out: to the bit that of a clip without a picture."""
    pictures = [scene.referenced(loaded, scene.picture())]
    seen = scene.run(scene.moved(model, loaded, pictures), pictures, FRAMES, TIMES, cfg=0.0)
    alone = scene.run(scene.moved(model, loaded), pictures, FRAMES, TIMES, cfg=0.0)
    assert torch.equal(seen, alone)
    looked = scene.run(scene.moved(model, loaded, pictures), pictures, FRAMES, TIMES, cfg=1.0)
    assert relative_error(looked, scene.run(scene.moved(model, loaded), pictures, FRAMES, TIMES, cfg=1.0)) > 1e-4


def test_plain_model_stays_as_it_is(loaded, model) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    unet = model.model.diffusion_model
    before = {key: value.clone() for key, value in unet.state_dict().items()}  # type: ignore[union-attr]

    def answer() -> Tensor:
        with torch.inference_mode():
            return unet(scene.noise(2), torch.full((2,), 500.0), torch.ones(2, 1, 768))  # type: ignore[operator]

    wanted, during = answer(), []
    moved = scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(FRAMES))])
    scene.run(moved, pictures, FRAMES, TIMES, callback=lambda *_: during.append(answer()))
    assert all(torch.equal(each, wanted) for each in (*during, answer()))
    assert all(torch.equal(value, before[key]) for key, value in unet.state_dict().items())  # type: ignore[union-attr]


def test_one_pass_a_run(loaded, model, monkeypatch) -> None:
    """Whatever the steps, windows and iterations; two pictures go through together."""
    passes = counted(monkeypatch, loaded)
    pictures = [scene.referenced(loaded, scene.picture(seed)) for seed in (3, 4)]
    moved = scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(30))])
    again = set_freeinit(moved, FreeInitOptions(iterations=2))
    scene.run(again, pictures, 30, TIMES)
    assert passes == [2]
    scene.run(again, pictures, 8, TIMES)
    assert passes == [2, 2]
    scene.run(scene.moved(set_freeinit(model, FreeInitOptions(iterations=2)), loaded, pictures), pictures, 8, TIMES)
    assert passes == [2, 2, 2]
    scene.run(scene.moved(model, loaded, [scene.referenced(loaded, scene.picture(), 0.0)]), pictures, 8, TIMES)
    assert passes == [2, 2, 2]


@pytest.mark.parametrize("ends", ["well", "interrupted", "with an error"])
def test_bank_is_gone_after_a_run(loaded, model, monkeypatch, ends: str) -> None:
    banks: list[weakref.ref[Any]] = []
    read = picture.read_pictures

    def watched(*arguments: Any) -> Any:
        bank = read(*arguments)
        banks.extend(weakref.ref(tensor) for tensor in bank.read.values())
        return bank

    monkeypatch.setattr("kinema.nodes.host.character.reference.read_pictures", watched)
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures)

    def stop(*_: Any) -> None:
        if ends != "well":
            raise InterruptProcessingException if ends == "interrupted" else ValueError(ends)

    with nullcontext() if ends == "well" else pytest.raises((InterruptProcessingException, ValueError)):
        scene.run(moved, pictures, FRAMES, TIMES, callback=stop)
    gc.collect()
    assert len(banks) == 16
    assert not any(bank() is not None for bank in banks)
    assert PREPARED not in moved.model_options["transformer_options"]


def test_windows_in_one_call(loaded, model) -> None:
    """Several windows in a call give what they give one by one."""
    pictures = [scene.referenced(loaded, scene.picture(), [0.2, 1.0, 0.6] * 10)]
    guides = [scene.guided(loaded, scene.poses(30))]
    moved = scene.moved(model, loaded, pictures, guides, windows=False)
    stage = Stage(release_windows(loaded.release))
    one, two = (scene.run(slide(moved, stage, at_once), pictures, 30, TIMES) for at_once in (1, 2))
    assert relative_error(two, one) < 1e-5


def test_lora_on_the_denoising_unet(loaded, model) -> None:
    """Keys and values of the picture go through the weights that a LoRA has changed."""
    key = "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_k.weight"
    shape = dict(model.model.named_parameters())[key].shape
    change = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 0.1
    changed = model.clone()
    assert changed.add_patches({key: ("diff", (change,))}) == [key]
    pictures = [scene.referenced(loaded, scene.picture())]
    ours = scene.run(scene.moved(changed, loaded, pictures), pictures, FRAMES, TIMES)
    name = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.weight"
    state = scene.denoiser_state() | {name: scene.denoiser_state()[name] + change}
    clip = pictures[0].embeddings
    predict = plain.predictor(plain.banks_of(scene.picture(), clip), clip, denoiser=state)
    assert relative_error(ours, plain.sampling(predict, FRAMES, TIMES)) < 1e-4


def test_partly_loaded(loaded, model) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(FRAMES))])
    wanted = scene.run(moved, pictures, FRAMES, TIMES)
    comfy.model_management.unload_all_models()
    assert loaded.reference is not None
    loaded.reference.patcher.load(torch.device("cpu"), lowvram_model_memory=200_000)
    moved.load(torch.device("cpu"), lowvram_model_memory=200_000)
    assert torch.equal(scene.run(moved, pictures, FRAMES, TIMES), wanted)


def test_compiled(loaded, model) -> None:
    from comfy_extras.nodes_torch_compile import TorchCompileModel

    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures, [scene.guided(loaded, scene.poses(FRAMES))])
    wanted = scene.run(moved, pictures, FRAMES, TIMES)
    with torch.inference_mode():
        compiled = TorchCompileModel.execute(moved, "eager").result[0]
    assert relative_error(scene.run(compiled, pictures, FRAMES, TIMES), wanted) < 1e-5


def test_memory_that_is_asked_for(loaded, model, monkeypatch) -> None:
    """For the pictures' pass and the bank, which then is there when the host measures what is free for the rest."""
    asked: list[float] = []
    load = comfy.model_management.load_models_gpu
    monkeypatch.setattr(
        comfy.model_management,
        "load_models_gpu",
        lambda models, memory_required=0, **more: (
            asked.append(memory_required),
            load(models, memory_required=memory_required, **more),
        )[1],
    )
    pictures = [scene.referenced(loaded, scene.picture(seed)) for seed in (3, 4)]
    banks: list[int] = []
    moved = scene.moved(model, loaded, pictures)
    moved.set_model_attn1_output_patch(lambda n, extra: banks.append(next(iter(extra[PREPARED].values())).size) or n)
    scene.run(moved, pictures, FRAMES, TIMES[:1])
    assert loaded.reference is not None
    bank = loaded.reference.model.bank_size(2, 8, 8, 4)
    assert set(banks) == {bank}
    assert asked[0] == model.model.memory_required([4, 4, 8, 8]) + bank  # type: ignore[operator]


def test_windows_of_ones_own(loaded, model) -> None:
    """A Sliding Context behind Animate Character is what counts."""
    pictures = [scene.referenced(loaded, scene.picture())]
    moved = scene.moved(model, loaded, pictures)
    own = slide(moved, Stage(WindowOptions("standard_static", 16, 4, fuse="flat")), 1)
    seen: list[int] = []
    own.set_model_unet_function_wrapper(
        lambda apply, args: (
            seen.append(len(args["input"]) // len(args["cond_or_uncond"])),
            apply(args["input"], args["timestep"], **args["c"]),
        )[1]
    )
    scene.run(own, pictures, 40, TIMES[:1])
    assert set(seen) == {16}


def test_half_precision(loaded) -> None:
    """The bank is in what the denoising UNet computes in."""
    model = scene.denoiser(torch.bfloat16)
    pictures = [scene.referenced(loaded, scene.picture())]
    seen: list[torch.dtype] = []
    moved = scene.moved(model, loaded, pictures)
    moved.set_model_attn1_output_patch(lambda n, extra: seen.append(_bank(extra)) or n)
    found = scene.run(moved, pictures, FRAMES, TIMES)
    assert set(seen) == {torch.bfloat16}
    whole = scene.run(scene.moved(scene.denoiser(), loaded, pictures), pictures, FRAMES, TIMES)
    assert relative_error(found, whole) < 0.1


def _bank(extra: Mapping[str, Any]) -> torch.dtype:
    (prepared,) = extra[PREPARED].values()
    return next(iter(prepared.read.values())).dtype


def test_strength_over_frames(loaded, model) -> None:
    """Frames at 0 are to the bit those of no picture while frames do not see each other, frames at 1 those of one."""
    pixels = scene.picture()
    clip = scene.referenced(loaded, pixels)
    half = [scene.referenced(loaded, pixels, [0.0, 1.0] * 3)]
    acting = _first_attention(model, loaded, half)
    off, on = (_first_attention(model, loaded, [each]) for each in (_never(clip), clip))
    assert torch.equal(acting[0::2], off[0::2])
    assert relative_error(acting[1::2], on[1::2]) < 1e-6
    assert relative_error(on, off) > 1e-3
    middle = _first_attention(model, loaded, [scene.referenced(loaded, pixels, 0.25)])
    assert relative_error(middle, 0.75 * off + 0.25 * on) < 1e-5


def _never(each: character.ReferencePicture) -> character.ReferencePicture:
    return replace(each, acts=replace(each.acts, strength=NOTHING))


def _first_attention(model: Patcher, loaded: character.AnimateAnyone, pictures: list[Any]) -> Tensor:
    """What the conditional rows of the first self-attention give, (frames, pixels, channels), in the first step."""
    found: list[Tensor] = []
    moved = scene.moved(model, loaded, pictures)
    moved.set_model_attn1_output_patch(lambda n, extra: found.append(n.clone()) or n)
    scene.run(moved, pictures, FRAMES, TIMES[:1], cfg=1.0)
    return found[0]


def test_two_characters_in_their_places(loaded, model) -> None:
    """Left pixels look at one picture, right ones at the other, those between at neither."""
    left, right = torch.zeros(2, 1, 8, 8)
    left[..., :3], right[..., 5:] = 1.0, 1.0
    first, second = scene.picture(3), scene.picture(4)
    both = [scene.referenced(loaded, first, mask=left), scene.referenced(loaded, second, mask=right)]
    found = _first_attention(model, loaded, both).unflatten(1, (8, 8))
    alone = [_first_attention(model, loaded, [scene.referenced(loaded, each)]) for each in (first, second)]
    one, two = (each.unflatten(1, (8, 8)) for each in alone)
    none = _first_attention(model, loaded, [_never(both[0])]).unflatten(1, (8, 8))
    assert relative_error(found[:, :, :3], one[:, :, :3]) < 1e-5
    assert relative_error(found[:, :, 5:], two[:, :, 5:]) < 1e-5
    assert relative_error(found[:, :, 3:5], none[:, :, 3:5]) < 1e-5


def test_masks_that_overlap_share(loaded, model) -> None:
    """Together they give 1 at most."""
    whole = torch.ones(1, 8, 8)
    pictures = [scene.referenced(loaded, scene.picture(seed), mask=whole) for seed in (3, 4)]
    one, two = (_first_attention(model, loaded, [scene.referenced(loaded, scene.picture(n))]) for n in (3, 4))
    assert relative_error(_first_attention(model, loaded, pictures), (one + two) / 2) < 1e-5


def test_several_views_of_one_character(loaded, model) -> None:
    """In one softmax: keys of all pictures side by side; from a batch or from chained nodes."""
    pixels = torch.cat([scene.picture(3), scene.picture(4)])
    batch = [scene.referenced(loaded, pixels)]
    chained = [scene.referenced(loaded, each[None]) for each in pixels]
    clip = batch[0].embeddings
    banks = [plain.banks_of(each[None], own[None]) for each, own in zip(pixels, clip, strict=True)]
    joined = {name: torch.cat([bank[name] for bank in banks], dim=1) for name in banks[0]}
    predict = plain.predictor(joined, clip)
    wanted = plain.sampling(predict, FRAMES, TIMES)
    for pictures in (batch, chained):
        assert relative_error(scene.run(scene.moved(model, loaded, pictures), pictures, FRAMES, TIMES), wanted) < 1e-4


def test_part_of_the_sampling(loaded, model) -> None:
    """From half of it on: the first steps see nothing."""
    pictures = [scene.referenced(loaded, scene.picture(), start_percent=0.5)]
    found = scene.run(scene.moved(model, loaded, pictures), pictures, FRAMES, [*TIMES, 299])
    clip = pictures[0].embeddings
    with_it, without = (plain.predictor(banks, clip) for banks in (plain.banks_of(scene.picture(), clip), None))
    wanted = plain.sampling(
        lambda x, time, seen: (with_it if time < 500 else without)(x, time, seen), FRAMES, [*TIMES, 299]
    )
    assert relative_error(found, wanted) < 1e-4


def test_patches_of_other_nodes(loaded, model) -> None:
    """They see what they always see: own queries, keys and values; a replaced attention stays theirs, and is told."""
    pictures = [scene.referenced(loaded, scene.picture())]
    shapes: set[tuple[torch.Size, ...]] = set()

    def watch(n: Tensor, context: Tensor, value: Tensor, extra: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        shapes.add((n.shape, context.shape, value.shape))
        return n * 1.5, context, value

    patched = model.clone()
    patched.set_model_attn1_patch(watch)
    assert (
        relative_error(
            scene.run(scene.moved(patched, loaded, pictures), pictures, FRAMES, TIMES),
            scene.run(scene.moved(model, loaded, pictures), pictures, FRAMES, TIMES),
        )
        > 1e-4
    )
    assert shapes
    assert all(n == context == value for n, context, value in shapes)
    theirs: set[tuple[torch.Size, ...]] = set()

    def replace_it(q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
        theirs.add((q.shape, k.shape, v.shape))
        return v

    replaced = model.clone()
    replaced.set_model_attn1_replace(replace_it, "input", 1)
    scene.run(scene.moved(replaced, loaded, pictures), pictures, FRAMES, TIMES)
    assert theirs
    assert all(q == k == v for q, k, v in theirs)


def test_replaced_attentions_are_told(loaded, model, caplog) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    replaced = scene.moved(model, loaded, pictures)
    replaced.set_model_attn1_replace(lambda q, k, v, extra: v, "input", 1)
    scene.run(replaced, pictures, FRAMES, TIMES[:1])
    assert "Another node replaces a self-attention" in caplog.text


@pytest.mark.parametrize("first", [True, False])
def test_beside_context_reference(loaded, model, first: bool) -> None:
    """Windows that look at another window look at the character's picture as well, in whatever order nodes come."""
    pictures = [scene.referenced(loaded, scene.picture())]
    reference = ContextReference(ReferenceOptions())
    both = (
        scene.moved(refer(model, reference), loaded, pictures)
        if first
        else refer(scene.moved(model, loaded, pictures), reference)
    )
    found = scene.run(both, pictures, 30, TIMES)
    assert relative_error(found, scene.run(scene.moved(model, loaded, pictures), pictures, 30, TIMES)) > 1e-5
    assert relative_error(found, scene.run(refer(scene.moved(model, loaded), reference), pictures, 30, TIMES)) > 1e-5


def test_context_reference_that_would_hide_the_picture(loaded, model) -> None:
    pictures = [scene.referenced(loaded, scene.picture())]
    both = refer(scene.moved(model, loaded, pictures), ContextReference(ReferenceOptions(style_fidelity=0.5)))
    with pytest.raises(CharacterError, match="style_fidelity"):
        scene.run(both, pictures, 30, TIMES)
