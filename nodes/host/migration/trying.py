"""The migration of whatever somebody sends: it never fails, whatever is in it, and whatever is wrong with the table."""

import logging
from collections.abc import Collection
from typing import Any

from ....motion.migration import Report, migrate, migrate_request
from .listed import listed_files


def try_to_migrate(workflow: Any, known: Collection[str]) -> tuple[Any, Report]:
    """The workflow as `migrate` leaves it; the same object, with a reason in the report, if that goes wrong."""
    try:
        return migrate(workflow, known, listed_files)
    except Exception as error:
        return workflow, _failed(error)


def try_to_migrate_request(request: Any, known: Collection[str]) -> tuple[Any, Report]:
    """The same for a request that queues a prompt."""
    try:
        return migrate_request(request, known, listed_files)
    except Exception as error:
        return request, _failed(error)


def _failed(error: Exception) -> Report:
    """Nobody is to lose a workflow by a mistake of ours."""
    logging.exception("[Kinema] A workflow could not be migrated.")
    return Report(reason=f"the migration made a mistake, {type(error).__name__}: {error}")
