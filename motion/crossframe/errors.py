"""What goes wrong with the files and clips of this room."""


class OneShotError(ValueError):
    """A Tune-A-Video file or a clip that cannot be used; the message says what it is and what to do."""


class CrossFrameError(ValueError):
    """A model or a clip that Text2Video-Zero cannot work with; the message says why and what to do."""
