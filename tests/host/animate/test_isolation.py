"""A motion module changes the clone it is put on, while that clone samples, and nothing else. Bit for bit."""

import gc
from pathlib import Path

import comfy.lora
import comfy.model_management
import pytest
import torch
from kinema.motion.temporal import TemporalTransformer

from tests.papers.error import relative_error

from ..models import TOKENS, Patcher, animated, sample, tiny_model, tiny_motion


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture(scope="module")
def plain(model: Patcher) -> torch.Tensor:
    return sample(model.clone())


@pytest.fixture
def moving(model: Patcher, tmp_path: Path) -> Patcher:
    return animated(model, tiny_motion(tmp_path), "use existing")


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_zero_output_projection_changes_nothing(model, plain, tmp_path: Path, version: str) -> None:
    silent = animated(model, tiny_motion(tmp_path, version, zero_output=True), "use existing")
    assert torch.equal(sample(silent), plain)


def test_motion_changes_the_latents(plain, moving) -> None:
    assert not torch.allclose(sample(moving), plain, atol=1e-2)


def test_plain_model_before_and_after(model, plain, moving) -> None:
    sample(moving)
    assert torch.equal(sample(model), plain)
    assert torch.equal(sample(model.clone()), plain)


def test_plain_sibling_during_sampling(model, moving) -> None:
    """The shared UNet, called without the clone's options, is the plain one at every moment."""
    x, t, context = torch.randn(4, 4, 8, 8), torch.full((4,), 300.0), torch.randn(4, TOKENS, 768)

    def plain_call(*_: object) -> torch.Tensor:
        return model.model.diffusion_model(x, t, context, transformer_options={})

    wanted, inside = plain_call(), []
    sample(moving, callback=lambda *_: inside.append(plain_call()))
    assert len(inside) == 2
    assert all(torch.equal(found, wanted) for found in inside)


def test_same_prompt_twice(moving) -> None:
    assert torch.equal(sample(moving), sample(moving))


class Stop(BaseException):
    pass


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("how", ["callback", "interrupt"])
def test_interrupted_at_any_step(model, plain, moving, at: int, how: str) -> None:
    wanted = sample(moving, steps=3)

    def stop(step: int, *_: object) -> None:
        if step == at and how == "callback":
            raise Stop
        if step == at:
            comfy.model_management.interrupt_current_processing(True)
            # every operation of the host looks for the request
            comfy.model_management.throw_exception_if_processing_interrupted()

    with pytest.raises((Stop, comfy.model_management.InterruptProcessingException)):
        sample(moving, steps=3, callback=stop)
    assert torch.equal(sample(model), plain)
    assert torch.equal(sample(moving, steps=3), wanted)


def test_exception_inside_a_motion_layer(model, plain, moving, monkeypatch) -> None:
    wanted = sample(moving)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("inside the handler")

    with monkeypatch.context() as patch:
        patch.setattr(TemporalTransformer, "forward", fail)
        with pytest.raises(RuntimeError, match="inside the handler"):
            sample(moving)
        assert torch.equal(sample(model), plain)
    assert torch.equal(sample(moving), wanted)


def test_clone_collected_during_sampling(moving) -> None:
    wanted = sample(moving, steps=3)

    def collect(step: int, *_: object) -> None:
        clone = moving.clone()
        clone.detach()
        del clone
        gc.collect()

    assert torch.equal(sample(moving, steps=3, callback=collect), wanted)


def test_cond_and_uncond_apart(model, moving) -> None:
    """In two calls of eight frames instead of one of sixteen, as a host short of memory does."""

    def both(patcher: Patcher) -> tuple[torch.Tensor, torch.Tensor]:
        calls = []
        apart = patcher.clone()
        apart.set_model_unet_function_wrapper(
            lambda apply, args: (
                calls.append(args["cond_or_uncond"]),
                apply(args["input"], args["timestep"], **args["c"]),
            )[1]
        )
        apart.add_object_patch("memory_required", lambda *_, **__: 1e18)
        found = sample(apart)
        assert all(len(call) == 1 for call in calls)
        return sample(patcher), found

    plain_together, plain_apart = both(model.clone())
    together, apart = both(moving)
    # the motion layers give the same bits whatever the batch (test_clips_do_not_see_each_other); the convolutions of
    # the image model do so or not, by the number of threads and the kind of processor
    assert torch.equal(together, apart) or not torch.equal(plain_together, plain_apart)
    assert relative_error(apart, together) < 1e-5


def test_lora_keys_of_a_sibling_all_apply(model, moving) -> None:
    sample(moving)
    sibling = model.clone()
    keys = {key for key in comfy.lora.model_lora_keys_unet(sibling.model, {}).values() if isinstance(key, str)}
    weights = dict(sibling.model.named_parameters())
    patches = {key: ("diff", (torch.zeros_like(weights[key]),)) for key in keys if key in weights}
    assert len(patches) > 100
    assert set(sibling.add_patches(patches)) == set(patches)
    also = moving.clone()
    assert set(also.add_patches(patches)) == set(patches)


def test_state_dict_holds_no_motion(model, moving) -> None:
    before = set(model.model.state_dict())
    seen = []
    sample(moving, callback=lambda *_: seen.append(set(moving.model.state_dict())))
    assert all(keys == before for keys in seen)
