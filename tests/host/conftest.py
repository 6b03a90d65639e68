"""Import ComfyUI in this process, on the CPU. ``python dev.py test`` names its folder."""

import os
import sys

folder = os.environ.get("KINEMA_COMFYUI_FOLDER")
if folder is None:
    raise RuntimeError("KINEMA_COMFYUI_FOLDER is not set: run these tests with `python dev.py test tests/host`.")
if folder not in sys.path:
    sys.path.insert(0, folder)
    # the host reads its options when it is imported
    arguments, sys.argv = sys.argv, ["main.py", "--cpu"]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.cli_args

    sys.argv = arguments
