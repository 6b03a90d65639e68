"""Many clips in this server's own queue: a prompt with the values of every row, over HTTP and without a node.

``posted`` reads what is sent, ``declared`` says what the nodes here take, ``queueing`` puts a prompt into the queue as
the host does, ``batches`` follow what becomes of each and record it, and ``routes`` answer.
"""

from .routes import add_routes as add_routes
