"""Clips to learn from.

``sources`` are the clips below a folder, ``captions`` what is said about them, and ``tables`` list both; a
``catalogue`` has them together, ``skipping`` what had to be left out. ``choosing`` says which frames of a clip are
shown, with ``chance``, and ``shape`` in which size. What a clip is, is its ``identity``, under which a ``cache`` of
``shards`` keeps what networks make of it; ``preparing`` fills it with clips that are ``opened``, and ``pairing`` finds
those that belong to others. ``batches`` then go through them, each a ``batch``. ``shots`` are moves of a camera over
pictures, which is ``filming``. All that is wrong with clips is one of ``errors``.
"""

from .batch import Batch, joined
from .batches import DROPOUT, Batches, Row
from .cache import Cache
from .captions import EMPTY, FROM_NAME, MISSING, REFUSE
from .catalogue import Catalogue, Clip, clips_of_folder, clips_of_list
from .choosing import SHORT, SKIP, SLOWER, Choosing, View, cropped, held_out, views
from .errors import ClipsError
from .filming import filmed, filmed_in_turn
from .identity import Contents, content_of_frames, content_of_tensors, key_of, latents_key, length_key, text_key
from .opened import Footage, Measured, first_pictures, length_of, pictures_of
from .pairing import paired
from .preparing import Prepared, Preparing, Sample, Split, prepare_clips, prepare_texts, split
from .shape import fitted, mirrored
from .shots import AMOUNT, EASINGS, SHOTS, Shot, Window, shot_path
from .skipping import Skipped
from .sources import FRAMES, LOOSE, PICTURE, PICTURES, VIDEO, VIDEOS, Looking, frames_of
from .tables import clips_of_table

__all__ = [
    "AMOUNT",
    "DROPOUT",
    "EASINGS",
    "EMPTY",
    "FRAMES",
    "FROM_NAME",
    "LOOSE",
    "MISSING",
    "PICTURE",
    "PICTURES",
    "REFUSE",
    "SHORT",
    "SHOTS",
    "SKIP",
    "SLOWER",
    "VIDEO",
    "VIDEOS",
    "Batch",
    "Batches",
    "Cache",
    "Catalogue",
    "Choosing",
    "Clip",
    "ClipsError",
    "Contents",
    "Footage",
    "Looking",
    "Measured",
    "Prepared",
    "Preparing",
    "Row",
    "Sample",
    "Shot",
    "Skipped",
    "Split",
    "View",
    "Window",
    "clips_of_folder",
    "clips_of_list",
    "clips_of_table",
    "content_of_frames",
    "content_of_tensors",
    "cropped",
    "filmed",
    "filmed_in_turn",
    "first_pictures",
    "fitted",
    "frames_of",
    "held_out",
    "joined",
    "key_of",
    "latents_key",
    "length_key",
    "length_of",
    "mirrored",
    "paired",
    "pictures_of",
    "prepare_clips",
    "prepare_texts",
    "shot_path",
    "split",
    "text_key",
    "views",
]
