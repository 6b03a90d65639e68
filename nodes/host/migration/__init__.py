"""Workflows of other packs on their way through the server.

``installed`` says which nodes there are and ``listed`` which files they offer, ``trying`` migrates whatever comes,
``uploads`` reads the workflow in a file that is sent, ``routes`` answers the page, and ``prompts`` rewrites what is
queued.
"""

from .prompts import watch_prompts as watch_prompts
from .routes import add_routes as add_routes
