"""What files of characters are refused with."""


class CharacterError(ValueError):
    """A file is no part of a character model, or does not fit the others; the message says which and what to do."""
