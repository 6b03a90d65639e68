"""Contact sheets and moving pictures of clips."""

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from .scenes import NEARNESS

SHOWN, GAP, HEADING, WORDS = 64, 4, 14, 200
"""Pixels of a frame, between frames, above a clip and beside it."""
SHEET_CLIPS = 4
MILLISECONDS = 120
PAPER, INK = "white", "black"


def frame(clip: Tensor, number: int) -> Image.Image:
    """One of a clip (4, frames, height, width), enlarged without smoothing."""
    colours = ((clip[:NEARNESS, number] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    picture = Image.fromarray(colours.permute(1, 2, 0).contiguous().numpy())
    return picture.resize((SHOWN, SHOWN), Image.Resampling.NEAREST)


def save_sheet(path: Path, groups: Mapping[str, Tensor], captions: tuple[str, ...]) -> None:
    """The first clips of every group: a row for each way, their frames from left to right, a block for each caption."""
    clips = next(iter(groups.values()))
    frames, side = clips.shape[2], SHOWN
    shown = min(SHEET_CLIPS, len(clips))
    block = HEADING + len(groups) * (side + GAP)
    sheet = Image.new("RGB", (WORDS + frames * (side + GAP), shown * block), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number in range(shown):
        top = number * block
        draw.text((GAP, top), captions[number], INK)
        for row, (title, made) in enumerate(groups.items()):
            y = top + HEADING + row * (side + GAP)
            draw.text((GAP, y + side // 2 - HEADING // 2), title, INK)
            for at in range(frames):
                sheet.paste(frame(made[number], at), (WORDS + at * (side + GAP), y))
    sheet.save(path)


def save_gif(path: Path, groups: Mapping[str, Tensor]) -> None:
    """All clips of every group at once, a row for each way."""
    clips = next(iter(groups.values()))
    side = SHOWN
    size = (len(clips) * (side + GAP), len(groups) * (side + HEADING + GAP))
    pictures = []
    for at in range(clips.shape[2]):
        picture = Image.new("RGB", size, PAPER)
        draw = ImageDraw.Draw(picture)
        for row, (title, made) in enumerate(groups.items()):
            y = row * (side + HEADING + GAP)
            draw.text((GAP, y), title, INK)
            for number, clip in enumerate(made):
                picture.paste(frame(clip, at), (number * (side + GAP), y + HEADING))
        pictures.append(picture)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=MILLISECONDS, loop=0)
