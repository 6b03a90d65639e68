"""The error of every reader of weight files."""


class WeightFileError(ValueError):
    """A weight file cannot be used; the message names the file and what to do."""
