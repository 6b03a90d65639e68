"""Where a training puts what it learnt, and what is the same when it is queued again."""

from pathlib import Path
from typing import Any

import folder_paths
import pytest
from comfy_api.latest import io
from kinema.nodes.host import folders
from kinema.nodes.training import NODES


@pytest.mark.parametrize("kind", [folders.MOTION_MODULES, folders.MOTION_LORAS, folders.TUNE_A_VIDEO])
def test_files_go_into_the_models_folder_of_comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Not into that of another program, which extra_model_paths.yaml names before this pack is loaded."""
    other = str(tmp_path / "other program" / kind)
    monkeypatch.setitem(folder_paths.folder_names_and_paths, kind, ([other], {".safetensors"}))
    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path / "models"))
    assert folders.saving_folder(kind) == str(tmp_path / "models" / kind)
    assert folder_paths.get_folder_paths(kind) == [other, str(tmp_path / "models" / kind)], "listed, too"


def test_what_comfyui_has_chosen_for_a_folder_of_its_own_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with is_default in extra_model_paths.yaml comes first."""
    monkeypatch.setitem(
        folder_paths.folder_names_and_paths, folders.LORAS, ([str(tmp_path / "chosen")], {".safetensors"})
    )
    assert folders.saving_folder(folders.LORAS) == str(tmp_path / "chosen")


@pytest.mark.parametrize("node", NODES)
def test_the_seed_stays_from_run_to_run(node: type[io.ComfyNode]) -> None:
    """Otherwise the front end draws another, and a training that was cancelled would begin anew."""
    info: dict[str, Any] = node.GET_SCHEMA().get_v1_info(node).input["optional"]
    if "seed" in info:
        assert info["seed"][1]["control_after_generate"] is False
