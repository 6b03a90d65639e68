"""Domain adapters on an image model inside the host: like merged weights, and the given model stays as it is."""

from pathlib import Path
from typing import Any

import comfy.lora
import pytest
import torch
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import AdapterError
from kinema.nodes.host.temporal import adapter
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts import motion_module
from tests.harness.seeded.layouts_adapter import merged
from tests.harness.seeded.layouts_lora import domain_adapter, motion_lora
from tests.papers.error import relative_error

from ..models import CHANNELS, Patcher, animated, sample, tiny_model, tiny_motion, tiny_sdxl, tiny_state


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture
def told() -> list[str]:
    """What `applied` was told."""
    return []


def applied(model: Patcher, path: str, strength: float, told: list[str] | None = None) -> Patcher:
    """The model with an adapter on it."""
    adapted, text = adapter.apply_adapter(model, path, strength)
    if told is not None and text is not None:
        told.append(text)
    return adapted


def write(folder: Path, state: dict[str, Tensor], name: str = "adapter.safetensors") -> str:
    save_file(state, folder / name)
    return str(folder / name)


def tiny_adapter(folder: Path, **options: Any) -> str:
    return write(folder, domain_adapter(CHANNELS, **({"rank": 8} | options)))


def weights(patcher: Patcher) -> dict[str, Tensor]:
    """The UNet's weights as the host computes them for sampling."""
    found = patcher.model.diffusion_model.state_dict()
    for key, patches in patcher.patches.items():
        name = key.removeprefix("diffusion_model.")
        found[name] = comfy.lora.calculate_weight(patches, found[name].clone(), key)
    return found


def first_prediction(patcher: Patcher) -> Tensor:
    seen: list[Tensor] = []
    sample(patcher, steps=1, callback=lambda _step, x0, *_: seen.append(x0.clone()))
    return seen[0]


@pytest.mark.parametrize("strength", [1.0, 0.4, -1.5])
def test_equals_merged_weights(model: Patcher, tmp_path: Path, told: list[str], strength: float) -> None:
    state = merged(tiny_state(), domain_adapter(CHANNELS, rank=8), strength, CHANNELS)
    adapted = applied(model, tiny_adapter(tmp_path), strength, told)
    found = weights(adapted)
    assert len(adapted.patches) == 128
    assert told == []
    for key, wanted in state.items():
        assert (found[key] - wanted).norm() <= 1e-6 * wanted.norm(), key
    other = tiny_model()
    other.model.diffusion_model.load_state_dict(state)
    wanted = first_prediction(other)
    assert relative_error(first_prediction(adapted), wanted) < 1e-5
    assert relative_error(first_prediction(model), wanted) > 1e-3


def test_the_given_model_is_left_alone(model: Patcher, tmp_path: Path) -> None:
    before, wanted = {key: value.clone() for key, value in weights(model).items()}, sample(model)
    path = tiny_adapter(tmp_path)
    first = applied(model, path, 1.0)
    strong = sample(applied(first, path, 1.0))
    assert relative_error(sample(first), strong) > 1e-3
    assert model.patches == {}
    assert all(len(patches) == 1 for patches in first.patches.values())
    assert torch.equal(sample(model), wanted)
    assert all(torch.equal(value, before[key]) for key, value in weights(model).items())


def test_strength_zero_is_the_plain_model(model: Patcher, tmp_path: Path) -> None:
    silent = applied(model, tiny_adapter(tmp_path), 0.0)
    assert silent is not model
    assert silent.patches == {}
    assert torch.equal(sample(silent), sample(model))


def test_with_a_motion_module(model: Patcher, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path, "v3")
    path = tiny_adapter(tmp_path)
    before = sample(animated(applied(model, path, 1.0), motion))
    assert torch.equal(sample(applied(animated(model, motion), path, 1.0)), before)
    assert relative_error(sample(animated(model, motion)), before) > 1e-3


def test_another_strength_reads_nothing(model: Patcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    read = adapter.read_weights
    monkeypatch.setattr(adapter, "read_weights", lambda path: reads.append(path) or read(path))
    path = tiny_adapter(tmp_path)
    for strength in (1.0, 0.5, -1.0):
        applied(model, path, strength)
    assert reads == [path]
    save_file(domain_adapter(CHANNELS, rank=4), tmp_path / "new")
    (tmp_path / "new").replace(path)
    applied(model, path, 1.0)
    assert reads == [path, path]


def test_other_image_loras_work(model: Patcher, tmp_path: Path, told: list[str]) -> None:
    stem = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    down, up = torch.randn(4, 32), torch.randn(32, 4)
    state = {f"lora_unet_{stem}.lora_down.weight": down, f"lora_unet_{stem}.lora_up.weight": up}
    state |= {f"lora_unet_{stem}.alpha": torch.tensor(2.0)}
    state |= {"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": torch.ones(4, 4)}
    adapted = applied(model, write(tmp_path, state), 0.6, told)
    ((name, found),) = [(key, weights(adapted)[key.removeprefix("diffusion_model.")]) for key in adapted.patches]
    assert relative_error(found, tiny_state()[name.removeprefix("diffusion_model.")] + 0.3 * up @ down) < 1e-6
    (text,) = told
    assert text.startswith("adapter.safetensors: 3 of 4 tensors apply to this model; the rest, such as lora_te_")
    assert "load the file with Load LoRA" in text


def test_a_part_that_applies_is_told(model: Patcher, tmp_path: Path, told: list[str]) -> None:
    state = domain_adapter(CHANNELS, rank=8)
    renamed = {key.replace("up_blocks.3", "up_blocks.7"): value for key, value in state.items()}
    assert len(applied(model, write(tmp_path, renamed), 1.0, told).patches) == 104
    assert told == [
        "adapter.safetensors: 208 of 256 tensors apply to this model; the rest, such as "
        "up_blocks.7.attentions.0.transformer_blocks.0.attn1.processor.to_k_lora.down.weight, change no layer of it."
    ]


def wrong_files() -> dict[str, tuple[str, dict[str, Tensor]]]:
    good = domain_adapter(CHANNELS, rank=4)
    down = next(iter(good))
    inner = down.split("attentions.0.")[1]
    return {
        "none": (
            "changes no layer of this model: none of its 1 tensors",
            {f"blocks.9.attentions.0.{inner}": torch.ones(1)},
        ),
        "rank": (r"is damaged: .*, \[5, 32\] and \[32, 4\], have different ranks", good | {down: torch.ones(5, 32)}),
        "width": ("does not fit this model: .* from 48 to 32 .* from 32 to 32", good | {down: torch.ones(4, 48)}),
        "flat": ("is damaged", good | {down: torch.ones(4)}),
        "lone": ("is incomplete: it has no tensor .*down", {key: good[key] for key in good if key != down}),
        "module": (r"is a motion module \(AnimateDiff v2\), not a domain adapter. Put it", motion_module((32,) * 4)),
        "motion LoRA": ("is a MotionLoRA, .*animatediff_motion_lora", motion_lora((32,) * 4, rank=1)),
        "checkpoint": (
            "a whole Stable Diffusion checkpoint, .*models/checkpoints",
            {
                "model.diffusion_model.input_blocks.0.0.weight": torch.ones(4, 4),
                "first_stage_model.a": torch.ones(4, 4),
            },
        ),
        "other": (r"changes no layer .* \(first keys: hello\)", {"hello": torch.ones(1)}),
    }


@pytest.mark.parametrize("kind", wrong_files())
def test_wrong_files(model: Patcher, tmp_path: Path, kind: str) -> None:
    words, state = wrong_files()[kind]
    path = write(tmp_path, state, "wrong.safetensors")
    with pytest.raises(AdapterError, match=r"(?s)^wrong\.safetensors .*" + words):
        applied(model, path, 1.0)
    assert model.patches == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_values(model: Patcher, tmp_path: Path, value: float) -> None:
    state = domain_adapter(CHANNELS, rank=4)
    state[list(state)[40]][0, 0] = value
    with pytest.raises(WeightFileError, match="adapter.safetensors is damaged: .* NaN or infinite"):
        applied(model, write(tmp_path, state), 1.0)


def test_sd15_adapter_on_sdxl(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="does not fit this model: .* from 768 .* from 2048 .* is for SD1.5"):
        applied(tiny_sdxl(), tiny_adapter(tmp_path), 1.0)
