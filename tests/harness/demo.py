"""``python dev.py demo``: a clip from one command."""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import client, templates
from .server import Server
from .setup import Host, cache_folder


def make_clip(host: Host, seeded: Path | None, device: Sequence[str], options: argparse.Namespace) -> int:
    """Queue the text-to-video template on a real server and print the path of the video.

    Args:
        seeded: a models folder with random weights; None for the files in ``options``.
        device: options of the server.
        options: of the command.
    """
    models = [_linked(options.checkpoint, options.motion_module) if seeded is None else seeded]
    models += [host.folder / "models"] if host.is_users else []
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    print("[demo] starting ComfyUI", flush=True)
    with Server(host, models, device, output) as server:
        prompt = templates.to_api("text-to-video", client.get_json(server.url, "/object_info"))
        size = options.size or (512 if seeded is None else 128)
        if seeded is not None:
            templates.use_seeded_weights(prompt, size, options.steps or 4, options.frames)
        else:
            templates.set_inputs(prompt, "CheckpointLoaderSimple", ckpt_name=_model_name(options.checkpoint))
            templates.set_inputs(prompt, "KinemaLoadMotionModule", motion_module=_model_name(options.motion_module))
            templates.set_inputs(prompt, "EmptyLatentImage", width=size, height=size, batch_size=options.frames)
            templates.set_inputs(prompt, "KSampler", **({"steps": options.steps} if options.steps else {}))
        if options.prompt:
            positive = next(node for node in prompt.values() if node["_meta"]["title"] == "Prompt")
            positive["inputs"]["text"] = options.prompt
        outcome = client.run_prompt(server.url, prompt, _print_progress(prompt))
    for texts in outcome.notices.values():
        print(f"note: {texts[-1]}")
    if outcome.status != "success":
        print(f"\nerror: {outcome.error.get('exception_message') or outcome.message}", file=sys.stderr)
        return 1
    print(f"weights: {'yours' if seeded is None else 'seeded-random (abstract pictures, real machinery)'}")
    print(client.saved_path(output, outcome.files()[0]))
    return 0


def _linked(checkpoint: str, motion_module: str) -> Path:
    """A models folder that links to the given files; a name that is no file is looked up in the user's own models."""
    folder = cache_folder() / "own-models"
    shutil.rmtree(folder, ignore_errors=True)
    for kind, given in (("checkpoints", checkpoint), ("animatediff_models", motion_module)):
        (folder / kind).mkdir(parents=True)
        file = Path(given).expanduser().resolve()
        if file.is_file():
            try:
                (folder / kind / file.name).symlink_to(file)
            except OSError:
                shutil.copy2(file, folder / kind / file.name)
    return folder


def _model_name(given: str) -> str:
    """What the loader's list calls a model: the file name of a path, anything else as typed."""
    return Path(given).name if Path(given).expanduser().is_file() else given


def _print_progress(prompt: templates.Prompt) -> Callable[[client.Event], None]:
    def show(event: client.Event) -> None:
        data: dict[str, Any] = event["data"]
        if event["type"] == "executing" and data.get("node") in prompt:
            print(f"[demo] {prompt[data['node']]['class_type']}", flush=True)
        elif event["type"] == "progress":
            print(f"[demo]   {data['value']}/{data['max']}", end="\r", flush=True)

    return show
