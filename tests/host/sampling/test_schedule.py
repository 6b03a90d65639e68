"""Beta Schedule: another noise schedule on a clone."""

import pytest
import torch
from kinema.motion.sampling import SCHEDULES
from kinema.nodes.sampling.schedule import BetaSchedule

from ..models import tiny_model


@pytest.mark.parametrize("name", ["sqrt_linear (AnimateDiff)", "linear (AnimateDiff-SDXL)", "cosine"])
def test_the_clone_has_the_schedule_and_the_model_its_own(name: str) -> None:
    model = tiny_model()
    before = model.get_model_object("model_sampling").sigmas.clone()
    scheduled = BetaSchedule.execute(model, name).args[0]
    sigmas = scheduled.get_model_object("model_sampling").sigmas
    torch.testing.assert_close(sigmas, SCHEDULES[name].sigmas().to(sigmas))
    assert torch.equal(model.get_model_object("model_sampling").sigmas, before)
    assert not torch.allclose(sigmas, before)
