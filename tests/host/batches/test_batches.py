"""Batch nodes in the host: its own values in, values its own nodes take out."""

import importlib
import math
from typing import Any

import comfy.model_management
import comfy.sample
import comfy.utils
import pytest
import torch
from comfy_api.latest import io
from kinema import nodes as pack
from kinema.motion.batches import BatchError
from kinema.nodes.batches import (
    NODES,
    CrossfadeFrames,
    EveryNthFrame,
    FrameInfo,
    MergeFrames,
    PingPongFrames,
    RepeatFrames,
    ReverseFrames,
    SelectFrames,
    SplitFrames,
    selecting,
)
from kinema.nodes.inputs import InputError, expected
from torch import Tensor

host: Any = importlib.import_module("nodes")
CLIP = torch.rand(8, 16, 24, 3, generator=torch.Generator().manual_seed(1))
MASK = CLIP[..., 0]
LATENT = {"samples": CLIP.movedim(-1, 1)[:, [0, 1, 2, 0]], "downscale_ratio_spacial": 8}
KINDS = pytest.mark.parametrize("batch", [CLIP, MASK, LATENT], ids=["image", "mask", "latent"])


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(selecting, "notice", texts.append)
    return texts


def tensor(value: Any) -> Tensor:
    return value["samples"] if isinstance(value, dict) else value


def run(node: type[io.ComfyNode], *given: Any, **settings: Any) -> tuple[Any, ...]:
    """What a node puts out, run as the host runs it: guarded."""
    (guarded,) = [each for each in pack.NODES if each.__name__ == node.__name__]
    names = [each.id for each in node.define_schema().inputs]
    return guarded.execute(**dict(zip(names, given, strict=False)), **settings).args


@KINDS
def test_every_node_takes_every_kind(told: list[str], batch: Any) -> None:
    whole = tensor(batch)
    wanted = [
        (run(SelectFrames, batch, "1, 4:8:2, -1"), whole[[1, 4, 6, 7]]),
        (run(EveryNthFrame, batch, 3, 1), whole[[1, 4, 7]]),
        (run(RepeatFrames, batch, 2), torch.cat([whole, whole])),
        (run(RepeatFrames, batch, 2, "each_frame"), whole.repeat_interleave(2, 0)),
        (run(ReverseFrames, batch), whole.flip(0)),
        (run(PingPongFrames, batch), whole[[0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1]]),
        (run(MergeFrames, batch, batch, batch, batch), torch.cat([whole] * 4)),
        (run(CrossfadeFrames, batch, batch, 1), None),
    ]
    for (value, count), frames in wanted:
        assert type(value) is type(batch)
        assert len(tensor(value)) == count
        if frames is not None:
            assert torch.equal(tensor(value), frames)
        if isinstance(value, dict):
            assert value["downscale_ratio_spacial"] == 8
    first, first_count, second, second_count = run(SplitFrames, batch, -3)
    assert (first_count, second_count) == (5, 3)
    assert torch.equal(tensor(first), whole[:5])
    assert torch.equal(tensor(second), whole[5:])
    info = run(FrameInfo, batch, 4.0)
    assert info[:3] == (8, 24, 16)
    assert info[4] == 2.0
    assert told == []


def test_a_selection_is_that_of_the_host() -> None:
    latent = {**LATENT, "noise_mask": torch.rand(8, 1, 16, 24)}
    theirs = host.LatentFromBatch().frombatch(latent, 2, 3)[0]
    ours = run(SelectFrames, latent, "2:5")[0]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ("samples", "noise_mask"))
    assert ours["batch_index"] == theirs["batch_index"]
    again = {**latent, "batch_index": [4, 5, 6, 7, 8, 9, 10, 11]}
    theirs = host.RepeatLatentBatch().repeat(again, 3)[0]
    ours = run(RepeatFrames, again, 3)[0]
    assert ours["batch_index"] == theirs["batch_index"]
    assert torch.equal(ours["samples"], theirs["samples"])
    assert torch.equal(ours["noise_mask"], theirs["noise_mask"])


def test_frames_keep_their_noise() -> None:
    """What a sampler adds to a frame is the same before and after it is taken."""
    whole = comfy.sample.prepare_noise(LATENT["samples"], 7, list(range(8)))
    for indices in ("5, 1", "::-1", "2:6"):
        taken = run(SelectFrames, LATENT, indices)[0]
        noise = comfy.sample.prepare_noise(taken["samples"], 7, taken["batch_index"])
        assert torch.equal(noise, whole[taken["batch_index"]])


@pytest.mark.parametrize("count", [1, 4, 8, 12])
def test_noise_masks_are_spread_as_the_host_spreads_them(count: int) -> None:
    for latent, axis in ((LATENT["samples"], 0), (torch.rand(1, 16, 8, 16, 24), 2)):
        mask = torch.rand(count, 1, 16, 24)
        whole = comfy.utils.reshape_mask(mask, latent.shape)
        ours = run(SelectFrames, {"samples": latent, "noise_mask": mask}, "6, 3")[0]
        seen = comfy.utils.reshape_mask(ours["noise_mask"], ours["samples"].shape)
        wanted = whole.index_select(axis, torch.tensor([6, 3]))
        torch.testing.assert_close(seen, wanted)


@pytest.mark.parametrize("crop", ["center", "disabled"])
@pytest.mark.parametrize("method", ["bilinear", "bicubic", "area", "nearest-exact", "bislerp"])
def test_resizing_is_the_hosts(method: str, crop: str) -> None:
    other = torch.rand(20, 40, 30, 3, generator=torch.Generator().manual_seed(2))
    found, count = run(MergeFrames, CLIP, other, method=method, crop=crop)
    assert count == 28
    wanted = comfy.utils.common_upscale(other.movedim(-1, 1), 24, 16, method, crop).movedim(1, -1)
    torch.testing.assert_close(found[8:], wanted)
    mask, _ = run(MergeFrames, MASK, other[..., 0], method=method, crop=crop)
    wanted = comfy.utils.common_upscale(other[..., 0].unsqueeze(1), 24, 16, method, crop)[:, 0]
    torch.testing.assert_close(mask[8:], wanted)
    latent, _ = run(MergeFrames, LATENT, {"samples": torch.rand(20, 4, 40, 30)}, method=method, crop=crop)
    assert latent["samples"].shape == (28, 4, 16, 24)
    video = {"samples": torch.rand(1, 16, 3, 16, 24)}
    tall = {"samples": torch.rand(1, 16, 5, 40, 30)}
    joined, _ = run(MergeFrames, video, tall, method=method, crop=crop)
    wanted = comfy.utils.common_upscale(tall["samples"], 24, 16, method, crop)
    torch.testing.assert_close(joined["samples"][:, :, 3:], wanted)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype: torch.dtype) -> None:
    other = torch.rand(8, 40, 30, 3).to(dtype)
    assert run(CrossfadeFrames, CLIP.to(dtype), other, 4)[0].dtype == dtype
    assert (
        run(CrossfadeFrames, {"samples": LATENT["samples"].to(dtype)}, LATENT, 4)[0]["samples"].dtype == torch.float32
    )


def test_a_loop_out_of_a_clip() -> None:
    """The head fades in over the tail, so that the last frame leads into the first."""
    head, _, rest, _ = run(SplitFrames, CLIP, 3)
    looped, count = run(CrossfadeFrames, rest, head, 3)
    assert count == 5
    assert torch.equal(looped[0], CLIP[3])
    torch.testing.assert_close(looped[-1], CLIP[7] * 0.25 + CLIP[2] * 0.75)


def test_the_host_takes_what_comes_out(checkpoint) -> None:
    _, vae = checkpoint
    still = run(RepeatFrames, CLIP[:1, :, :16], 4)[0]
    assert still.untyped_storage().nbytes() == CLIP.untyped_storage().nbytes(), "no copy"
    latent = host.VAEEncode().encode(vae, still)[0]
    back = run(ReverseFrames, latent)[0]
    assert host.VAEDecode().decode(vae, back)[0].shape == (4, 16, 16, 3)
    scaled = host.ImageScale().upscale(still, "lanczos", 8, 8, "center")[0]
    assert scaled.shape == (4, 8, 8, 3)


def test_what_is_left_out_is_told(told: list[str]) -> None:
    assert run(SelectFrames, CLIP, "0, 99", "leave_out")[1] == 1
    assert told == ["1 of the numbers are of no frame; they are left out."]


@pytest.mark.parametrize(
    ("needed", "run_it"),
    [
        (14 * 16 * 24 * 3 * 4, lambda: run(PingPongFrames, CLIP)),
        (8 * 16 * 24 * 3 * 4, lambda: run(ReverseFrames, CLIP)),
        (16 * 16 * 24 * 3 * 4, lambda: run(MergeFrames, CLIP, CLIP)),
        (12 * 16 * 24 * 4, lambda: run(CrossfadeFrames, MASK, MASK)),
        (800 * 16 * 24 * 4 * 4, lambda: run(RepeatFrames, LATENT, 100)),
    ],
)
def test_what_does_not_fit_is_answered_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch, needed: int, run_it: Any
) -> None:
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda _device: needed - 1)
    with pytest.raises(BatchError, match=rf"\({needed} bytes\), but 0\.0 GB of memory are free"):
        run_it()
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda _device: needed)
    run_it()


def test_views_need_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda _device: 0)
    run(SelectFrames, CLIP, "2:6")
    run(SplitFrames, LATENT, 4)
    run(RepeatFrames, CLIP[:1], 10_000)


@pytest.mark.parametrize("node", NODES)
def test_what_is_no_batch_is_answered_under_its_input(node: type[io.ComfyNode]) -> None:
    sockets = [each.id for each in node.define_schema().inputs if isinstance(each, io.MatchType.Input)]
    first, rest = sockets[0], [CLIP] * len(sockets[1:])
    for wrong in (None, 3, "x", [1]):
        with pytest.raises(InputError, match=f"{first} takes a value of type IMAGE or MASK or LATENT, but"):
            run(node, wrong, *rest)
    for wrong in (torch.zeros(0, 8, 8, 3), {}, {"samples": None}, torch.zeros(3)):
        with pytest.raises(BatchError, match=rf"^{first} "):
            run(node, wrong, *rest)


def test_no_number_is_no_error() -> None:
    clip = CLIP.clone()
    clip[2, 3, 3] = math.nan
    for node in (ReverseFrames, PingPongFrames, RepeatFrames, FrameInfo):
        run(node, clip)
    assert torch.isnan(run(CrossfadeFrames, clip, CLIP)[0]).sum() == 3


def test_texts_are_answered_before_the_run() -> None:
    assert SelectFrames.validate_inputs(indices=None) is True
    assert SelectFrames.validate_inputs(indices="0, 4:16:2, -1") is True
    assert "is no range" in str(SelectFrames.validate_inputs(indices="0-5"))
    assert SplitFrames.validate_inputs(index=None) is True
    assert "leaves nothing in the first part" in str(SplitFrames.validate_inputs(index=0))


@pytest.mark.parametrize("node", NODES)
def test_sockets_say_what_they_take(node: type[io.ComfyNode]) -> None:
    first = node.define_schema().inputs[0]
    assert expected.takes(first) == "a connection from an output of type IMAGE or MASK or LATENT"
