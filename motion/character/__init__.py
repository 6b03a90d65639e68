"""Characters for Animate Anyone (arXiv 2311.17117) and its relatives.

``guider`` is what every reader of pose pictures has; ``convolutions``, ``champ`` and ``aniportrait`` are the published
ones and the paper's, with the transformer of ``spatial``. ``guider_layouts`` says how their files are spelled,
``guider_files`` reads them, and ``errors`` has what is raised.
"""

from .convolutions import fresh_guider
from .errors import CharacterError
from .guider import LATENT, Entry, Guider, GuiderKind, GuiderStructure
from .guider_files import RecognisedGuider, load_guider, read_guider, recognise_guider
from .guider_layouts import GUIDER_KINDS

__all__ = [
    "GUIDER_KINDS",
    "LATENT",
    "CharacterError",
    "Entry",
    "Guider",
    "GuiderKind",
    "GuiderStructure",
    "RecognisedGuider",
    "fresh_guider",
    "load_guider",
    "read_guider",
    "recognise_guider",
]
