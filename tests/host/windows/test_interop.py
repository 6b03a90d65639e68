"""Other packs' patches in windows: a picture for each frame, as image-prompt adapters use them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.papers.error import relative_error

from ..models import Patcher, animated, sample, tiny_model, tiny_motion
from .test_sliding import slid

FRAMES = 12


def prompted(model: Patcher, pictures: Tensor) -> Patcher:
    """Cross-attention that sees one more token for each frame, picked by ``ad_params`` as IPAdapter does.

    Args:
        pictures: (frames, 1, 768), the embedding of each frame's picture.
    """
    patched = model.clone()

    def see(q: Tensor, k: Tensor, v: Tensor, options: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        own = pictures
        params = options.get("ad_params")
        if params is not None and params["sub_idxs"] is not None:
            assert pictures.shape[0] == params["full_length"]
            own = own[params["sub_idxs"]]
        own = own.repeat(len(options["cond_or_uncond"]), 1, 1).to(k)
        assert own.shape[0] == q.shape[0]
        return q, torch.cat([k, own], dim=1), torch.cat([v, own], dim=1)

    patched.set_model_attn2_patch(see)
    return patched


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("moving", [False, True])
def test_every_frame_sees_its_own_picture(model: Patcher, tmp_path: Path, moving: bool, at_once: int) -> None:
    """A motion module that does nothing leaves frames alone, so that windows may not change anything."""
    pictures = torch.randn(FRAMES, 1, 768, generator=torch.Generator().manual_seed(9)) * 4
    base = animated(model, tiny_motion(tmp_path, zero_output=True), "use existing") if moving else model
    whole = sample(prompted(base, pictures), FRAMES, 1)
    found = sample(slid(prompted(base, pictures), at_once), FRAMES, 1)
    assert relative_error(found, whole) < 1e-5
    assert relative_error(whole, sample(prompted(base, pictures.flip(0)), FRAMES, 1)) > 1e-3
