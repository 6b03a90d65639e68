"""Tune-A-Video files: whole or in part they are read, anything else is refused in words; and they are written whole."""

from pathlib import Path

import pytest
import torch
from kinema.motion.crossframe import (
    OneShotError,
    OneShotModel,
    base_queries,
    place_of_layer,
    read_one_shot,
)
from kinema.motion.formats import WeightFileError, read_weights
from kinema.motion.training import publish_weights
from safetensors import safe_open
from torch import Tensor

from tests.harness.seeded.layouts import SMALL, image_unet, motion_module, tensor
from tests.harness.seeded.layouts_crossframe import QUERIES, blocks, one_shot, temporal_shapes
from tests.harness.seeded.layouts_lora import domain_adapter, motion_lora

State = dict[str, Tensor]
FIRST = "down_blocks.0.attentions.0.transformer_blocks.0"


def base() -> State:
    """The image model's queries in the original layout, among other weights."""
    state = {"input_blocks.0.0.weight": torch.ones(32, 4, 3, 3)}
    for _, block, c in blocks(SMALL):
        state |= {f"{block}.{leaf}": tensor(f"{block}.{leaf}", (c, c)) for leaf in QUERIES}
        state[f"{block}.attn1.to_k.weight"] = torch.ones(c, c)
    return state


def model(seed: int = 0) -> OneShotModel:
    return OneShotModel(base_queries(base()), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("prefix", ["", "unet.", "module."])
def test_whole_files_and_trained_parts(whole: bool, prefix: str) -> None:
    state = {prefix + key: value for key, value in one_shot(SMALL, whole).items()}
    read = read_one_shot(state, "file")
    assert len(read.widths) == 16
    assert {place.name: width for place, width in read.widths.items()} == {n: w for n, _, w in blocks(SMALL)}
    for place, block, _ in blocks(SMALL):
        for leaf in QUERIES:
            assert read.queries[f"{block}.{leaf}"] is state[f"{prefix}{place}.{leaf}"]
        head = f"layers.{place.replace('.', '_')}"
        assert read.layers[f"{head}.to_out.bias"] is state[f"{prefix}{place}.attn_temp.to_out.0.bias"]
        assert read.layers[f"{head}.norm_temp.weight"] is state[f"{prefix}{place}.norm_temp.weight"]


def test_what_was_not_trained_may_be_missing() -> None:
    state = {key: value for key, value in one_shot(SMALL).items() if ".norm_temp." not in key and ".attn2." not in key}
    read = read_one_shot(state, "file")
    norms = {name: value for name, value in read.layers.items() if "norm_temp" in name}
    assert len(norms) == 32
    assert all(bool((value == float(name.endswith("weight"))).all()) for name, value in norms.items())
    assert len(read.queries) == 16


def test_places_of_both_layouts() -> None:
    for name, block, _ in blocks(SMALL):
        place = place_of_layer(block)
        assert place is not None
        assert place.name == name
        assert place.layer == block
    middle = place_of_layer("middle_block.1.transformer_blocks.0")
    assert middle is not None
    assert (middle.block, middle.number) == (("middle", 0), 0)
    assert place_of_layer("input_blocks.1.0.transformer_blocks.0") is None
    assert place_of_layer("nothing") is None


def wrong_files() -> dict[str, tuple[str, State]]:
    good = one_shot(SMALL)
    q, out = f"{FIRST}.attn_temp.to_q.weight", f"{FIRST}.attn_temp.to_out.0.bias"
    unet = {key: torch.ones(1).expand(shape) for key, shape in image_unet(SMALL).items()}
    temporal = {key: torch.ones(shape) for key, shape in temporal_shapes(SMALL).items()}
    return {
        "lone": (f"is incomplete: it has no tensor {q}", {key: good[key] for key in good if key != q}),
        "bias": (f"is incomplete: it has no tensor {out}", {key: good[key] for key in good if key != out}),
        "query": ("is incomplete: .*attn1.to_q", {k: good[k] for k in good if k != f"{FIRST}.attn1.to_q.weight"}),
        "norm": ("is incomplete: .*norm_temp", {key: good[key] for key in good if key != f"{FIRST}.norm_temp.bias"}),
        "shape": ("is damaged: .*attn_temp.to_k.weight is", good | {f"{FIRST}.attn_temp.to_k.weight": torch.ones(32)}),
        "number": (r"is damaged: .*to_q.weight is \[32\]", good | {q: torch.ones(32)}),
        "scalar": ("is damaged: .*to_q.weight is", good | {q: torch.tensor(1.0)}),
        "extra": ("1 of its .* tensors are none that it has, such as hello", good | {"hello": torch.ones(1)}),
        "more": ("such as .*attn_temp.to_z", good | {f"{FIRST}.attn_temp.to_z.weight": torch.ones(1)}),
        "empty": ("is no Tune-A-Video", {}),
        "unet": ("is an image UNet without temporal layers", unet),
        "module": ("is a motion module .*animatediff_models", motion_module((32,) * 4)),
        "motion LoRA": ("is a MotionLoRA, .*animatediff_motion_lora", motion_lora((32,) * 4, rank=1)),
        "adapter": ("is a domain adapter .*models/loras", domain_adapter((32,) * 4, rank=1)),
        "other place": ("is no Tune-A-Video", {f"down_blocks.0.{key}": value for key, value in temporal.items()}),
    }


@pytest.mark.parametrize("kind", wrong_files())
def test_wrong_files(kind: str) -> None:
    words, state = wrong_files()[kind]
    with pytest.raises(OneShotError, match=rf"(?s)^wrong\.bin .*{words}"):
        read_one_shot(state, "wrong.bin")


@pytest.mark.parametrize("key", ["attn_temp.to_v.weight", "attn1.to_q.weight"])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_damaged_values(key: str, value: float) -> None:
    state = one_shot(SMALL)
    state[f"{FIRST}.{key}"][0, 0] = value
    with pytest.raises(WeightFileError, match=r"file is damaged: .* NaN or infinite"):
        read_one_shot(state, "file")


def test_what_is_trained() -> None:
    made = model()
    trained = {name for name, weight in made.named_parameters() if weight.requires_grad}
    assert len(trained) == 16 * 7
    assert {name for name, _ in made.named_parameters()} - trained == {
        name for name, _ in made.named_parameters() if "norm_temp" in name
    }
    wanted = base()
    for name, weight in made.queries.items():
        assert torch.equal(weight, wanted[name])
        assert weight.data_ptr() != wanted[name].data_ptr()


def test_a_training_without_blocks() -> None:
    with pytest.raises(OneShotError, match="no transformer blocks"):
        OneShotModel(base_queries({"input_blocks.0.0.weight": torch.ones(4)}))


def test_saved_and_read_again(tmp_path: Path) -> None:
    made, other = model(1), model(2)
    path = publish_weights(made.published(), {"kinema.steps": "500"}, [tmp_path / "mine.safetensors"])
    state = read_weights(str(path))
    assert state.keys() == one_shot(SMALL).keys()
    other.load_published(state)
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), other.parameters(), strict=True))
    read_one_shot(state, "mine")
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"kinema.steps": "500"}
    with pytest.raises(KeyError, match="attn_temp"):
        other.load_published({name: value for name, value in state.items() if "attn_temp" not in name})
