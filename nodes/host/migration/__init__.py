"""Workflows of other packs on their way through the server.

``installed`` says which nodes there are, ``trying`` migrates whatever comes, ``uploads`` reads the workflow in a file
that is sent, and ``routes`` answers the page.
"""

from .routes import add_routes as add_routes
