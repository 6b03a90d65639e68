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
    if sys.argv[1:2] == ["loading"]:
        from benchmarks.loading import main
    else:
        from benchmarks.steps import main

    main(sys.argv[2:] if sys.argv[1:2] == ["loading"] else sys.argv[1:])
