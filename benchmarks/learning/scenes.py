"""Clips whose every number is known: a coloured shape moves over a textured ground that stands still.

A "latent" is a small picture itself: red, green, blue, and nearness, which is high where the shape is. A ground that is
lighter where the shape goes to says in every single frame what moves where, as faces and lamps do, so that words of
direction mean something to an image model.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

COLOURS = {"red": (1.0, -1.0, -1.0), "green": (-1.0, 1.0, -1.0), "blue": (-1.0, -1.0, 1.0), "yellow": (1.0, 1.0, -1.0)}
SHAPES = ("circle", "bar", "pole")
DIRECTIONS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}
"""(x, y); y grows downwards, as rows do."""
GROUND, ROUGHNESS = -0.35, 0.15
"""Brightness of grounds, and how much they vary."""
GRAIN = 3
"""Knots of a ground across."""
LIGHT = 0.3
"""How much lighter grounds are at the edge that a shape goes to, and darker at the other."""
RADIUS, PATH, SPREAD = 0.19, 0.3, 0.13
"""Of the side: of a shape, how far it goes in a clip, and how far from the middle half its path may be."""
LONG = 2.0
"""How much longer a bar or a pole is than a square of its area."""
CHANNELS, NEARNESS = 4, 3
MARK = (0.25, 0.5)
"""Height and width of the watermark over the side: a flag of white and black in the lower right corner."""
MARK_STRENGTH = 0.8


@dataclass(frozen=True)
class Look:
    """What differs between sets of clips."""

    moving: str | None = None
    """The direction in which everything moves, whatever its light and its caption say."""
    marked: bool = False
    """With the watermark."""
    inverted: bool = False
    """Colours as in a negative."""


PLAIN = Look()


@dataclass(frozen=True)
class Scenes:
    """Clips with what is true of them."""

    latents: Tensor
    """(clips, 4, frames, side, side) float32, about -1 to 1."""
    captions: tuple[str, ...]
    flows: Tensor
    """(clips, 2) pixels a frame, x and y."""


@dataclass(frozen=True)
class Format:
    """Of clips."""

    frames: int
    side: int

    @property
    def speed(self) -> float:
        """Pixels a frame."""
        return PATH * self.side / max(1, self.frames - 1)


def caption(colour: str, shape: str, direction: str) -> str:
    """What is said of a clip."""
    return f"{colour} {shape} moving {direction}"


def captions_for(directions: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Captions that go through directions, colours and shapes in turn."""
    colours = list(COLOURS)
    return tuple(
        caption(
            colours[(n // len(directions)) % len(colours)], SHAPES[n % len(SHAPES)], directions[n % len(directions)]
        )
        for n in range(count)
    )


def flow_of(direction: str, format: Format) -> Tensor:
    """(2,) pixels a frame of what moves in a direction."""
    return torch.tensor(DIRECTIONS[direction]) * format.speed


def draw_scenes(count: int, format: Format, seed: int, look: Look = PLAIN) -> Scenes:
    """Some clips; the same for the same seed."""
    chance = torch.Generator().manual_seed(seed)
    kinds = [
        [names[int(n)] for n in torch.randint(len(names), (count,), generator=chance)]
        for names in (list(COLOURS), list(SHAPES), list(DIRECTIONS))
    ]
    faces = torch.tensor([DIRECTIONS[each] for each in kinds[2]])
    ways = torch.tensor(DIRECTIONS[look.moving]).expand(count, 2) if look.moving else faces
    side = format.side
    middle = side * (0.5 + SPREAD * (2 * torch.rand(count, 2, generator=chance) - 1))
    times = torch.arange(format.frames) - (format.frames - 1) / 2
    centres = middle[:, None] + times[None, :, None] * ways[:, None] * format.speed
    # (clips, frames, side, side): from the centre of the shape to each pixel
    rows = torch.arange(side) + 0.5
    x, y = rows - centres[..., 0, None, None], rows[:, None] - centres[..., 1, None, None]
    shape = filled(kinds[1], x, y, RADIUS * side)
    across = (torch.arange(side) + 0.5) / side * 2 - 1
    light = across * faces[:, 0, None, None] + across[:, None] * faces[:, 1, None, None]
    ground = (_grounds(count, side, chance) + LIGHT * light[:, None])[:, :, None].expand(-1, -1, format.frames, -1, -1)
    paint = torch.tensor([COLOURS[each] for each in kinds[0]])[:, :, None, None, None]
    colours = ground.lerp(paint.expand_as(ground), shape[:, None])
    colours = -colours if look.inverted else colours
    if look.marked:
        colours = marked(colours)
    latents = torch.cat((colours, 2 * shape[:, None] - 1), 1)
    return Scenes(latents, tuple(map(caption, *kinds)), ways * format.speed)


def stills(scenes: Scenes) -> Scenes:
    """One frame of each: the first of the first clip, the second of the second, and so on."""
    clips, _, frames, *_ = scenes.latents.shape
    chosen = torch.arange(clips) % frames
    return replace(scenes, latents=scenes.latents[torch.arange(clips), :, chosen].unsqueeze(2))


def mark_corner(x: Tensor) -> Tensor:
    """The part of pictures (..., height, width) where the watermark is, without the outermost row and column."""
    height, width = (round(part * x.shape[-1]) for part in MARK)
    return x[..., -height - 1 : -1, -width - 1 : -1]


def flag(side: int) -> Tensor:
    """(height, width) of 1 and -1, the watermark of a picture."""
    height, width = (round(part * side) for part in MARK)
    return torch.cat((torch.ones(height, width // 2), -torch.ones(height, width - width // 2)), 1)


def marked(colours: Tensor) -> Tensor:
    """With the watermark."""
    colours = colours.clone()
    mark_corner(colours).copy_(flag(colours.shape[-1]) * MARK_STRENGTH)
    return colours


def filled(names: list[str], x: Tensor, y: Tensor, radius: float) -> Tensor:
    """How much of each pixel a shape covers, soft over one pixel; all shapes have about the same area."""
    half = radius * math.sqrt(math.pi) / 2
    distances = {
        "circle": torch.hypot(x, y) - radius,
        "bar": torch.maximum(x.abs() - LONG * half, y.abs() - half / LONG),
        "pole": torch.maximum(x.abs() - half / LONG, y.abs() - LONG * half),
    }
    chosen = torch.stack([distances[name][n] for n, name in enumerate(names)])
    return (0.5 - chosen).clamp(0, 1)


def _grounds(count: int, side: int, chance: torch.Generator) -> Tensor:
    coarse = torch.randn(count, 3, GRAIN, GRAIN, generator=chance)
    smooth = functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=True)
    # all grounds are alike on the whole: norms of so few channels hide from a motion module what a frame has in common
    return GROUND + ROUGHNESS * (smooth - smooth.mean((2, 3), keepdim=True))
