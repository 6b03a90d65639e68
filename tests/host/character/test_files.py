"""The files of Animate Anyone in the host: every container and precision, read once, and the host's own model."""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import comfy.lora
import comfy.model_base
import pytest
import torch
from kinema.motion.character import CharacterError
from kinema.motion.formats import WeightFileError, read_weights, unet_name
from kinema.nodes.host import files
from kinema.nodes.host.character import DenoisingWeights, GuiderWeights, ReferenceNet, ReferenceWeights
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts import MINI
from tests.harness.seeded.layouts_character import denoising_unet, seeded
from tests.harness.seeded.layouts_lora import image_lora

from .scene import denoiser_state, guider_state, reference_state

State = dict[str, Tensor]
GUIDERS = ("moore", "champ", "aniportrait", "paper")
PARTS: dict[str, tuple[type[files.LoadedFile[Any]], Callable[[], State]]] = {
    "reference": (ReferenceWeights, reference_state),
    **{kind: (GuiderWeights, partial(guider_state, kind)) for kind in GUIDERS},
}
WRAPPED: dict[str, Callable[[State], Any]] = {
    "bare": dict,
    "state_dict": lambda state: {"state_dict": state},
    "DDP": lambda state: {f"module.{key}": value for key, value in state.items()},
    "trainer": lambda state: {
        "epoch": 3,
        "global_step": torch.tensor(30_000),
        "state_dict": {f"module.{key}": value for key, value in state.items()},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}},
    },
}


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (str(self.marker), "w")


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A denoising UNet that is as wide as the host's detection asks for."""
    path = tmp_path_factory.mktemp("mini") / "denoising_unet.safetensors"
    save_file(seeded(denoising_unet(MINI), "denoiser"), path)
    return str(path)


@pytest.fixture(scope="module")
def denoising(mini: str) -> DenoisingWeights:
    return DenoisingWeights.load(mini)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read, as they are."""
    seen: list[str] = []
    for kind in (ReferenceWeights, GuiderWeights):
        read = kind.read

        def note(path: str, read: Callable[[str], files.Weights] = read) -> files.Weights:
            seen.append(Path(path).name)
            return read(path)

        monkeypatch.setattr(kind, "read", note)
    return seen


def halved(state: State, dtype: torch.dtype) -> State:
    return {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}


def values(model: torch.nn.Module) -> list[Tensor]:
    return [value for _, value in sorted(model.state_dict().items())]


def held(part: str, state: State, loaded: files.LoadedFile[Any]) -> None:
    """The model holds every number of the file that anybody uses, and nothing else."""
    own = loaded.model.state_dict()
    assert len(own) == {"reference": 662, "moore": 16, "champ": 35, "aniportrait": 139, "paper": 10}[part]
    dtype = loaded.model.get_dtype()
    pool = [value.to(dtype) for value in state.values()]
    if part == "reference":
        named = {unet_name(key): value for key, value in zip(state, pool, strict=True)}
        assert all(torch.equal(value, named[name]) for name, value in own.items())
    else:
        assert all(
            any(value.shape == each.shape and torch.equal(value, each) for each in pool) for value in own.values()
        )
    assert not any(value.requires_grad for value in loaded.model.parameters())
    assert not loaded.model.training


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_containers_and_precisions(tmp_path: Path, part: str, dtype: torch.dtype, suffix: str) -> None:
    kind, make = PARTS[part]
    path, state = tmp_path / f"{part}.{suffix}", halved(make(), dtype)
    if suffix == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    loaded = kind.load(str(path))
    assert loaded.file == path.name
    # a processor may have no half precision, and then the host keeps the weights in full
    assert loaded.model.get_dtype() in (dtype, torch.float32)
    held(part, state, loaded)


@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("part", ["reference", "champ"])
def test_what_trainers_wrap_around(tmp_path: Path, part: str, wrapped: str, zipped: bool) -> None:
    kind, make = PARTS[part]
    path = tmp_path / "trained.pth"
    torch.save(WRAPPED[wrapped](make()), path, _use_new_zipfile_serialization=zipped)
    held(part, make(), kind.load(str(path)))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("part", ["reference", "moore"])
def test_code_in_a_file_is_not_run(tmp_path: Path, part: str, zipped: bool) -> None:
    kind, make = PARTS[part]
    path, marker = tmp_path / "evil.pth", tmp_path / "ran"
    torch.save(make() | {"x": Attack(marker)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightFileError, match=r"^evil\.pth holds Python objects besides weights .* could run code"):
        kind.load(str(path))
    assert not marker.exists()


@pytest.mark.parametrize("part", ["reference", "moore", "champ"])
def test_values_that_are_no_weights(tmp_path: Path, part: str) -> None:
    kind, make = PARTS[part]
    key = "conv_in.weight"
    for number, (bad, words) in enumerate(
        (
            (torch.full_like(make()[key], float("nan")), "holds NaN"),
            (make()[key].to(torch.int8), "holds whole numbers .int8"),
        )
    ):
        path = tmp_path / f"{number}.safetensors"
        save_file(make() | {key: bad}, path)
        with pytest.raises(WeightFileError, match=rf"^{number}\.safetensors .*{key} {words}"):
            kind.load(str(path))


@pytest.mark.parametrize("part", ["reference", "moore"])
def test_read_once_and_again_when_replaced(tmp_path: Path, reads: list[str], part: str) -> None:
    kind, make = PARTS[part]
    path = tmp_path / f"{part}.safetensors"
    save_file(make(), path)
    first = kind.load(str(path))
    assert kind.load(str(path)) is first
    assert reads == [path.name]
    other = make() | {"conv_in.weight": make()["conv_in.weight"] + 1}
    save_file(other, tmp_path / "new.safetensors")
    os.utime(tmp_path / "new.safetensors", ns=(1, 1))
    os.replace(tmp_path / "new.safetensors", path)
    second = kind.load(str(path))
    assert second is not first
    assert reads == [path.name] * 2
    held(part, other, second)
    held(part, make(), first)


def test_as_many_guiders_are_kept_as_champ_has(tmp_path: Path, reads: list[str]) -> None:
    paths = [tmp_path / f"{n}.safetensors" for n in range(GuiderWeights.kept)]
    for path in paths:
        save_file(guider_state("champ"), path)
    for path in paths * 2:
        GuiderWeights.load(str(path))
    assert reads == [path.name for path in paths]


def test_the_host_loads_a_file_again(tmp_path: Path) -> None:
    for part in ("reference", "aniportrait"):
        kind, make = PARTS[part]
        path = tmp_path / f"{part}.safetensors"
        save_file(make(), path)
        patcher = kind.load(str(path)).patcher
        again, arguments = patcher.clone().cached_patcher_init
        other = again(*arguments, disable_dynamic=True)
        assert all(torch.equal(one, two) for one, two in zip(values(other.model), values(patcher.model), strict=True))


def test_a_file_in_the_wrong_slot(tmp_path: Path) -> None:
    for part, (_, make) in PARTS.items():
        save_file(make(), tmp_path / f"{part}.safetensors")
    save_file(denoiser_state(), tmp_path / "denoiser.safetensors")
    for kind, wrong in (
        (ReferenceWeights, ["denoiser", *GUIDERS]),
        (DenoisingWeights, ["reference", *GUIDERS]),
        (GuiderWeights, ["reference", "denoiser"]),
    ):
        for name in wrong:
            with pytest.raises(CharacterError, match=rf"^{name}\.safetensors is (a|an|the) .* Choose "):
                kind.load(str(tmp_path / f"{name}.safetensors"))


def test_a_denoiser_that_the_host_has_no_model_for(tmp_path: Path) -> None:
    save_file(denoiser_state(), tmp_path / "thin.safetensors")
    with pytest.raises(CharacterError, match=r"^thin\.safetensors .*32, 64, 128.* Choose denoising_unet\.pth"):
        DenoisingWeights.load(str(tmp_path / "thin.safetensors"))


def test_a_damaged_denoiser(tmp_path: Path) -> None:
    state = denoiser_state()
    for change, words in (
        ({"conv_out.bias": torch.zeros(5)}, "1 of its tensors have unexpected shapes"),
        ({"down_blocks.0.resnets.0.conv_shortcut.bias": torch.zeros(32)}, "1 of its tensors have no place in it"),
        ({"conv_out.bias": torch.zeros(4, dtype=torch.int8)}, "conv_out.bias holds whole numbers"),
    ):
        save_file(state | change, tmp_path / "bad.safetensors")
        with pytest.raises((CharacterError, WeightFileError), match=rf"^bad\.safetensors .*{words}"):
            DenoisingWeights.load(str(tmp_path / "bad.safetensors"))


def test_the_hosts_model_holds_the_files_numbers(mini: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    model = DenoisingWeights.build(mini).model
    assert isinstance(model, comfy.model_base.BaseModel)
    own, state = model.diffusion_model.state_dict(), read_weights(mini)
    assert own.keys() == {unet_name(key) for key in state}
    for key, value in state.items():
        found = own[str(unet_name(key))]
        assert found.dtype == value.dtype
        assert torch.equal(found, value)
    assert not [line for line in caplog.messages if "missing" in line or "unexpected" in line or "left over" in line]


def test_half_precision_denoisers(mini: str, tmp_path: Path) -> None:
    state = halved(read_weights(mini), torch.float16)
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "half.pth")
    own = DenoisingWeights.build(str(tmp_path / "half.pth")).model.diffusion_model.state_dict()
    assert all(
        torch.equal(own[str(unet_name(key))], value.to(own[str(unet_name(key))])) for key, value in state.items()
    )


def test_the_hosts_patcher_does_what_it_does_for_others(mini: str, denoising: DenoisingWeights) -> None:
    assert DenoisingWeights.load(mini) is denoising
    clone = denoising.patcher.clone()
    assert clone.model is denoising.model
    keys = comfy.lora.model_lora_keys_unet(clone.model, {})
    assert "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q" in keys
    lora = image_lora(MINI, rank=2)
    patches = comfy.lora.load_lora(lora, keys)
    taken = clone.add_patches(patches, 1.0)
    assert len(taken) == len(patches) == len(lora) // 3
    assert not denoising.patcher.patches
    again, arguments = clone.cached_patcher_init
    assert arguments == (DenoisingWeights, mini)
    other = again(*arguments, disable_dynamic=True)
    assert other.model is not denoising.model
    assert other.cached_patcher_init == clone.cached_patcher_init
    assert all(torch.equal(one, two) for one, two in zip(values(other.model), values(denoising.model), strict=True))


def test_the_network_has_nothing_that_is_not_read(tmp_path: Path) -> None:
    save_file(reference_state(), tmp_path / "reference.safetensors")
    loaded = ReferenceWeights.load(str(tmp_path / "reference.safetensors"))
    assert isinstance(loaded.model, ReferenceNet)
    assert not [key for key in loaded.model.state_dict() if key.startswith("out.")]
    assert not any(value.is_meta for value in loaded.model.state_dict().values())
