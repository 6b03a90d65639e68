"""What is learnt, one after the other; a new one is a function and a line here."""

from collections.abc import Callable, Mapping

from .drawing import adapter, image_model
from .moving import module
from .rows import Row
from .sampling import Studio
from .tuning import one_shot
from .turning import director, lora
from .unchanged import unchanged

STAGES: Mapping[str, Callable[[Studio], list[Row]]] = {
    "image": image_model,
    "adapter": adapter,
    "module": module,
    "lora": lora,
    "director": director,
    "one_shot": one_shot,
    "unchanged": unchanged,
}
"""In the order in which they need each other's files."""
