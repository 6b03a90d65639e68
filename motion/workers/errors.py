"""What can be wrong with workers."""


class WorkersError(Exception):
    """Workers cannot be used like this; the message says why."""


class LostError(Exception):
    """A worker is gone, or did not answer in time; Ray starts it anew."""


class GoneError(Exception):
    """A worker cannot be started or is broken, so that nobody needs to wait for it."""


class StoppedError(Exception):
    """Nobody waits for the answer any more."""
