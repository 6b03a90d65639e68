"""Plans of pieces."""

import random

import numpy as np
import pytest
from kinema.motion.pieces import PiecesError, plan_pieces, plan_problem


def some(seed: int) -> tuple[int, int, int]:
    """Frames, frames in a piece, overlap."""
    draw = random.Random(seed)
    per_piece = draw.randint(2, 40)
    return draw.randint(1, 300), per_piece, draw.randint(0, per_piece - 1)


@pytest.mark.parametrize("seed", range(300))
def test_every_frame_is_in_a_piece_and_no_piece_is_short(seed: int) -> None:
    frames, per_piece, overlap = some(seed)
    plan = plan_pieces(frames, per_piece, overlap)
    assert plan.frames == frames
    assert plan.pieces[0].first == 0
    assert [piece.number for piece in plan.pieces] == list(range(len(plan.pieces)))
    for before, after in zip(plan.pieces, plan.pieces[1:], strict=False):
        assert before.end - after.first == overlap
    lengths = [piece.frames for piece in plan.pieces]
    assert max(lengths) <= per_piece
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > overlap or len(lengths) == 1
    if len(lengths) > 1:
        assert min(lengths) >= min(per_piece, 2 * per_piece // 3, (per_piece + overlap) // 2)
        # one piece fewer would not do
        assert (len(lengths) - 1) * per_piece - (len(lengths) - 2) * overlap < frames


@pytest.mark.parametrize("seed", range(300))
def test_weights_sum_to_one(seed: int) -> None:
    plan = plan_pieces(*some(seed))
    total, pieces = np.zeros(plan.frames), np.zeros(plan.frames)
    for piece in plan.pieces:
        weights = plan.weights(piece)
        assert weights.shape == (piece.frames,)
        assert (weights > 0).all()
        total[piece.first : piece.end] += weights
        pieces[piece.first : piece.end] += 1
    # with more than two pieces on one frame they are divided by their sum
    assert np.allclose(total[pieces <= 2], 1, atol=1e-6)


def test_one_piece_fades_into_the_next_in_equal_steps() -> None:
    plan = plan_pieces(17, 10, 3)
    assert [(piece.first, piece.frames) for piece in plan.pieces] == [(0, 10), (7, 10)]
    assert np.allclose(plan.weights(plan.pieces[0])[-4:], [1, 0.75, 0.5, 0.25])
    assert np.allclose(plan.weights(plan.pieces[1])[:4], [0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("overlap", [5, 6])
def test_a_piece_is_longer_than_what_it_shares(overlap: int) -> None:
    with pytest.raises(PiecesError, match="Set overlap below 5"):
        plan_pieces(20, 5, overlap)
    assert plan_problem(5, 4) is None
    assert plan_problem(None, 4) is None
    with pytest.raises(PiecesError, match="no frames"):
        plan_pieces(0, 5, 2)
