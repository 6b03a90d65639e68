"""Nodes that exist only for tests."""

import torch
from comfy_api.latest import ComfyExtension, io


class NoFrames(io.ComfyNode):
    """An empty image batch."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(node_id="KinemaTestNoFrames", inputs=[], outputs=[io.Image.Output()])

    @classmethod
    def execute(cls) -> io.NodeOutput:
        """Make the batch."""
        return io.NodeOutput(torch.zeros(0, 64, 64, 3))


class TestExtension(ComfyExtension):
    """The test nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """All of them."""
        return [NoFrames]


async def comfy_entrypoint() -> TestExtension:
    """Called by the host."""
    return TestExtension()
