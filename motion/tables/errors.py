"""The error of this room."""


class TableError(ValueError):
    """A table cannot be read; the message is a sentence without its point, to go on behind the name of the file."""
