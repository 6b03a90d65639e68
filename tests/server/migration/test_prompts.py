"""Prompts made for other packs, posted to a server where Kinema alone is installed."""

import asyncio
import json
import random
import time
from typing import Any

import aiohttp
import av
import pytest

from tests.harness import client, templates
from tests.harness.seeded.names import CHECKPOINT, MOTION_LORA
from tests.harness.server import Server

from ...bare.migration.test_damage import mutated

Prompt = dict[str, dict[str, Any]]
MUTATED = 300
"""Mutated prompts that are posted."""


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def sampled(model: list[Any], frames: int = 8) -> Prompt:
    """What the animated model of a graph is put into: from a checkpoint to a saved video."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=CHECKPOINT),
        "2": node("CLIPTextEncode", text="a boat", clip=["1", 1]),
        "3": node("ADE_EmptyLatentImageLarge", width=64, height=64, batch_size=frames),
        "4": node(
            "KSampler",
            model=model,
            positive=["2", 0],
            negative=["2", 0],
            latent_image=["3", 0],
            seed=1,
            steps=1,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "5": node("VAEDecode", samples=["4", 0], vae=["1", 2]),
        "6": node(
            "VHS_VideoCombine",
            images=["5", 0],
            frame_rate=8,
            loop_count=0,
            filename_prefix="migrated/clip",
            format="video/h264-mp4",
            pix_fmt="yuv420p",
            crf=19,
            pingpong=False,
            save_output=True,
        ),
    }


def gen_1(**more: Any) -> Prompt:
    loader = node("ADE_AnimateDiffLoaderGen1", model=["1", 0], model_name=templates.MOTION_MODULE, **more)
    return {**sampled(["10", 0]), "10": loader}


def legacy() -> Prompt:
    """Two thirds of all public workflows: the first loader with its window."""
    loader = {"model": ["1", 0], "context_options": ["11", 0], "model_name": templates.MOTION_MODULE}
    window = {"context_length": 8, "context_stride": 1, "context_overlap": 2, "context_schedule": "uniform"}
    return {
        **sampled(["10", 0], frames=12),
        "10": node("ADE_AnimateDiffLoaderWithContext", **loader, beta_schedule="sqrt_linear (AnimateDiff)"),
        "11": node("ADE_AnimateDiffUniformContextOptions", **window, closed_loop=False),
    }


def gen_2() -> Prompt:
    lora = node("ADE_AnimateDiffLoRALoader", name=MOTION_LORA, strength=0.8)
    loaded = node("ADE_LoadAnimateDiffModel", model_name=templates.MOTION_MODULE)
    applied = node("ADE_ApplyAnimateDiffModelSimple", motion_model=["11", 0], motion_lora=["13", 0])
    sampling = node("ADE_UseEvolvedSampling", model=["1", 0], m_models=["12", 0], beta_schedule="autoselect")
    return {**sampled(["10", 0]), "10": sampling, "11": loaded, "12": applied, "13": lora}


def from_video() -> Prompt:
    """A video in, every second frame of it out."""
    loaded = {"video": templates.VIDEO, "force_rate": 0, "frame_load_cap": 8, "select_every_nth": 2}
    return {
        "1": node("VHS_LoadVideo", **loaded),
        "2": node("VHS_VideoInfo", video_info=["1", 3]),
        "3": node("VHS_VideoCombine", images=["1", 0], frame_rate=["2", 5], format="image/gif"),
    }


def watched(server: Server, prompt: Prompt, **extra: Any) -> tuple[client.Outcome, list[dict[str, Any]]]:
    """What became of a prompt, and the reports that the client got."""
    events: list[client.Event] = []
    outcome = client.run_prompt(server.url, prompt, events.append, **extra)
    return outcome, [event["data"]["report"] for event in events if event["type"] == "kinema.migrated"]


@pytest.mark.parametrize(
    ("prompt", "frames", "headline"),
    [
        (gen_1(), 8, "3 nodes from AnimateDiff-Evolved and VideoHelperSuite now run on Kinema and ComfyUI."),
        (gen_1(beta_schedule="lcm", motion_scale=1.1), 8, "3 nodes from AnimateDiff-Evolved and VideoHelperSuite"),
        (legacy(), 12, "4 nodes from AnimateDiff-Evolved and VideoHelperSuite"),
        (gen_2(), 8, "6 nodes from AnimateDiff-Evolved and VideoHelperSuite"),
        (from_video(), 8, "3 nodes from VideoHelperSuite"),
    ],
)
def test_to_a_video(server: Server, prompt: Prompt, frames: int, headline: str) -> None:
    outcome, reports = watched(server, prompt)
    assert outcome.status == "success", outcome.message
    (file,) = outcome.files()
    with av.open(str(client.saved_path(server.output, file))) as container:
        assert sum(1 for _ in container.decode(video=0)) == frames
    (report,) = reports
    assert report["headline"].startswith(headline)
    assert {entry["state"] for entry in report["nodes"]} <= {"migrated", "absorbed"}


def combined(**inputs: Any) -> Prompt:
    empty = node("EmptyImage", width=16, height=16, batch_size=4, color=0)
    return {"1": empty, "2": node("VHS_VideoCombine", images=["1", 0], frame_rate=8, format="image/gif", **inputs)}


def test_what_needs_nothing_is_told_nothing(server: Server) -> None:
    prompt = {**combined(), "2": node("PreviewImage", images=["1", 0])}
    outcome, reports = watched(server, prompt)
    assert outcome.status == "success"
    assert reports == []


def finished(server: Server, word: str) -> list[Any]:
    """The prompt with a word in it, from the history, which the host writes a moment after it says that it is done."""
    for _ in range(100):
        history = client.get_json(server.url, "/history").values()
        found = [entry["prompt"] for entry in history if word in str(entry["prompt"])]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no prompt with {word} came into the history")


def test_a_saved_file_opens_as_ours(server: Server) -> None:
    graph = {
        "nodes": [
            {"id": 1, "type": "EmptyImage", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
            {
                "id": 2,
                "type": "VHS_VideoCombine",
                "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
                "widgets_values": {"frame_rate": 8, "format": "video/h264-mp4"},
            },
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }
    extra = {"extra_pnginfo": {"workflow": graph}}
    prompt = combined(filename_prefix="migrated/ours")
    prompt["2"]["inputs"]["format"] = "video/h264-mp4"
    outcome, _ = watched(server, prompt, extra_data=extra)
    (file,) = outcome.files()
    queued = finished(server, "migrated/ours")
    assert queued[2]["2"]["class_type"] == "KinemaCombineVideo"
    assert [each["type"] for each in queued[3]["extra_pnginfo"]["workflow"]["nodes"]][1] == "KinemaCombineVideo"
    with av.open(str(client.saved_path(server.output, file))) as container:
        tags = str(dict(container.metadata))
    assert "KinemaCombineVideo" in tags
    assert "VHS_VideoCombine" not in tags.replace('"from": "VHS_VideoCombine"', "")


def test_one_of_two_targets_is_run(server: Server) -> None:
    prompt = combined(filename_prefix="migrated/first")
    prompt["3"] = node("VHS_VideoCombine", images=["1", 0], frame_rate=9, filename_prefix="migrated/second")
    outcome, _ = watched(server, prompt, partial_execution_targets=["3"])
    assert outcome.status == "success", outcome.message
    assert [file["filename"].partition("_")[0] for file in outcome.files()] == ["second"]


@pytest.mark.parametrize("me", [None, 3, {"a": 1}, ["a"]])
def test_a_client_with_an_odd_name_breaks_nothing(server: Server, me: Any) -> None:
    client.post(server.url, "/prompt", {"prompt": {"1": node("ADE_AnimateDiffUnload")}, "client_id": me})
    outcome, reports = watched(server, combined(loop_count=1))
    assert outcome.status == "success"
    assert len(reports) == 1


def test_the_log_tells_each_kind_once(server: Server) -> None:
    for rate in (1, 2, 3):
        prompt = combined()
        prompt["2"] = node("ADE_AnimateDiffCombine", images=["1", 0], frame_rate=rate)
        assert watched(server, prompt)[0].status == "success"
    assert server.log_text().count("ADE_AnimateDiffCombine -> KinemaCombineVideo") == 1


def told_of_refused(server: Server, prompt: Prompt) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to a prompt that the host does not take, and the report that the client got."""

    async def ask() -> tuple[dict[str, Any], dict[str, Any]]:
        async with aiohttp.ClientSession(server.url) as session, session.ws_connect("/ws?clientId=refused") as socket:
            async with session.post("/prompt", json={"prompt": prompt, "client_id": "refused"}) as answer:
                assert answer.status == 400
                refusal = await answer.json()
            while True:
                event = await socket.receive_json(timeout=10)
                if event["type"] == "kinema.migrated":
                    return refusal, event["data"]["report"]

    return asyncio.run(ask())


def test_a_file_under_another_name_is_found(server: Server) -> None:
    prompt = gen_2()
    prompt["1"]["inputs"]["ckpt_name"] = "SD 1.5\\" + CHECKPOINT.replace(".safetensors", ".ckpt")
    prompt["11"]["inputs"]["model_name"] = "old/" + templates.MOTION_MODULE.replace(".safetensors", ".ckpt")
    outcome, (report,) = watched(server, prompt)
    assert outcome.status == "success", outcome.message
    assert [each["found"] for each in report["models"]] == [CHECKPOINT, templates.MOTION_MODULE]


def test_our_own_prompts_find_files_too(server: Server) -> None:
    named = templates.MOTION_MODULE.replace(".safetensors", ".pt")
    prompt = {
        "1": node("KinemaLoadMotionModule", motion_module=named),
        "2": node("KinemaMotionModelInfo", motion_model=["1", 0]),
        "3": node("PreviewAny", source=["2", 0]),
    }
    outcome, (report,) = watched(server, prompt)
    assert outcome.status == "success", outcome.message
    assert report["headline"] == "1 model file found under another name."


def test_a_question_names_files_that_come_near(server: Server) -> None:
    near = templates.MOTION_MODULE.removesuffix(".safetensors") + "_pruned.ckpt"
    prompt = gen_2()
    prompt["1"]["inputs"]["ckpt_name"] = "gone.ckpt"
    prompt["11"]["inputs"]["model_name"] = near
    refusal, report = told_of_refused(server, prompt)
    assert [(each["wanted"], each["found"]) for each in report["models"]] == [("gone.ckpt", ""), (near, "")]
    assert report["models"][1]["candidates"] == [templates.MOTION_MODULE]
    (error,) = refusal["node_errors"]["11"]["errors"]
    assert f"Choose one of: {templates.MOTION_MODULE}, " in error["details"]


def test_a_node_that_stays_is_told_with_its_reason(server: Server) -> None:
    refusal, report = told_of_refused(server, {"1": node("VHS_VideoCombine"), "2": node("LatentKeyframeGroup")})
    assert refusal["error"]
    assert report["nodes"]


def test_mutated_prompts_pass_the_handler(server: Server) -> None:
    """The host refuses nearly all of these; none of them makes a mistake of ours."""
    chance = random.Random(2)
    prompts = [json.dumps(prompt) for prompt in (gen_1(), legacy(), gen_2(), from_video(), combined())]

    async def post() -> None:
        async with aiohttp.ClientSession(server.url) as session:
            for _ in range(MUTATED):
                prompt = mutated(json.loads(chance.choice(prompts)), chance)
                # no sampling: the answer to the request is what counts
                body = {"prompt": prompt, "partial_execution_targets": ["nothing"]}
                async with session.post("/prompt", json=body) as answer:
                    await answer.read()

    asyncio.run(post())
    log = server.log_text()
    assert "could not be migrated" not in log
    assert "on_prompt_handler processing" not in log
