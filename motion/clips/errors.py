"""The error of this room."""


class ClipsError(ValueError):
    """Clips cannot be learnt from; the message says what happened and what to do."""
