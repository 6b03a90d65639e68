"""What a batch is, in numbers and in a text."""

from dataclasses import dataclass

from .frames import Frames, Kind

_CHANNELS = {1: "grey", 2: "grey with transparency", 3: "colours", 4: "colours with transparency"}


@dataclass(frozen=True)
class Info:
    """What is known of a batch."""

    count: int
    width: int
    height: int
    channels: int
    seconds: float
    kind: str
    text: str


def describe_batch(frames: Frames, rate: float) -> Info:
    """Count and measure frames.

    Args:
        rate: frames per second at which they are played.
    """
    (width, height), seconds = frames.size, frames.count / rate
    channels = f"{frames.channels} channels"
    if frames.kind is Kind.IMAGE and frames.channels in _CHANNELS:
        channels = _CHANNELS[frames.channels]
    elif frames.kind is Kind.MASK:
        channels = "black and white"
    places = "places of a latent" if frames.kind is Kind.LATENT else "pixels"
    counted = "1 frame" if frames.count == 1 else f"{frames.count} frames"
    lines = [
        f"{frames.kind}: {counted} of {width} x {height} {places}, {channels}",
        f"{seconds:.2f} seconds at {rate:g} frames per second",
        f"{frames.frame_bytes * frames.count / 1e6:.1f} MB as {str(frames.pixels.dtype).removeprefix('torch.')} on "
        f"{frames.pixels.device}",
    ]
    if frames.axis:
        lines.append("Frames of a latent of a video model: each may decode to several pictures.")
    return Info(frames.count, width, height, frames.channels, seconds, str(frames.kind), "\n".join(lines))
