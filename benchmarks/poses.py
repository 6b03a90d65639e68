"""Speed of drawing poses, and of reading, smoothing and retiming them, on one core.

Usage: python dev.py bench poses [--frames 200] [--repeats 3]
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import torch
from kinema.motion.pose import (
    COUNT,
    LEFT_WRIST,
    NOSE,
    PARTS,
    RIGHT_ANKLE,
    RIGHT_WRIST,
    OneEuro,
    Person,
    PoseFrame,
    PoseStyle,
    SavitzkyGolay,
    as_keypoints,
    draw_poses,
    parse_pose_text,
    retime_to_length,
    smooth_poses,
    walking,
)

SIZE = 512, 768


def main(arguments: list[str]) -> None:
    """Print the table for a walking figure with hands and face."""
    parser = argparse.ArgumentParser(prog="dev.py bench poses")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    frames = whole_people(options.frames)
    text = json.dumps(as_keypoints(frames))
    tasks: dict[str, Callable[[], object]] = {
        "draw body, hands and face": lambda: draw_poses(frames),
        "draw body": lambda: draw_poses(frames, PoseStyle(hands=False, face=False)),
        "zero the pictures": lambda: torch.zeros((len(frames), *reversed(SIZE), 3)).fill_(0),
        "read the text": lambda: parse_pose_text(text),
        "json.loads of it": lambda: json.loads(text),
        "smooth, savitzky_golay": lambda: smooth_poses(frames, SavitzkyGolay()),
        "smooth, one_euro": lambda: smooth_poses(frames, OneEuro()),
        "retime": lambda: retime_to_length(frames, 2 * len(frames)),
    }
    print(f"{len(frames)} frames of one person at {SIZE[0]}x{SIZE[1]}, one thread\n")
    print("| task | frames per second | seconds for 1,000 frames |")
    print("|---|---|---|")
    for name, task in tasks.items():
        seconds = min(spent(task) for _ in range(options.repeats))
        print(f"| {name} | {len(frames) / seconds:.0f} | {1000 * seconds / len(frames):.2f} |", flush=True)


def whole_people(count: int) -> list[PoseFrame]:
    """The walking figure with all 136 joints: those of hands and face around wrists and nose, as large as real ones."""
    random = np.random.default_rng(0)
    around = random.normal(0, 18, (COUNT, 2))
    people = []
    for frame in walking(count, *SIZE):
        joints = frame.people[0].joints.copy()
        for where, root in zip(list(PARTS.values())[1:], (RIGHT_ANKLE, NOSE, RIGHT_WRIST, LEFT_WRIST), strict=True):
            joints[where, :2] = joints[root, :2] + around[where]
            joints[where, 2] = 1
        people.append(PoseFrame((Person(joints),), *SIZE))
    return people


def spent(task: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    start = time.process_time()
    task()
    return time.process_time() - start
