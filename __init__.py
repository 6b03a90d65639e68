"""Kinema: AnimateDiff for ComfyUI. ComfyUI imports this folder and calls `comfy_entrypoint`."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():  # noqa: ANN201 (the host's type can only be imported inside the host)
    """Hand the host this pack's nodes; imports wait until it asks, so that tools may import the root anywhere."""
    from .nodes import KinemaExtension

    return KinemaExtension()
