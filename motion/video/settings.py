"""What a person may choose about a file beside its format: words that stand for arguments of ffmpeg.

Nothing but these words is taken, so no text of a person's is ever an argument. Every setting is a choice of words, none
is a number: that is how saved graphs tell the settings of a format from what follows them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class SettingError(ValueError):
    """A setting that a format does not have, or a choice that is none; the message says which there are."""


@dataclass(frozen=True)
class Setting:
    """One choice."""

    name: str
    choices: tuple[str, ...]
    """The first one is what happens if nobody chooses."""
    tooltip: str
    advanced: bool = False
    """Whether hardly anybody needs it."""


USUAL, BY_QUALITY, SOFTWARE = "usual", "by quality", "software"
PRESET = Setting(
    "preset",
    ("medium", "ultrafast", "superfast", "veryfast", "faster", "fast", "slow", "slower", "veryslow"),
    "Slower makes smaller files of the same quality. An encoder of the graphics card has its own speed.",
    advanced=True,
)
COLOURS = Setting(
    "colours",
    ("4:2:0", "4:4:4"),
    "4:2:0 has one colour for four pixels, as all players know it; 4:4:4 one for each, for text and screens.",
    advanced=True,
)
TRUE_COLOUR = Setting(
    "depth", ("8-bit", "10-bit"), "10-bit keeps soft gradients free of bands. Fewer players show it, most TVs do."
)
TEN_BITS = Setting("depth", ("10-bit", "8-bit"), "10-bit keeps soft gradients free of bands.")
LOSSLESS_DEPTH = Setting(
    "depth", ("8-bit", "10-bit", "12-bit", "16-bit"), "Steps of each colour: 256, 1024, 4096 or 65536."
)
PICTURE_DEPTH = Setting("depth", ("8-bit", "16-bit"), "Steps of each colour: 256 or 65536, in files twice as large.")
VP9_SPEED = Setting(
    "speed", ("1", "0", "2", "3", "4", "5"), "Higher is faster; 0 makes the smallest file.", advanced=True
)
AV1_SPEED = Setting(
    "speed", ("6", "2", "4", "8", "10", "12"), "Higher is faster; lower makes smaller files.", advanced=True
)
PROFILE = Setting(
    "profile",
    (BY_QUALITY, "proxy", "lt", "standard", "hq", "4444", "4444xq"),
    "Size of the file. 4444 and 4444xq keep transparency, the others do not; by quality they follow the pictures.",
)
PALETTE = Setting(
    "palette",
    ("each frame", "whole clip"),
    "Colours chosen for each frame, or once for all: smaller, and still backgrounds do not flicker.",
)
PALETTE_SIZE = Setting("palette_size", ("256", "128", "64", "32", "16", "8"), "How many colours.")
DITHER = Setting(
    "dither",
    ("bayer", "floyd_steinberg", "sierra2_4a", "none"),
    "How colours between those of the palette are made: bayer with a fixed pattern, which is small; none makes bands.",
)
WEBP_KIND = Setting("compression", (BY_QUALITY, "lossless", "lossy"), "By quality it is lossless at 100 alone.")
PNG_SIZE = Setting("compression", (USUAL, "fast", "small"), "Always lossless: fast makes larger files sooner.")


def rate_factor(most: int) -> Setting:
    """The encoder's own measure of quality, instead of ``quality``."""
    choices = (BY_QUALITY, *map(str, range(most + 1)))
    return Setting("crf", choices, f"The encoder's own scale in place of quality: 0 is best, {most} is smallest.", True)


def encoder(*names: str) -> Setting:
    """Who encodes: the processor, or an encoder of the graphics card under ffmpeg's name."""
    return Setting(
        "encoder",
        (SOFTWARE, *names),
        "software has the best quality. Encoders of this computer's graphics card are listed if they work; they are "
        "faster.",
        advanced=True,
    )


def settled(settings: Iterable[Setting], given: Mapping[str, object], format: str) -> dict[str, str]:
    """The choice of every setting.

    Args:
        given: choices by name; None and what is left out are the first choice.
        format: what has the settings, for the message.

    Raises:
        SettingError: an unknown name, or something that is no choice.
    """
    known = {setting.name: setting for setting in settings}
    for name, value in given.items():
        if value is None:
            continue
        if name not in known:
            has = f"Its settings are {', '.join(known)}." if known else "It has none."
            raise SettingError(f"format.{_shown(name)} is no setting of {format}. {has}")
        if not isinstance(value, str) or value not in known[name].choices:
            listed = _listed(known[name].choices)
            raise SettingError(f"format.{name} of {format} is {_shown(value)}. Choose one of: {listed}.")
    chosen = {name: given.get(name) for name in known}
    return {name: str(value) if value is not None else known[name].choices[0] for name, value in chosen.items()}


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(choices) if len(choices) < 20 else f"{choices[0]}, {choices[1]} to {choices[-1]}"


def _shown(value: object) -> str:
    if not isinstance(value, str | int | float | bool):
        return f"a {type(value).__name__}"
    text = ascii(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a huge number"
    return text if len(text) <= 60 else f"{text[:60]}…"
