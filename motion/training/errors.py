"""What can end a training."""


class TrainingError(ValueError):
    """A training cannot begin or go on; the message says why and what to change. Its last checkpoint is good."""


class DivergedError(TrainingError):
    """A loss or a gradient is no number any more; no weight was changed by it."""


NO_MEMORY = "not enough memory"
"""How torch words it in main memory."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch says that memory is used up."""
    return type(error).__name__ == "OutOfMemoryError" or NO_MEMORY in str(error)


def out_of_memory(size: int, frames: int, checkpointing: bool) -> TrainingError:
    """What to say then.

    Args:
        size: clips in a batch.
        frames: of a clip.
        checkpointing: whether activations are made again where they are needed.
    """
    ways = [] if checkpointing else ["turn gradient_checkpointing on"]
    ways += ["set batch_size to 1 and raise accumulation"] if size > 1 else []
    ways += ["choose precision bf16", "prepare smaller clips (256 x 256)"]
    ways += [f"prepare fewer than {frames} frames"] if frames > 1 else []
    return TrainingError(
        f"There is not enough memory for this training. In this order: {', '.join(ways)}. What was learnt up to the "
        "last checkpoint is kept, and the same settings go on from it."
    )
