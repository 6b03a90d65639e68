"""Windows on real Ray workers: the same clip, whoever predicts it, dies or is stopped."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.harness import client, templates
from tests.harness.cluster import Cluster
from tests.harness.footage import write_footage
from tests.harness.seeded import layouts
from tests.harness.server import Server
from tests.harness.setup import ROOT

from ..conftest import seeded_models, the_host

NODE = "KinemaDistributeWindows"
KILLS, KILLED_AT_WORK = 10, 3
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""As many as workers have: sums in another order are other numbers."""


@pytest.fixture(scope="module")
def boss() -> Iterator[Server]:
    """A server with workers of its own, which end with it."""
    models = [seeded_models(), seeded_models("KINEMA_MODELS_XL")]
    with Server(the_host(), models, ["--cpu"], environment=ONE_THREAD) as running:
        write_footage(running.base / "input")
        yield running


def sampled(info: dict[str, Any], template: str, steps: int = 1, frames: int = 20, **distributed: Any) -> Any:
    """A template up to the latents of its sampler, in windows of 8 frames.

    Args:
        distributed: inputs of Distribute Windows; none leaves it out.
    """
    prompt = templates.to_api(template, info)
    templates.use_seeded_weights(prompt, size=32, steps=steps, frames=frames, window=8)
    templates.set_inputs(prompt, "KinemaSlidingContext", windows_per_call=1)
    sampler = next(number for number, node in prompt.items() if node["class_type"].startswith("KSampler"))
    if distributed:
        model = prompt[sampler]["inputs"]["model"]
        prompt["900"] = {"class_type": NODE, "inputs": {"model": model, **distributed}}
        prompt[sampler]["inputs"]["model"] = ["900", 0]
    prompt["901"] = {"class_type": "SaveLatent", "inputs": {"samples": [sampler, 0], "filename_prefix": "distributed"}}
    wanted, left = {"901"}, ["901"]
    while left:
        for value in prompt[left.pop()]["inputs"].values():
            if isinstance(value, list) and value[0] not in wanted:
                wanted.add(value[0])
                left.append(value[0])
    return {number: node for number, node in prompt.items() if number in wanted}


def latents(server: Server, prompt: Any, watch: Any = None) -> Tensor:
    """What a prompt saves."""
    outcome = client.run_prompt(server.url, prompt, watch)
    assert outcome.status == "success", outcome.message
    return saved(server)[0]


def saved(server: Server, count: int = 1) -> list[Tensor]:
    """What was saved last, the latest last."""
    files = sorted(server.output.rglob("*.latent"), key=lambda path: path.stat().st_mtime_ns)
    return [load_file(file)["latent_tensor"] for file in files[-count:]]


def calls(server: Server) -> str:
    """What the log says of the latest sampling with workers."""
    return [line for line in server.log_text().splitlines() if "Calls of the model" in line][-1]


def workers_of(server: Server) -> list[psutil.Process]:
    """Processes of a server's workers."""
    assert server.process is not None
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::Hosted"):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("template", ["long-clip", "consistent-long-clip", "animate-character-long"])
def test_the_clip_is_the_same(boss: Server, object_info: dict[str, Any], template: str) -> None:
    plain = latents(boss, sampled(object_info, template))
    shared = latents(boss, sampled(object_info, template, workers=2, work_here=False))
    assert plain.abs().max() > 0
    assert torch.equal(shared, plain)
    told = calls(boss)
    assert "here none" in told
    assert "on the way" in told, "workers have done it"


@pytest.mark.timeout(900)
def test_several_samplings_of_one_node_and_of_one_workflow(boss: Server, object_info: dict[str, Any]) -> None:
    def chained(**distributed: Any) -> Any:
        prompt = sampled(object_info, "long-clip", frames=12, **distributed)
        sampler = next(number for number, node in prompt.items() if node["class_type"] == "KSampler")
        inputs = prompt[sampler]["inputs"]
        prompt["910"] = {"class_type": "KinemaFreeInit", "inputs": {"model": inputs["model"], "iterations": 2}}
        inputs["model"] = ["910", 0]
        again = {**inputs, "latent_image": [sampler, 0], "denoise": 0.5, "seed": 5}
        prompt["911"] = {"class_type": "KSampler", "inputs": again}
        prompt["901"]["inputs"]["samples"] = ["911", 0]
        return prompt

    plain = latents(boss, chained())
    before = boss.log_text().count("Calls of the model")
    assert torch.equal(latents(boss, chained(workers=2, work_here=False)), plain)
    assert boss.log_text().count("Calls of the model") - before == 4, "two samplers, two rounds of FreeInit each"


@pytest.mark.timeout(900)
def test_a_list_of_models_is_sampled_model_by_model(boss: Server, object_info: dict[str, Any]) -> None:
    """One node, one run of it, and a sampling for each seed of the list."""

    def listed(**distributed: Any) -> Any:
        prompt = sampled(object_info, "long-clip", frames=12, **distributed)
        animate = next(node for node in prompt.values() if node["class_type"] == "KinemaAnimateModel")
        # a list of numbers makes a list of models of it
        for number, value in (("930", 0.3), ("931", 1.0)):
            prompt[number] = {"class_type": "PrimitiveFloat", "inputs": {"value": value}}
        both = {"inputs.input0": ["930", 0], "inputs.input1": ["931", 0]}
        prompt["932"] = {"class_type": "CreateList", "inputs": both}
        animate["inputs"]["effect_strength"] = ["932", 0]
        return prompt

    outcome = client.run_prompt(boss.url, listed())
    assert outcome.status == "success", outcome.message
    plain = saved(boss, 2)
    outcome = client.run_prompt(boss.url, listed(workers=2, work_here=False))
    assert outcome.status == "success", outcome.message
    shared = saved(boss, 2)
    assert not torch.equal(plain[0], plain[1])
    for found, wanted in zip(shared, plain, strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.timeout(900)
def test_half_precision_on_the_wire_is_close(boss: Server, object_info: dict[str, Any]) -> None:
    plain = latents(boss, sampled(object_info, "long-clip"))
    rounded = latents(boss, sampled(object_info, "long-clip", workers=2, work_here=False, precision="fp16"))
    assert not torch.equal(rounded, plain)
    assert torch.linalg.vector_norm(rounded - plain) < 2e-3 * torch.linalg.vector_norm(plain)


@pytest.mark.timeout(900)
def test_killed_workers_cost_their_windows_only(boss: Server, object_info: dict[str, Any]) -> None:
    plain = latents(boss, sampled(object_info, "long-clip", steps=3))
    chance, seen, over = random.Random(17), threading.Event(), threading.Event()
    killed: list[bool] = []

    def kill() -> None:
        while len(killed) < KILLS and not over.is_set():
            # some while windows are predicted, the others whenever, mostly while a worker starts
            served = seen.wait(2.0 if sum(killed) >= KILLED_AT_WORK else 120.0)
            seen.clear()
            time.sleep(chance.random() / 2)
            if alive := workers_of(boss):
                chance.choice(alive).kill()
                killed.append(served)

    def watch(event: client.Event) -> None:
        if "by worker" in str(event):
            seen.set()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = latents(boss, sampled(object_info, "long-clip", steps=3, workers=2, work_here=False), watch)
    finally:
        over.set()
        killer.join()
    assert len(killed) == KILLS, "the sampling outlived all of them"
    assert sum(killed) >= KILLED_AT_WORK
    assert torch.equal(found, plain)


@pytest.mark.timeout(900)
def test_an_interruption_reaches_every_worker(boss: Server, object_info: dict[str, Any]) -> None:
    prompt = sampled(object_info, "long-clip", steps=50, workers=2, work_here=False)
    interrupted: list[float] = []

    def watch(event: client.Event) -> None:
        if "by worker" in str(event) and not interrupted:
            interrupted.append(time.monotonic())
            threading.Thread(target=client.post, args=(boss.url, "/interrupt")).start()

    outcome = client.run_prompt(boss.url, prompt, watch)
    assert outcome.status == "interrupted"
    busy = {worker: sum(worker.cpu_times()[:2]) for worker in workers_of(boss)}
    time.sleep(2.0)
    for worker, before in busy.items():
        assert sum(worker.cpu_times()[:2]) - before < 0.5, "nothing runs on"
    assert latents(boss, sampled(object_info, "long-clip", workers=2)).abs().max() > 0


@pytest.mark.parametrize("plain", [False, True])
def test_a_clip_of_one_window_says_so(boss: Server, object_info: dict[str, Any], plain: bool) -> None:
    """Also a model that nothing else of this pack has touched."""
    prompt = sampled(object_info, "long-clip", frames=8, workers=2)
    if plain:
        checkpoint = next(number for number, node in prompt.items() if node["class_type"] == "CheckpointLoaderSimple")
        prompt["900"]["inputs"]["model"] = [checkpoint, 0]
    outcome = client.run_prompt(boss.url, prompt)
    assert outcome.status == "success", outcome.message
    assert "nothing to share out" in str(outcome.notices)


@pytest.mark.parametrize("address", ["here", "10.0.0.1", "10.0.0.1:port", "http://10.0.0.1:6379", "a b:1"])
def test_an_address_that_is_none_is_refused(boss: Server, object_info: dict[str, Any], address: str) -> None:
    outcome = client.run_prompt(boss.url, sampled(object_info, "long-clip", address=address))
    assert outcome.status == "refused"
    assert "is none of a Ray cluster" in outcome.message


def test_what_saves_is_not_run_by_workers(boss: Server, object_info: dict[str, Any]) -> None:
    prompt = sampled(object_info, "long-clip", workers=2)
    checkpoint, sampler = (
        next(number for number, node in prompt.items() if node["class_type"] == kind)
        for kind in ("CheckpointLoaderSimple", "KSampler")
    )
    made = {"samples": prompt[sampler]["inputs"]["latent_image"], "vae": [checkpoint, 2], "format": "h264-mp4"}
    prompt["920"] = {"class_type": "KinemaDecodeAndSaveVideo", "inputs": made}
    prompt["921"] = {"class_type": "KinemaLoadVideo", "inputs": {"video": ["920", 0], "width": 64, "height": 64}}
    prompt["922"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["921", 0], "vae": [checkpoint, 2]}}
    prompt[sampler]["inputs"]["latent_image"] = ["922", 0]
    outcome = client.run_prompt(boss.url, prompt)
    assert outcome.status == "error", outcome.message
    assert "saves something, and every worker would do it again" in outcome.message


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder like that of the other machine: the same files."""
    models = tmp_path_factory.mktemp("models")
    for folder in seeded_models().iterdir():
        for file in (each for each in folder.rglob("*") if each.is_file()):
            target = models / folder.name / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
    return models


@pytest.fixture(scope="module")
def cluster(models: Path) -> Iterator[Cluster]:
    """A Ray cluster that was there before, whose worker has a ComfyUI with other folders."""
    with Cluster(the_host(), 1, [models], ["--cpu"]) as running:
        yield running


@pytest.mark.timeout(900)
def test_other_contents_elsewhere_are_refused_by_name(
    boss: Server, object_info: dict[str, Any], models: Path, cluster: Cluster
) -> None:
    other = models / "animatediff_models" / templates.MOTION_MODULE
    same = other.readlink()
    other.unlink()
    save_file(layouts.motion_module((32, 32, 32, 32)), other)
    prompt = sampled(object_info, "long-clip", workers=1, work_here=False, address=cluster.address)
    outcome = client.run_prompt(boss.url, prompt)
    assert outcome.status == "error"
    assert f"animatediff_models/{templates.MOTION_MODULE} has other contents at worker 1" in outcome.message
    other.unlink()
    outcome = client.run_prompt(boss.url, prompt)
    assert f"has no animatediff_models/{templates.MOTION_MODULE}. Copy it there." in outcome.message
    other.symlink_to(same)
    plain = latents(boss, sampled(object_info, "long-clip"))
    assert torch.equal(latents(boss, prompt), plain)


def batch(prompt: Any, folder: Path, address: str, *more: str) -> str:
    """Run a prompt on the one worker of a cluster; what the command says."""
    (folder / "prompt.json").write_text(json.dumps(prompt))
    command = [sys.executable, "dev.py", "batch", "--workflow", str(folder / "prompt.json"), "--workers", "1"]
    command += ["--address", address, "--results", str(folder / "results.jsonl"), *more]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.mark.timeout(900)
def test_whole_jobs_run_on_workers(cluster: Cluster, tmp_path: Path) -> None:
    picture = {"width": 16, "height": 16, "batch_size": 1, "color": 0}
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": picture},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "job"}},
    }
    batch(prompt, tmp_path, cluster.address, "--times", "EmptyImage.color=1..3")
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [result["status"] for result in results] == ["success"] * 3
    assert len(list(cluster.comfyui.output.glob("job_*.png"))) == 3
    assert "0 to run" in batch(prompt, tmp_path, cluster.address, "--times", "EmptyImage.color=1..3")


@pytest.mark.timeout(900)
def test_a_job_that_would_be_shared_out_is_not_by_a_worker(
    boss: Server, object_info: dict[str, Any], cluster: Cluster, tmp_path: Path
) -> None:
    """Also right after it has taken part in a sampling of the same node."""
    shared = sampled(object_info, "long-clip", workers=1, work_here=False, address=cluster.address)
    plain = latents(boss, shared)
    batch(shared, tmp_path, cluster.address)
    (made,) = cluster.comfyui.output.rglob("*.latent")
    assert torch.equal(load_file(made)["latent_tensor"], plain)
