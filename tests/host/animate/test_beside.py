"""Beside AnimateDiff-Evolved and context windows of others, known by what they leave on a model."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from comfy.context_windows import ContextHandlerABC
from comfy.patcher_extension import PatcherInjection
from kinema.nodes.host.animate import checks

from ..models import Patcher, animated, sample, tiny_model, tiny_motion
from ..windows.test_sliding import slid


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(checks, "notice", texts.append)
    return texts


def evolved(model: Patcher, length: int | None = None) -> Patcher:
    """A model as AnimateDiff-Evolved leaves it, with motion, or with context options alone."""
    patched = model.clone()
    if length is None:
        patched.set_injections("ADE", [PatcherInjection(inject=lambda _: None, eject=lambda _: None)])
    options = SimpleNamespace(context_options=SimpleNamespace(context_length=length))
    patched.set_attachments("ADE_params", options)
    return patched


@pytest.mark.parametrize("first", [True, False])
def test_motion_of_two_packs_is_told(model, tmp_path: Path, told: list[str], first: bool) -> None:
    motion = tiny_motion(tmp_path)
    both = animated(evolved(model), motion) if first else evolved(animated(model, motion))
    begun: list[int] = []
    sample(both, callback=lambda *_: begun.append(len(told)))
    assert begun[0] == 1, "before the first step"
    assert "moved twice" in told[0]


def test_nothing_is_told_of_one_pack(model, tmp_path: Path, told: list[str]) -> None:
    sample(animated(model, tiny_motion(tmp_path)))
    assert told == []


def test_context_options_of_others_name_sliding_context(model, tmp_path: Path, told: list[str]) -> None:
    motion = tiny_motion(tmp_path)
    patched = evolved(animated(model, motion), 12)
    sample(patched, 12, 1)
    assert told == []
    with pytest.raises(checks.ClipError, match=r"at most 32 .* AnimateDiff-Evolved\. .* Sliding Context .*length 12"):
        sample(patched, 40, 1)
    sample(patched, 20, 1)
    assert "Sliding Context" in told[0]
    sample(slid(patched), 40, 1)
    assert len(told) == 1


def windowed(model: Patcher, dim: int) -> Patcher:
    """Context Windows (Manual) of the host."""
    from comfy_extras.nodes_context_windows import ContextWindowsManualNode

    arguments: tuple[Any, ...] = (8, 2, "standard_static", 1, False, "pyramid", dim, False)
    return ContextWindowsManualNode.execute(model, *arguments).result[0]


def test_windows_of_the_host_act(model, tmp_path: Path) -> None:
    moving = animated(model, tiny_motion(tmp_path), "use existing")
    assert bool(sample(windowed(moving, 0), 40, 1).isfinite().all())


def test_windows_of_the_host_across_the_picture_are_refused(model, tmp_path: Path) -> None:
    patched = windowed(animated(model, tiny_motion(tmp_path), "use existing"), 2)
    with pytest.raises(checks.ClipError, match="dimension 2"):
        sample(patched, size=16)
    assert bool(sample(patched, size=8).isfinite().all()), "it fits in one window of theirs"


class Plain(ContextHandlerABC):
    """The least a handler has; it never cuts."""

    def should_use_context(self, *_: Any) -> bool:
        return False

    def get_resized_cond(self, *_: Any) -> list[Any]:
        raise NotImplementedError

    def execute(self, *_: Any) -> Any:
        raise NotImplementedError


def test_a_handler_of_another_pack(model, tmp_path: Path) -> None:
    moving = animated(model, tiny_motion(tmp_path), "use existing")
    patched = moving.clone()
    patched.model_options["context_handler"] = Plain()
    assert torch.equal(sample(patched), sample(moving))
