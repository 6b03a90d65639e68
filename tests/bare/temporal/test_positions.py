"""Adjusted position tables: as rows of the table itself, and inside the temporal transformer."""

import pytest
import torch
from kinema.motion.temporal import Mixing, PositionAdjustment, TemporalTransformer, position_matrix
from kinema.motion.temporal.positions import PositionError
from kinema.motion.temporal.transformer import sinusoidal_positions

TABLE = sinusoidal_positions(32, 64)


def adjusted(**settings: int) -> torch.Tensor:
    return position_matrix(32, [PositionAdjustment(**settings)]) @ TABLE


def bilinear(table: torch.Tensor, rows: int) -> torch.Tensor:
    """Each new row between the two old ones its middle lies between, as bilinear resizing places it."""
    count = table.shape[0]
    place = ((torch.arange(rows, dtype=torch.float64) + 0.5) * count / rows - 0.5).clamp(0, count - 1)
    left = place.floor().long()
    right = (left + 1).clamp(max=count - 1)
    part = (place - left)[:, None]
    return (table.double()[left] * (1 - part) + table.double()[right] * part).float()


def test_each_adjustment() -> None:
    assert torch.allclose(adjusted(stretch=8), bilinear(TABLE, 40), atol=1e-5)
    assert torch.equal(adjusted(skip_first=3), TABLE[3:])
    assert torch.equal(adjusted(cap=16), TABLE[:16])
    assert torch.allclose(adjusted(interpolate_to=20), bilinear(TABLE, 20), atol=1e-5)
    assert torch.equal(adjusted(skip_after=5), TABLE[5:])


def test_the_order_is_stretch_skip_cap_interpolate_skip() -> None:
    wanted = bilinear(bilinear(TABLE, 40)[4:][:16], 24)[2:]
    found = adjusted(stretch=8, skip_first=4, cap=16, interpolate_to=24, skip_after=2)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_adjustments_follow_one_another() -> None:
    first, second = PositionAdjustment(cap=16, interpolate_to=24), PositionAdjustment(skip_first=2)
    assert torch.allclose(position_matrix(32, [first, second]) @ TABLE, bilinear(TABLE[:16], 24)[2:], atol=1e-5)


@pytest.mark.parametrize("settings", [{"cap": 33}, {"skip_first": 32}, {"cap": 4, "skip_after": 4}])
def test_nothing_left_is_answered(settings: dict[str, int]) -> None:
    with pytest.raises(PositionError, match="Lower it"):
        position_matrix(32, [PositionAdjustment(**settings)])


def test_inside_the_transformer() -> None:
    torch.manual_seed(0)
    layer, changed = TemporalTransformer(64, 32), TemporalTransformer(64, 40)
    for module in (layer, changed):
        for attention in module.attentions:
            attention.positions.table.data = TABLE
    changed.load_state_dict(layer.state_dict())
    matrix = position_matrix(32, [PositionAdjustment(stretch=8)])
    for attention in changed.attentions:
        attention.positions.table.data = bilinear(TABLE, 40)
    x = torch.randn(40, 64, 3, 3)
    with torch.inference_mode():
        assert torch.allclose(layer(x, Mixing(40, rows=matrix)), changed(x, Mixing(40)), atol=1e-5)
        assert not torch.allclose(layer(x[:32], Mixing(32, rows=matrix)), layer(x[:32], Mixing(32)), atol=1e-3)
