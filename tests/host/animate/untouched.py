"""Fingerprint every function of the host and of torch.nn, run the pack, and print what differs.

Run as a script, in a process of its own: ``untouched.py COMFYUI_FOLDER ROOT OUTPUT_FOLDER``. Prints a JSON object with
the number of fingerprints and the names whose code or identity changed.
"""

import hashlib
import json
import sys
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

WATCHED = (
    "comfy",
    "comfy_extras",
    "comfy_execution",
    "comfy_api",
    "nodes",
    "latent_preview",
    "folder_paths",
    "execution",
)
WATCHED += ("torch.nn",)


def code_of(function: Any) -> str:
    """A hash of what a function does: its byte code, constants and names, nested functions included."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return ""
    parts: list[Any] = [code.co_code, code.co_names, code.co_varnames, function.__defaults__ is None]
    parts += [item.co_code if isinstance(item, CodeType) else repr(item)[:200] for item in code.co_consts]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def fingerprints() -> dict[str, tuple[int, str]]:
    """Qualified name to identity and code hash, for module functions, classes and everything classes define."""
    found: dict[str, tuple[int, str]] = {}
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and any(name == top or name.startswith(top + ".") for top in WATCHED):
            for key, value in list(vars(module).items()):
                if isinstance(value, FunctionType | type):
                    found[f"{name}.{key}"] = (id(value), code_of(value))
                if isinstance(value, type) and value.__module__ == name:
                    for inner, member in list(vars(value).items()):
                        plain = getattr(member, "__func__", member)
                        if callable(plain):
                            found[f"{name}.{key}.{inner}"] = (id(plain), code_of(plain))
    return found


def main(comfyui: str, root: str, output: str) -> None:
    """Compare before importing the pack with after sampling and saving with it."""
    sys.path[:0] = [comfyui]
    sys.argv = ["main.py", "--cpu"]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.sample
    import comfy_extras.nodes_context_windows
    import comfy_extras.nodes_model_advanced  # noqa: F401
    import folder_paths
    import latent_preview  # noqa: F401

    import nodes  # noqa: F401

    folder_paths.set_output_directory(output)
    before = fingerprints()
    sys.path.insert(0, root)  # the host has a folder called tests too; load_pack takes the root off again
    from tests.harness.pack import load_pack

    load_pack()
    import torch
    from kinema.motion.sampling import FreeInitOptions
    from kinema.motion.windows import ReferenceOptions, WindowOptions
    from kinema.nodes.host.sampling import noise
    from kinema.nodes.host.windows import attach as reference
    from kinema.nodes.host.windows import bank
    from kinema.nodes.host.windows import sliding as windows
    from kinema.nodes.pictures import InjectPicture, StartFromPicture
    from kinema.nodes.video import CombineVideo

    from tests.host.models import VERSIONS, animated, sample, tiny_model, tiny_motion

    model = tiny_model()
    for version in VERSIONS:
        sample(animated(model, tiny_motion(Path(output), version)), frames=8, steps=1)
    long = windows.slide(animated(model, tiny_motion(Path(output))), windows.Stage(WindowOptions(length=8, overlap=2)))
    picture = {"samples": torch.zeros(1, 4, 8, 8)}
    (begun,) = InjectPicture.execute(StartFromPicture.execute(long, picture, 0.1).result[0], picture, 0.5, 0.0).result
    sample(noise.set_freeinit(begun, FreeInitOptions(2)), frames=12, steps=1)
    seen = bank.ContextReference(ReferenceOptions(by="attention+adain", style_fidelity=0.5))
    sample(reference.repeat(reference.refer(long, seen), reference.NaiveReuse()), frames=12, steps=1)
    CombineVideo.hidden = type("Hidden", (), {"prompt": None, "extra_pnginfo": None})
    saving = {"frame_rate": 8.0, "format": "h264-mp4", "quality": 75, "loop_count": 0, "pingpong": False}
    CombineVideo.execute(torch.rand(4, 16, 16, 3), **saving, filename_prefix="clip", save_output=True)
    assert len(list(Path(output).glob("clip*.mp4"))) == 1
    after = fingerprints()
    changed = sorted(key for key, value in before.items() if after.get(key) != value)
    print(json.dumps({"watched": len(before), "changed": changed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
