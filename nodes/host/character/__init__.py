"""Animate Anyone inside a running UNet.

``network`` loads its two UNets, ``embedding`` has pictures as CLIP sees them. ``picture`` has the pictures of a
character and what the ReferenceNet reads in them, ``reading`` shows that to the self-attentions of a call, and
``reference`` is both as what accompanies a motion model; ``masks`` say where. ``guide`` is the same for pose pictures,
and ``guiding`` what they add in a call. ``bundle`` holds the parts of a release together.
"""

from .bundle import POSE, AnimateAnyone, guider_for, put_together
from .embedding import check_vae, checked_pictures, conditioned, embed
from .guide import Guide, GuiderWeights, check_guide_fits, check_raw_range, guide_frames
from .guiding import ActingGuide
from .masks import somewhere
from .network import DenoisingWeights, LayerName, ReferenceNet, ReferenceWeights
from .picture import FITS, STRETCH, Bank, ReferencePicture
from .reading import Marked, attend, self_attention, with_mark
from .reference import References, check_reference_fits

__all__ = [
    "FITS",
    "POSE",
    "STRETCH",
    "ActingGuide",
    "AnimateAnyone",
    "Bank",
    "DenoisingWeights",
    "Guide",
    "GuiderWeights",
    "LayerName",
    "Marked",
    "ReferenceNet",
    "ReferencePicture",
    "ReferenceWeights",
    "References",
    "attend",
    "check_guide_fits",
    "check_raw_range",
    "check_reference_fits",
    "check_vae",
    "checked_pictures",
    "conditioned",
    "embed",
    "guide_frames",
    "guider_for",
    "put_together",
    "self_attention",
    "somewhere",
    "with_mark",
]
