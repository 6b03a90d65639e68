"""Masks that say where in the picture a character is."""

from ....motion.character import CharacterError
from ....motion.values import Mask


def somewhere(mask: Mask) -> Mask:
    """The mask, unless it leaves nothing.

    Raises:
        CharacterError: it is black at every frame and place.
    """
    if mask.is_zero:
        raise CharacterError(
            "The mask is black everywhere, so that nothing is left; white is what counts. Load Image gives such a mask "
            "with a picture that is not transparent: invert it, or take it out."
        )
    return mask
