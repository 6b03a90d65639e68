"""Pictures for image-to-video motion modules.

``encoding`` makes latents of them, ``animated`` says what becomes of those in a call of the model, and ``entering``
adds it to the layers of the UNet.
"""

from .animated import LcmPicture, PiaPicture, check_takes
from .encoding import encode_pictures
from .entering import ActingPicture

__all__ = ["ActingPicture", "LcmPicture", "PiaPicture", "check_takes", "encode_pictures"]
