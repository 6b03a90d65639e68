"""MotionLoRAs on a motion module inside the host: like merged weights, and like nothing where they do not act."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comfy.model_management
import pytest
import torch
from comfy.context_windows import ContextFuseMethods, ContextSchedules
from kinema.motion.temporal import LoraModel, Mixing, read_lora
from kinema.motion.temporal.lora_files import LoraError, LoraFile, LowRank, Target, place_of
from kinema.motion.values import Acts, Mask, MotionValue, parse_curve
from kinema.nodes.host.animate import animate
from kinema.nodes.host.options import COMPANIONS
from kinema.nodes.host.temporal import lora
from kinema.nodes.host.temporal import motion as loader
from safetensors.torch import save_file

from tests.harness.seeded.layouts import SD15, SDXL, motion_module
from tests.harness.seeded.layouts_lora import merged, motion_lora, targets
from tests.papers.error import relative_error

from ..models import CHANNELS, VERSIONS, Patcher, animated, sample, strengths, tiny_model, tiny_motion

RANK: dict[str, Any] = {"rank": 8}


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def tiny_lora(folder: Path, channels: tuple[int, ...] = CHANNELS, **options: Any) -> lora.LoraWeights:
    """A MotionLoRA loaded from a file of its own."""
    path = folder / f"lora_{'_'.join(map(str, options.values()))}.safetensors"
    save_file(motion_lora(channels, **(RANK | options)), path)
    return lora.LoraWeights.load(str(path))


def with_loras(
    model: Patcher, motion: loader.LoadedMotion, *loras: lora.MotionLora | lora.LoraWeights, **settings: Any
) -> Patcher:
    """The Animate Model node with MotionLoRAs connected."""
    entries = [item if isinstance(item, lora.MotionLora) else lora.MotionLora(item) for item in loras]
    return animate.animate_model(model, motion, strengths(**settings), "use existing", entries)


def use(loaded: lora.LoraWeights, strength: float = 1.0, curve: str = "", mask: Any = None, **range: float) -> Any:
    found = parse_curve(curve)
    value = MotionValue(strength, (found,) if found else (), () if mask is None else (Mask(mask),))
    return lora.MotionLora(loaded, Acts(value, **range))


def merged_motion(folder: Path, strength: float, version: str = "v2", **options: Any) -> loader.LoadedMotion:
    """The motion module with a MotionLoRA in its weights."""
    weights = motion_module(CHANNELS, **VERSIONS[version])
    state = merged(weights, strength, CHANNELS, **(RANK | options))
    path = folder / f"merged_{version}_{strength}.safetensors"
    save_file({key: value.float() for key, value in state.items()}, path)
    return loader.load_motion(str(path))


def predictions(patcher: Patcher, **options: Any) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    sample(patcher, callback=lambda _step, x0, *_: seen.append(x0.clone()), **options)
    return seen


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("strength", [0.8, -1.0])
def test_sampling_equals_merged_weights(model, tmp_path: Path, version: str, strength: float) -> None:
    motion = tiny_motion(tmp_path, version)
    wanted = predictions(animated(model, merged_motion(tmp_path, strength, version), "use existing"))
    found = predictions(with_loras(model, motion, use(tiny_lora(tmp_path), strength)))
    assert relative_error(found[0], wanted[0]) < 1e-5
    assert relative_error(found[-1], wanted[-1]) < 1e-3
    assert relative_error(found[0], predictions(animated(model, motion, "use existing"))[0]) > 1e-3


def test_the_plain_module_is_left_alone(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    plain = animated(model, motion, "use existing")
    wanted, image = sample(plain), sample(model)
    before = {name: value.clone() for name, value in motion.model.named_parameters()}
    moved = with_loras(model, motion, tiny_lora(tmp_path))
    inside: list[torch.Tensor] = []
    sample(moved, callback=lambda *_: inside.append(motion.model.at(("input", 1))(torch.ones(8, 32, 4, 4), Mixing(8))))
    assert torch.equal(sample(plain), wanted)
    assert torch.equal(sample(model), image)
    assert torch.equal(inside[0], motion.model.at(("input", 1))(torch.ones(8, 32, 4, 4), Mixing(8)))
    assert all(torch.equal(value, before[name]) for name, value in motion.model.named_parameters())


def test_two_branches_of_one_module(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    first, second = (with_loras(model, motion, tiny_lora(tmp_path, seed=seed)) for seed in (1, 2))
    wanted = [sample(patcher) for patcher in (first, second)]
    assert relative_error(wanted[0], wanted[1]) > 1e-3
    assert all(torch.equal(sample(patcher), found) for patcher, found in zip((first, second), wanted, strict=True))


def test_a_chain_gives_each_module_its_own(model, tmp_path: Path) -> None:
    motion, other = tiny_motion(tmp_path), tiny_motion(tmp_path, "v3", seed=4)
    zoom, pan = tiny_lora(tmp_path, seed=1), tiny_lora(tmp_path, seed=2, mid=False)
    found = with_loras(with_loras(model, motion, zoom), other, pan, zoom)
    changed = merged_motion(tmp_path, 1.0, seed=1)
    weights = merged(
        merged(motion_module(CHANNELS, mid=False, positions=32, seed=4), 1.0, CHANNELS, seed=2, **RANK),
        1.0, CHANNELS, seed=1, **RANK,
    )  # fmt: skip
    save_file({key: value.float() for key, value in weights.items()}, tmp_path / "other.safetensors")
    both = animated(
        animated(model, changed, "use existing"),
        loader.load_motion(str(tmp_path / "other.safetensors")),
        "use existing",
    )
    assert relative_error(predictions(found)[0], predictions(both)[0]) < 1e-5
    # a file used twice is attached once
    assert len(found.get_additional_models_with_key(COMPANIONS)) == 2
    # the very same module twice
    changed = [merged_motion(tmp_path, strength, seed=1) for strength in (0.4, -0.6)]
    twice = with_loras(with_loras(model, motion, use(zoom, 0.4)), motion, use(zoom, -0.6))
    wanted = animated(animated(model, changed[0], "use existing"), changed[1], "use existing")
    assert relative_error(predictions(twice)[0], predictions(wanted)[0]) < 1e-5


@pytest.mark.parametrize(
    "entry",
    [
        {"strength": 0.0},
        {"curve": "0: 0, 7: 0"},
        {"mask": torch.zeros(1, 8, 8)},
    ],
    ids=["number", "curve", "mask"],
)
def test_strength_zero_is_none_at_all(model, tmp_path: Path, entry: dict[str, Any]) -> None:
    motion = tiny_motion(tmp_path)
    silent = with_loras(model, motion, use(tiny_lora(tmp_path), **entry))
    assert torch.equal(sample(silent), sample(animated(model, motion, "use existing")))
    assert silent.get_additional_models_with_key(COMPANIONS) == []


def test_start_and_end_percent(model, tmp_path: Path) -> None:
    motion, loaded = tiny_motion(tmp_path), tiny_lora(tmp_path)
    plain = predictions(animated(model, motion, "use existing"), steps=4)
    full = predictions(with_loras(model, motion, loaded), steps=4)
    late = predictions(with_loras(model, motion, use(loaded, start_percent=0.5)), steps=4)
    early = predictions(with_loras(model, motion, use(loaded, end_percent=0.5)), steps=4)
    assert torch.equal(late[0], plain[0])
    assert not torch.equal(late[-1], plain[-1])
    assert torch.equal(early[0], full[0])
    assert not torch.equal(early[-1], full[-1])


def test_ranges_in_a_chain_belong_to_their_own(model, tmp_path: Path) -> None:
    motion, other, loaded = tiny_motion(tmp_path), tiny_motion(tmp_path, "v3"), tiny_lora(tmp_path, mid=False)

    def chain(*entries: lora.MotionLora) -> list[torch.Tensor]:
        return predictions(with_loras(with_loras(model, motion, use(loaded)), other, *entries), steps=4)

    late, plain, full = chain(use(loaded, -1.0, start_percent=0.5)), chain(), chain(use(loaded, -1.0))
    assert torch.equal(late[0], plain[0])
    assert not torch.equal(late[-1], plain[-1])
    assert not torch.equal(late[0], full[0])
    off = with_loras(with_loras(model, motion, use(loaded), start_percent=0.5), other, use(loaded, -1.0))
    alone = with_loras(model, other, use(loaded, -1.0))
    assert torch.equal(predictions(off, steps=4)[0], predictions(alone, steps=4)[0])


def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], Any]]:
    """Every strength with a curve that is asked for while sampling: frames and result."""
    seen: list[tuple[list[int], Any]] = []
    over = MotionValue.over

    def spy(self: MotionValue, frames: Any, *arguments: Any) -> Any:
        result = over(self, frames, *arguments)
        if self.curves:
            seen.append((list(frames), result))
        return result

    monkeypatch.setattr(MotionValue, "over", spy)
    return seen


@pytest.mark.parametrize("causal", [False, True])
def test_frame_strengths_count_the_whole_clip_in_context_windows(
    model, tmp_path: Path, monkeypatch, causal: bool
) -> None:
    from comfy_extras.nodes_context_windows import ContextWindowsManualNode

    moved = with_loras(model, tiny_motion(tmp_path), use(tiny_lora(tmp_path), 1.0, "0: 0, 39: 3.9"))
    windowed = ContextWindowsManualNode.execute(
        moved,
        context_length=16,
        context_overlap=4,
        context_schedule=ContextSchedules.STATIC_STANDARD,
        context_stride=1,
        closed_loop=False,
        fuse_method=ContextFuseMethods.PYRAMID,
        dim=0,
        freenoise=False,
        causal_window_fix=causal,
    ).result[0]
    seen = watched(monkeypatch)
    assert bool(sample(windowed, frames=40, steps=1).isfinite().all())
    assert {frame for frames, _ in seen for frame in frames} == set(range(40))
    for frames, strength in seen:
        assert torch.allclose(strength[:, 0], torch.tensor(frames) / 10)
    anchored = [frames for frames, _ in seen if len(frames) == 17]
    assert bool(anchored) == causal
    assert all(frames[0] == frames[1] - 1 for frames in anchored)


def test_frame_strengths_and_masks_of_one_value_are_the_number(model, tmp_path: Path) -> None:
    motion, loaded = tiny_motion(tmp_path), tiny_lora(tmp_path)
    wanted = predictions(with_loras(model, motion, use(loaded, 0.5)))[0]
    entries: list[dict[str, Any]] = [
        {"curve": "0: 0.5"},
        {"mask": torch.full((1, 64, 48), 0.5)},
        {"mask": torch.full((3, 8, 8), 0.5)},
    ]
    for entry in entries:
        assert relative_error(predictions(with_loras(model, motion, use(loaded, 1.0, **entry)))[0], wanted) < 1e-5


def test_masks_are_resized_once_a_sampling(model, tmp_path: Path, monkeypatch) -> None:
    from kinema.motion.values import motion_value as values

    calls: list[tuple[int, int]] = []
    resized = values._resized
    monkeypatch.setattr(values, "_resized", lambda mask, size: (calls.append(size), resized(mask, size))[1])
    mask = torch.zeros(8, 64, 64)
    mask[:, :, 32:] = 1
    moved = with_loras(model, tiny_motion(tmp_path), use(tiny_lora(tmp_path), mask=mask))
    assert bool(sample(moved, steps=3, size=16).isfinite().all())
    assert sorted(calls) == [(2, 2), (4, 4), (8, 8), (16, 16)]


def test_a_changed_strength_reads_nothing(model, tmp_path: Path, monkeypatch) -> None:
    loaded = tiny_lora(tmp_path)
    path = str(tmp_path / loaded.file)
    monkeypatch.setattr(lora, "read_weights", lambda _: pytest.fail("read again"))
    assert lora.LoraWeights.load(path) is loaded


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    first = tiny_lora(tmp_path)
    path = tmp_path / first.file
    save_file(motion_lora(CHANNELS, rank=4), path)
    second = lora.LoraWeights.load(str(path))
    assert second is not first
    assert second.model.layers[0].down.weight.shape[0] == 4  # type: ignore[union-attr]


def test_a_full_width_file_holds_what_it_stores() -> None:
    """Rank 64 on SD1.5 widths: 77 MB in single precision, 39 MB in half, nothing expanded."""
    with torch.device("meta"):
        held = LoraModel(LoraFile({target: LowRank(*pair) for target, pair in full_width(64)}, 336, ()))
    numbers = sum(value.numel() for value in held.parameters())
    assert numbers == 19_333_120
    assert numbers * 4 < 0.15e9


def full_width(rank: int) -> Iterator[tuple[Target, tuple[torch.Tensor, torch.Tensor]]]:
    """Empty tensors in the shapes of a published file."""
    for place, layer, width in targets(SD15, True, False):
        at = place_of(f"{place}.temporal_transformer.transformer_blocks.0.{layer}.lora_down.weight")
        assert at is not None
        yield at.target, (torch.empty(rank, width), torch.empty(width, rank))


def test_a_model_of_a_file_has_the_weights_of_the_file(tmp_path: Path) -> None:
    read = read_lora(motion_lora(CHANNELS, rank=8), "file")
    held = sum(value.numel() for value in LoraModel(read).parameters())
    assert held == sum(change.down.numel() + change.up.numel() for change in read.changes.values())


def test_a_mid_block_lora_on_a_module_without_one_says_so_once(model, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.WARNING)
    loaded = tiny_lora(tmp_path)
    with_loras(model, tiny_motion(tmp_path, "v3"), loaded, use(loaded, 0.5))
    told = [record.getMessage() for record in caplog.records if "320 of 336" in record.getMessage()]
    assert len(told) == 1
    assert "mid block" in told[0]


def test_a_lora_for_another_base_is_refused(model, tmp_path: Path) -> None:
    wide = tiny_lora(tmp_path, SDXL, mid=False)
    with pytest.raises(LoraError, match="another base model; choose one for SD1.5"):
        with_loras(model, tiny_motion(tmp_path), wide)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(model, tmp_path: Path, dtype: torch.dtype) -> None:
    motion, loaded = tiny_motion(tmp_path), tiny_lora(tmp_path)
    wanted = predictions(with_loras(model, motion, loaded), cfg=1.0)[0]
    again = tiny_lora(tmp_path, rank=8)
    again.model.to(dtype)
    assert relative_error(predictions(with_loras(model, motion, again), cfg=1.0)[0], wanted) < 0.05


@pytest.mark.parametrize("state", ["LOW_VRAM", "NO_VRAM"])
def test_memory_modes(model, tmp_path: Path, monkeypatch, state: str) -> None:
    moved = with_loras(model, tiny_motion(tmp_path), tiny_lora(tmp_path))
    wanted = sample(moved)
    comfy.model_management.unload_all_models()
    monkeypatch.setattr(comfy.model_management, "vram_state", comfy.model_management.VRAMState[state])
    monkeypatch.setattr(comfy.model_management, "is_device_cpu", lambda _device: False)
    (attached,) = moved.get_additional_models_with_key(COMPANIONS)
    streamed: list[bool] = []
    found = sample(moved, callback=lambda *_: streamed.append(attached.model.model_lowvram))
    assert torch.equal(found, wanted)
    assert all(streamed) == (state == "NO_VRAM")
    comfy.model_management.unload_all_models()


def test_reload_for_other_devices(tmp_path: Path) -> None:
    loaded = tiny_lora(tmp_path)
    clone = loaded.patcher.deepclone_multigpu()
    assert clone.model is not loaded.model
    for ours, theirs in zip(loaded.model.parameters(), clone.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_clones_and_later_patches_keep_it(model, tmp_path: Path) -> None:
    moved = with_loras(model, tiny_motion(tmp_path), tiny_lora(tmp_path))
    wanted = sample(moved)
    clone = moved.clone()
    clone.set_model_attn2_patch(lambda q, k, v, _options: (q, k, v))
    assert torch.equal(sample(clone), wanted)
