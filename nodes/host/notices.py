"""Short texts on the node that is running."""

import logging

from comfy_execution.progress import get_progress_state
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
        server.send_progress_text(text, _shown(context.node_id))


def _shown(node: str) -> str:
    """The node on the screen that a running one belongs to: nodes that nodes make are on none."""
    return get_progress_state().dynprompt.get_display_node_id(node)
