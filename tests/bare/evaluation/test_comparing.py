"""Clips in one picture, and results as texts."""

import json

import pytest
import torch
from kinema.motion.camera import move_path
from kinema.motion.evaluation import (
    BACKGROUND,
    GAP,
    METRICS,
    EvaluationError,
    Result,
    check_together,
    describe_result,
    difference,
    fitted,
    measure_alone,
    measure_fidelity,
    ordered,
    tiled,
)

from .clips import noisy, panning


@pytest.mark.parametrize(
    ("layout", "columns", "rows"), [("side_by_side", 3, 1), ("below_each_other", 1, 3), ("grid", 2, 2)]
)
def test_every_clip_has_its_place(layout: str, columns: int, rows: int) -> None:
    clips = [torch.full((2, 3, 16, 20), value) for value in (0.2, 0.4, 0.6)]
    picture = tiled(clips, layout)
    assert picture.shape == (2, 3, rows * (16 + GAP) - GAP, columns * (20 + GAP) - GAP)
    for number, clip in enumerate(clips):
        row, column = divmod(number, columns)
        top, left = row * (16 + GAP), column * (20 + GAP)
        assert torch.equal(picture[:, :, top : top + 16, left : left + 20], clip)
    kept = sum(float((picture == value).float().mean()) for value in (0.2, 0.4, 0.6, BACKGROUND))
    assert kept == pytest.approx(1.0)


def test_another_size_is_fitted_whole() -> None:
    first, second = fitted([torch.zeros(1, 3, 20, 40), torch.ones(1, 3, 40, 40)])
    assert first.shape == second.shape
    torch.testing.assert_close(second[..., 10:30], torch.ones(1, 3, 20, 20))
    assert bool((second[..., :10] == BACKGROUND).all())
    assert bool((second[..., 30:] == BACKGROUND).all())


def test_clips_of_other_lengths_do_not_play_in_step() -> None:
    with pytest.raises(EvaluationError, match="The clips have 4, 3 frames and would not play in step"):
        check_together([torch.zeros(4, 3, 16, 16), torch.zeros(3, 3, 16, 16)])


def test_a_difference_is_amplified() -> None:
    clip = torch.full((1, 3, 16, 16), 0.5)
    torch.testing.assert_close(difference(clip, clip - 0.05, 4.0), torch.full_like(clip, 0.2))
    assert difference(clip, clip, 100.0).sum() == 0
    assert difference(clip, clip - 0.3, 10.0).max() == 1.0


def test_a_result_is_a_text_and_a_record() -> None:
    clip = panning(4)
    done: list[int] = []
    scores = measure_alone(clip, move_path([("pan left", 0.3)], 4), done.append)
    scores += measure_fidelity(noisy(clip, 0.05), clip)
    assert done[-1] == 3
    result = Result("pan", 4, 64, 64, ordered(scores), ("LPIPS was not measured: choose a file.",))
    assert [score.metric.key for score in result.scores] == [key for key in METRICS if result.score(key)]
    assert {"psnr", "ssim", "flicker", "warping", "motion", "shake", "frozen", "direction", "loop"} == {
        score.metric.key for score in result.scores
    }
    text = describe_result(result)
    assert text.splitlines()[0] == "pan: 4 frames of 64 x 64 pixels"
    assert "PSNR" in text
    assert "(higher is better; against the ground truth)" in text
    assert text.endswith("LPIPS was not measured: choose a file.")
    record = json.loads(json.dumps(result.record(), allow_nan=False))
    assert record["values"]["psnr"] == result.scores[0].value
    assert len(record["curves"]["motion"]) == 3
