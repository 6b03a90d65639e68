"""Pictures to begin with.

``animated`` are those of image-to-video motion modules; others ``start`` a clip or are put into it.
"""

from comfy_api.latest import io

from .animated import LcmPicture, PiaPicture
from .start import InjectPicture, StartFromPicture

NODES: list[type[io.ComfyNode]] = [PiaPicture, LcmPicture, StartFromPicture, InjectPicture]
