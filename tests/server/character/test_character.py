"""Animate Anyone on a real server: clips that follow picture and poses, and what cannot work is answered beforehand."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from tests.harness import client, templates
from tests.harness.seeded.names import REFERENCE_UNET
from tests.harness.server import Server

from ..pose.test_pose import frames_of
from ..test_answers import failed

LOAD, ANIMATE, DRAW = "KinemaLoadAnimateAnyone", "KinemaAnimateCharacter", "KinemaDrawPose"
FRAMES = 8


@pytest.fixture(scope="module")
def template(object_info: dict[str, Any]) -> templates.Prompt:
    """The template at a size a CPU finishes in seconds."""
    prompt = templates.to_api("animate-character", object_info)
    return templates.use_seeded_weights(prompt, steps=1, frames=FRAMES)


@pytest.fixture
def character(template: templates.Prompt) -> templates.Prompt:
    """A copy of it to change."""
    return deepcopy(template)


@pytest.fixture(scope="module")
def clip(server: Server, template: templates.Prompt) -> np.ndarray:
    """What it makes."""
    return sampled(server, template)


def sampled(server: Server, prompt: templates.Prompt) -> np.ndarray:
    """Frames of the clip, lossless."""
    prompt = deepcopy(prompt)
    templates.set_inputs(prompt, "KinemaCombineVideo", format="ffv1-mov")
    return frames_of(server, prompt)


def only(prompt: templates.Prompt, class_type: str) -> dict[str, Any]:
    """The inputs of the node of a class."""
    (entry,) = [entry for entry in prompt.values() if entry["class_type"] == class_type]
    return entry["inputs"]


def without_picture(prompt: templates.Prompt) -> templates.Prompt:
    """The same with a conditioning that no model makes, so that what goes wrong is told soon."""
    del only(prompt, ANIMATE)["reference"]
    prompt["any"] = {"class_type": "LotusConditioning", "inputs": {}}
    only(prompt, "KSampler").update(positive=["any", 0], negative=["any", 0])
    return prompt


def differs(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over pixels, in brightness levels."""
    return float(np.abs(one.astype(float) - other).mean())


def test_a_clip_has_a_frame_for_each_place_of_the_latent(clip: np.ndarray) -> None:
    assert clip.shape == (FRAMES, 64, 64, 3)
    assert clip.std() > 5


def test_other_poses_make_another_clip(server: Server, character: templates.Prompt, clip: np.ndarray) -> None:
    for entry in character.values():
        if entry["_meta"]["title"] == "Motion":
            entry["inputs"]["frames"] = 3 * FRAMES
    assert differs(sampled(server, character), clip) > 0.1


def test_another_picture_makes_another_clip(server: Server, character: templates.Prompt, clip: np.ndarray) -> None:
    character["inverted"] = {"class_type": "ImageInvert", "inputs": {"image": only(character, "ImageScale")["image"]}}
    only(character, "ImageScale")["image"] = ["inverted", 0]
    assert differs(sampled(server, character), clip) > 0.1


def test_it_is_the_same_again(server: Server, character: templates.Prompt, clip: np.ndarray) -> None:
    # nothing is taken from the host's cache
    client.post(server.url, "/free", {"unload_models": True, "free_memory": True})
    assert np.array_equal(sampled(server, character), clip)


def test_nothing_in_the_files_says_whose_they_are(server: Server, character: templates.Prompt) -> None:
    only(character, LOAD)["release"] = "auto"
    failed(
        server,
        without_picture(character),
        LOAD,
        "set release to one of moore (Moore-AnimateAnyone), musepose (MusePose)",
    )


def test_exchanged_files(server: Server, character: templates.Prompt) -> None:
    only(character, LOAD)["denoising_unet"] = REFERENCE_UNET
    words = (REFERENCE_UNET, "the reference UNet of Animate Anyone", "Choose denoising_unet.pth of a release here")
    failed(server, without_picture(character), LOAD, *words)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("motion_module", "Choose motion_module in Load Animate Anyone, or connect Load Motion Module"),
        ("denoising_unet", "Choose the denoising UNet in Load Animate Anyone and connect its model output"),
    ],
)
def test_a_part_that_is_missing(server: Server, character: templates.Prompt, part: str, words: str) -> None:
    only(character, LOAD)[part] = "none"
    failed(server, without_picture(character), ANIMATE, words)


def test_too_few_poses(server: Server, character: templates.Prompt) -> None:
    for entry in character.values():
        if entry["_meta"]["title"] == "Motion":
            entry["inputs"]["frames"] = 5
    words = "Set the batch size of the latent to 5, or bring the poses to 8 frames with Retime Pose"
    failed(server, without_picture(character), "KSampler", words)


def test_poses_in_other_proportions(server: Server, character: templates.Prompt) -> None:
    templates.set_inputs(character, DRAW, width=512, height=768)
    failed(
        server,
        without_picture(character),
        "KSampler",
        "are 512 x 768, the clip 64 x 64",
        "Draw them in the size of the clip",
    )
