"""Entry point: ``python -m benchmarks``, in an environment with ComfyUI; ``python dev.py bench`` makes one."""

import os
import sys

import benchmarks  # noqa: F401 (load_pack takes the root off the path, so the package has to be found first)
from tests.harness.pack import load_host, load_pack

if __name__ == "__main__":
    import torch

    load_pack()
    load_host(
        os.environ["KINEMA_COMFYUI_FOLDER"],
        *([] if torch.cuda.is_available() else ["--cpu"]),
        "--use-pytorch-cross-attention",
    )
    import importlib

    tables = ("steps", "loading", "lengths", "poses", "context_reference", "character", "pieces")
    tables = (*tables, "encoding", "decoding", "training", "learning", "papers", "scale")
    name, *arguments = sys.argv[1:] if sys.argv[1:2] and sys.argv[1] in tables else ["steps", *sys.argv[1:]]
    importlib.import_module(f"benchmarks.{name}").main(arguments)
