"""Pictures for image-to-video motion modules.

``encoding`` makes latents of them, and ``animated`` hands those to the UNet.
"""

from .animated import LcmPicture, PiaPicture, check_takes
from .encoding import encode_pictures

__all__ = ["LcmPicture", "PiaPicture", "check_takes", "encode_pictures"]
