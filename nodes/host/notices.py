"""Short texts on the node that is running."""

import logging

from comfy_execution.utils import get_executing_context


def notice(text: str, level: int = logging.WARNING) -> None:
    """Log a text and show it under the running node in every open browser."""
    logging.log(level, "[Kinema] %s", text)
    progress(text)


def progress(text: str) -> None:
    """Show a text under the running node in every open browser."""
    context = get_executing_context()
    if context is None:
        return
    from server import PromptServer  # the module exists only while a server runs

    server = getattr(PromptServer, "instance", None)
    if server is not None:
        server.send_progress_text(text, context.node_id)
