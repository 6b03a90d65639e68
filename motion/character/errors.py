"""What stands in the way of animating a character."""


class CharacterError(ValueError):
    """A file, a picture or a clip does not fit Animate Anyone; the message says which and what to do."""
