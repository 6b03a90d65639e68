"""What Ray runs in each worker: start the ComfyUI of that machine, and hand calls on to the Kinema in it.

Ray brings this class to the workers by value, since the pack lies elsewhere on each of them; so it imports nothing of
the pack, and nothing at all before it is made.
"""

from collections.abc import Sequence
from typing import Any

OWN_FOLDER, OWN_ARGUMENTS = "KINEMA_COMFYUI", "KINEMA_COMFYUI_ARGUMENTS"
"""Environment variables of a machine: the folder of its ComfyUI, and how that is started."""


class Hosted:
    """A ComfyUI without a web server, which runs what it is sent."""

    def __init__(self, folder: str, arguments: Sequence[str], start_folder: str, threads: int, node: str) -> None:
        """Start ComfyUI.

        Args:
            folder: of the ComfyUI that asks, used where this machine does not name its own.
            arguments: command line of that ComfyUI.
            start_folder: in which it was started; relative paths in its arguments are from there.
            threads: of the processor, 0 leaves the number alone.
            node: one of Kinema's, by which the pack is found.

        Raises:
            FileNotFoundError: this machine has no ComfyUI there.
            ImportError: the ComfyUI has no such node.
        """
        import asyncio
        import os
        import shlex
        import sys
        import tempfile
        import threading
        from importlib import import_module

        if OWN_FOLDER in os.environ:
            folder = start_folder = os.path.abspath(os.path.expanduser(os.environ[OWN_FOLDER]))
            arguments = shlex.split(os.environ.get(OWN_ARGUMENTS, ""), posix=os.name != "nt")
        if not os.path.isfile(os.path.join(folder, "main.py")):
            raise FileNotFoundError(
                f"There is no ComfyUI in {folder}. Set {OWN_FOLDER} to its folder before `ray start` on this machine."
            )
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)
        own = tempfile.mkdtemp(prefix="kinema-worker-")
        # ComfyUI wraps the streams of its process, and closes what it wraps
        self._streams = [sys.stdout, sys.stderr]
        sys.stdout = sys.stderr = open(os.path.join(own, "comfyui.log"), "w", buffering=1, encoding="utf-8")  # noqa: SIM115
        self._streams.append(sys.stdout)
        sys.argv = ["main.py", *arguments, "--temp-directory", own, "--database-url", "sqlite:///:memory:"]
        sys.path.insert(0, folder)
        if os.path.isdir(start_folder):
            os.chdir(start_folder)
        comfyui = import_module("main")
        loop, server, _ = comfyui.start_comfyui()

        def publish() -> None:
            asyncio.set_event_loop(loop)
            # nobody listens, but messages that nobody takes would pile up
            loop.run_until_complete(server.publish_loop())

        threading.Thread(target=publish, daemon=True).start()
        machine = import_module("ray").util.get_node_ip_address()
        declared = import_module("nodes").NODE_CLASS_MAPPINGS.get(node)
        if declared is None:
            raise ImportError(f"The ComfyUI in {folder} has no Kinema with {node}. Install the same one there.")
        pack = declared.__module__.rpartition(".nodes.")[0]
        self._desk: Any = import_module(f"{pack}.nodes.host.workers").Desk(server, machine, loop)

    def call(self, method: str, *values: Any) -> Any:
        """Whatever the desk answers."""
        return getattr(self._desk, method)(*values)
