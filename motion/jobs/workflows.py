"""The prompt that jobs are made of: from a file in API format, a picture or video, or a graph that is converted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..migration import NoWorkflowError, read_carried
from .columns import Prompt
from .errors import JobsError
from .job import checked_prompt

Convert = Callable[[str, Mapping[str, Any]], Any]
"""Makes a prompt of a saved graph or a template, given by path or name, and of what nodes declare (`/object_info`).

Raises FileNotFoundError if there is none.
"""


def prompt_of(name: str, folder: Path, object_info: Mapping[str, Any], convert: Convert) -> Prompt:
    """The prompt in a file, or of a template.

    Args:
        name: a path, also from ``folder`` on, or the name of a template.
        folder: of the table.

    Raises:
        JobsError: there is none.
    """
    path = next((path for path in (Path(name).expanduser(), folder / name) if path.is_file()), None)
    try:
        if path is not None:
            carried = read_carried(path, str(path))
            if carried.prompt is not None:
                return checked_prompt(carried.prompt, str(path))
        return checked_prompt(convert(name if path is None else str(path), object_info), name)
    except NoWorkflowError as error:
        raise JobsError([f"{error}."]) from error
    except FileNotFoundError as error:
        raise JobsError([str(error)]) from error
