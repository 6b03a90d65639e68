"""One picture of a character, moved by poses.

``load`` the parts of a release, give the ``reference`` picture and the ``guide``, and ``animate``.
"""

from .animate import AnimateCharacter
from .guide import PoseGuide
from .load import LoadAnimateAnyone
from .reference import ReferencePicture

NODES = [LoadAnimateAnyone, ReferencePicture, PoseGuide, AnimateCharacter]
