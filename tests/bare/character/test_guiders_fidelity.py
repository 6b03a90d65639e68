"""Guiders against a plain second implementation of what their authors run."""

from collections.abc import Callable, Mapping

import pytest
import torch
from kinema.motion.character import fresh_guider, load_guider, read_guider
from torch import Tensor

from tests.harness.seeded.layouts import Shape
from tests.harness.seeded.layouts_guiders import (
    PAPER,
    aniportrait_guider,
    champ_guider,
    moore_guider,
    paper_guider,
    seeded_guider,
)
from tests.papers import guiders as reference
from tests.papers.error import relative_error

State = dict[str, Tensor]
CASES: Mapping[str, tuple[dict[str, Shape], Callable[[Tensor, State], Tensor | list[Tensor]]]] = {
    "moore": (moore_guider(32), reference.moore),
    "moore of published widths": (moore_guider(), reference.moore),
    "moore of the paper's widths": (moore_guider(inner=PAPER), reference.moore),
    "champ": (champ_guider(32), reference.champ),
    "aniportrait": (aniportrait_guider((32, 64, 128, 128), 64), reference.aniportrait),
    "paper": (paper_guider(), reference.paper),
}


def pictures(frames: int = 4, height: int = 192, width: int = 128) -> Tensor:
    return torch.rand(frames, 3, height, width, generator=torch.Generator().manual_seed(frames))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_to_the_reference(name: str, dtype: torch.dtype) -> None:
    shapes, run = CASES[name]
    state = {key: value.to(dtype) for key, value in seeded_guider(shapes, name).items()}
    guider = load_guider(*read_guider(state, "file.pth"), dtype=dtype)
    found, wanted = guider.features(pictures().to(dtype)), run(pictures().to(dtype), state)
    for one, other in zip(found, wanted if isinstance(wanted, list) else [wanted], strict=True):
        # float32: batch statistics of few places on the deepest levels enlarge what rounding leaves
        assert relative_error(one, other) < (1e-4 if dtype == torch.float32 else 1e-11)


def test_the_range_of_the_scripts() -> None:
    shapes, _ = CASES["aniportrait"]
    state = {key: value.double() for key, value in seeded_guider(shapes, "raw").items()}
    guider = load_guider(*read_guider(state, "file.pth"), dtype=torch.float64)
    wanted = reference.aniportrait(pictures().double(), state, raw=True)
    for one, other in zip(guider(255 * pictures().double()), wanted, strict=True):
        assert relative_error(one, other) < 1e-11


def test_windows_are_read_apart() -> None:
    """The maps of a window are not those of the clip: a sampler has to ask for each window by itself."""
    shapes, _ = CASES["aniportrait"]
    state = {key: value.double() for key, value in seeded_guider(shapes, "windows").items()}
    guider = load_guider(*read_guider(state, "file.pth"), dtype=torch.float64)
    frames = pictures(6).double()
    whole = guider.features(frames)
    for window in ([0, 1, 2], [4, 5, 0]):
        wanted = reference.aniportrait(frames[window], state)
        for one, other, full in zip(guider.features(frames[window]), wanted, whole, strict=True):
            assert relative_error(one, other) < 1e-11
            assert relative_error(one, full[window]) > 1e-3


def test_a_fresh_guider_with_another_projection() -> None:
    """Only the projection of a fresh one is silent, the rest works as the reference's."""
    state = fresh_guider(3).state_dict()
    state["conv_out.weight"] = torch.randn_like(state["conv_out.weight"])
    found = load_guider(*read_guider(state, "file.pth"))(pictures(2))
    assert relative_error(found[0], reference.paper(pictures(2), state)) < 1e-5
