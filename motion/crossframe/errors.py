"""What goes wrong with the files of this room."""


class OneShotError(ValueError):
    """A Tune-A-Video file or a clip that cannot be used; the message says what it is and what to do."""
