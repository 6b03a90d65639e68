"""What is wrong with a batch, or with what is asked of it."""


class BatchError(ValueError):
    """Frames that are not there or do not go together; the message says what to do."""
