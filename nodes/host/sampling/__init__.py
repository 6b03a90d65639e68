"""What a sampling goes by.

``timing`` works out what acts when, ``call`` which frames are in a call of the model. ``latents`` of pictures go into
the ``noise`` a clip starts from, or by ``injection`` into the clip itself; ``schedule`` patches noise levels.
"""

from .call import Call, Moment
from .injection import Injection, inject
from .latents import PictureError, PictureOverTime, picture_latents
from .noise import set_clip_noise, set_freeinit, set_start
from .schedule import set_beta_schedule, set_zero_terminal
from .timing import Now, Timing, start_timing, timing_of

__all__ = [
    "Call",
    "Injection",
    "Moment",
    "Now",
    "PictureError",
    "PictureOverTime",
    "Timing",
    "inject",
    "picture_latents",
    "set_beta_schedule",
    "set_clip_noise",
    "set_freeinit",
    "set_start",
    "set_zero_terminal",
    "start_timing",
    "timing_of",
]
