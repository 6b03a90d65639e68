"""Run ComfyUI so that it cannot outlive whoever started it: it ends when its standard input closes.

Usage: guarded.py COMFYUI_FOLDER [ARGUMENT ...]
"""

import os
import runpy
import sys
import threading


def end_with_parent() -> None:
    """Wait for the parent to close the pipe, on purpose or by dying, and leave at once."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    folder = os.path.abspath(sys.argv[1])
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.argv = [os.path.join(folder, "main.py"), *sys.argv[2:]]
    sys.path[0] = folder
    os.chdir(folder)
    runpy.run_path(sys.argv[0], run_name="__main__")
